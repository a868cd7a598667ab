using System.IO.Compression;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>A large snapshot as one compressed blob: a line <c>name commit [tag object]</c> for each ref.</summary>
internal static class PackedRefs
{
    public static byte[] Pack(IReadOnlyList<GitRef> refs)
    {
        using var packed = new MemoryStream();
        using (var writer = new StreamWriter(new BrotliStream(packed, CompressionLevel.Fastest), new UTF8Encoding(false)))
        {
            foreach (var item in refs)
            {
                writer.Write(item.Name);
                writer.Write(' ');
                writer.Write(item.CommitId);
                if (item.TagObjectId is not null)
                {
                    writer.Write(' ');
                    writer.Write(item.TagObjectId);
                }

                writer.Write('\n');
            }
        }

        return packed.ToArray();
    }

    public static IReadOnlyList<GitRef> Unpack(byte[] packed)
    {
        using var reader = new StreamReader(new BrotliStream(new MemoryStream(packed), CompressionMode.Decompress), Encoding.UTF8);
        var refs = new List<GitRef>();
        while (reader.ReadLine() is { } line)
        {
            // A ref name has no space: git forbids it.
            var parts = line.Split(' ');
            refs.Add(new GitRef(parts[0], parts[1], parts.Length > 2 ? parts[2] : null));
        }

        return refs;
    }
}
