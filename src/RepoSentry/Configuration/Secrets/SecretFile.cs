using System.Text;

namespace RepoSentry.Configuration.Secrets;

/// <summary>A secret in a file, read again when the file changes: rotation without a restart. While it cannot be read, the last good value stands.</summary>
internal sealed class SecretFile(string path)
{
    private const int MaxBytes = 64 * 1024;

    private readonly Lock gate = new();
    private string value = "";
    private (DateTime Written, long Length) seen;

    /// <summary>The first read.</summary>
    /// <returns>What is wrong, as the end of a sentence; null if nothing.</returns>
    public string? Load()
    {
        lock (gate)
        {
            return Refresh();
        }
    }

    public string Reveal()
    {
        lock (gate)
        {
            _ = Refresh();
            return value;
        }
    }

    private string? Refresh()
    {
        try
        {
            // Through the open handle, so that a swapped symbolic link (a Kubernetes volume) is followed and both answers are of one file.
            using var handle = File.OpenHandle(path);
            var now = (File.GetLastWriteTimeUtc(handle), RandomAccess.GetLength(handle));
            if (now == seen)
            {
                return null;
            }

            if (now.Item2 > MaxBytes)
            {
                return $"is larger than {MaxBytes / 1024} KiB";
            }

            var bytes = new byte[now.Item2];
            var read = RandomAccess.Read(handle, bytes, 0);
            var text = Encoding.UTF8.GetString(bytes, 0, read).TrimEnd('\r', '\n');
            if (text.Length == 0)
            {
                return "is empty";
            }

            (value, seen) = (text, now);
            return null;
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return failure is FileNotFoundException or DirectoryNotFoundException ? "does not exist" : "cannot be read";
        }
    }
}
