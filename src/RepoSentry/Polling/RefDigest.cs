using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>32 bytes that stand for a snapshot: what is kept in memory in its place.</summary>
internal static class RefDigest
{
    /// <summary>SHA-256 over names and commits, in order.</summary>
    public static byte[] Of(IReadOnlyList<GitRef> refs)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> line = stackalloc byte[1024];
        foreach (var item in refs)
        {
            var length = Encoding.UTF8.GetByteCount(item.Name) + item.CommitId.Length + 2;
            var buffer = length <= line.Length ? line : new byte[length];
            var end = Encoding.UTF8.GetBytes(item.Name, buffer);
            buffer[end++] = (byte)' ';
            end += Encoding.ASCII.GetBytes(item.CommitId, buffer[end..]);
            buffer[end++] = (byte)'\n';
            hash.AppendData(buffer[..end]);
        }

        return hash.GetHashAndReset();
    }
}
