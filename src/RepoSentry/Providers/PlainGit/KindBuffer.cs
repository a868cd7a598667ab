using System.Buffers;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// The refs of one kind as bytes, in the form of Git's packed-refs: <c>id name</c>, and <c>^id</c> on the next line for a peeled tag. Every protocol version
/// and the git child give the same bytes, so their digest is a validator that holds across all of them. What becomes large is kept compressed.
/// </summary>
internal sealed class KindBuffer(KindPlan plan, string? validator) : IDisposable
{
    private const string Format = "g1:";
    private const int FirstChunk = 4096;
    private const int Chunk = 128 * 1024;
    private const int PlainChunks = 8;

    private readonly List<ArraySegment<byte>> plain = [];
    private readonly List<(byte[] Bytes, int Length)> packed = [];
    private IncrementalHash? hash;
    private byte[] current = [];
    private int used;
    private int nameLength;
    private int count;

    public KindPlan Plan => plan;

    /// <summary>Bytes of memory that the refs take.</summary>
    public long Kept { get; private set; }

    /// <summary>Name of the ref appended last; valid until the next is appended.</summary>
    public ReadOnlySpan<byte> LastName => current.AsSpan(used - nameLength - 1, nameLength);

    public void Append(ReadOnlySpan<byte> id, ReadOnlySpan<byte> name)
    {
        var line = Reserve(id.Length + name.Length + 2);
        id.CopyTo(line);
        line[id.Length] = (byte)' ';
        name.CopyTo(line[(id.Length + 1)..]);
        line[^1] = (byte)'\n';
        nameLength = name.Length;
        count++;
    }

    public void AppendPeeled(ReadOnlySpan<byte> id)
    {
        var line = Reserve(id.Length + 2);
        line[0] = (byte)'^';
        id.CopyTo(line[1..]);
        line[^1] = (byte)'\n';
    }

    public KindLook ToLook()
    {
        Span<char> digest = stackalloc char[Format.Length + (SHA256.HashSizeInBytes * 2)];
        WriteDigest(digest);
        return digest.SequenceEqual(validator)
            ? new KindLook(plan.Kind, null)
            : new KindLook(plan.Kind, new RefSnapshot(plan.Kind, Parse(), new string(digest)));
    }

    public void Dispose()
    {
        foreach (var chunk in plain)
        {
            ArrayPool<byte>.Shared.Return(chunk.Array!);
        }

        plain.Clear();
        packed.Clear();
        ArrayPool<byte>.Shared.Return(current);
        current = [];
        hash?.Dispose();
    }

    // A line never lies across two chunks.
    private Span<byte> Reserve(int length)
    {
        if (current.Length - used < length)
        {
            if (used > 0)
            {
                PutAway();
            }

            current = ArrayPool<byte>.Shared.Rent(Math.Max(length, plain.Count == 0 ? FirstChunk : Chunk));
            Kept += current.Length;
            used = 0;
        }

        used += length;
        return current.AsSpan(used - length, length);
    }

    private void PutAway()
    {
        var chunk = new ArraySegment<byte>(current, 0, used);
        hash ??= IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(chunk);
        if (plain.Count < PlainChunks)
        {
            plain.Add(chunk);
            return;
        }

        packed.Add((Pack(chunk), used));
        Kept += packed[^1].Bytes.Length - current.Length;
        ArrayPool<byte>.Shared.Return(current);
    }

    // The fastest level: ids are hex, so half is won by any.
    private static byte[] Pack(ReadOnlySpan<byte> chunk)
    {
        var room = ArrayPool<byte>.Shared.Rent(BrotliEncoder.GetMaxCompressedLength(chunk.Length));
        try
        {
            return BrotliEncoder.TryCompress(chunk, room, out var length, quality: 1, window: 17)
                ? room.AsSpan(0, length).ToArray()
                : throw new InvalidOperationException("a chunk of refs could not be compressed");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(room);
        }
    }

    private void WriteDigest(Span<char> digest)
    {
        Span<byte> value = stackalloc byte[SHA256.HashSizeInBytes];
        if (hash is null)
        {
            SHA256.HashData(current.AsSpan(0, used), value);
        }
        else
        {
            hash.AppendData(current.AsSpan(0, used));
            hash.GetHashAndReset(value);
        }

        Format.CopyTo(digest);
        Convert.TryToHexStringLower(value, digest[Format.Length..], out _);
    }

    private GitRef[] Parse()
    {
        var refs = new GitRef[count];
        var at = 0;
        foreach (var chunk in plain)
        {
            Parse(chunk, refs, ref at);
        }

        foreach (var (bytes, length) in packed)
        {
            var room = ArrayPool<byte>.Shared.Rent(length);
            BrotliDecoder.TryDecompress(bytes, room, out var unpacked);
            Parse(room.AsSpan(0, unpacked), refs, ref at);
            ArrayPool<byte>.Shared.Return(room);
        }

        Parse(current.AsSpan(0, used), refs, ref at);
        Sort(refs);
        return refs;
    }

    private static void Parse(ReadOnlySpan<byte> chunk, GitRef[] refs, ref int at)
    {
        while (!chunk.IsEmpty)
        {
            var line = chunk[..chunk.IndexOf((byte)'\n')];
            chunk = chunk[(line.Length + 1)..];
            if (line[0] == '^')
            {
                ref var tag = ref refs[at - 1];
                tag = tag with { CommitId = Encoding.ASCII.GetString(line[1..]), TagObjectId = tag.CommitId };
                continue;
            }

            var idLength = line.IndexOf((byte)' ');
            refs[at++] = new GitRef(RefName.FromBytes(line[(idLength + 1)..]), Encoding.ASCII.GetString(line[..idLength]));
        }
    }

    // Servers sort by bytes, which is the same order for nearly every repository: sort only where it is not.
    private static void Sort(GitRef[] refs)
    {
        var order = Check(refs);
        if (order > 0)
        {
            Array.Sort(refs, static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            order = Check(refs);
        }

        if (order == 0)
        {
            throw new RefSourceException(RefSourceError.Malformed, "a ref is listed twice");
        }
    }

    // Below zero: ascending. Zero: ascending but for equal neighbours. Above: out of order.
    private static int Check(GitRef[] refs)
    {
        var worst = -1;
        for (var at = 1; at < refs.Length && worst <= 0; at++)
        {
            worst = Math.Max(worst, Math.Sign(string.CompareOrdinal(refs[at - 1].Name, refs[at].Name)));
        }

        return worst;
    }
}
