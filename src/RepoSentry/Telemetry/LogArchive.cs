using System.IO.Compression;
using System.Text;
using Serilog.Sinks.File;

namespace RepoSentry.Telemetry;

/// <summary>Looks after the log files that are full: when a new one begins, the older ones are compressed, and those past count or age are deleted.</summary>
internal sealed class LogArchive(LogFileOptions options, TimeProvider time) : FileLifecycleHooks
{
    private readonly Lock gate = new();

    public override Stream OnFileOpened(string path, Stream underlyingStream, Encoding encoding)
    {
        _ = Task.Run(() => TidyExcept(Path.GetFullPath(path)));
        return underlyingStream;
    }

    /// <param name="current">The file being written.</param>
    internal void TidyExcept(string current)
    {
        lock (gate)
        {
            try
            {
                var older = Older(current);
                if (options.Compress)
                {
                    older = [.. older.Select(file => file.EndsWith(".gz", StringComparison.Ordinal) ? file : Compress(file))];
                }

                Prune(older);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // a log that cannot be tidied must not stop the service; the next roll tries again
            }
        }
    }

    // Newest first.
    private string[] Older(string current)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(options.Path))!;
        var name = Path.GetFileNameWithoutExtension(options.Path);
        var extension = Path.GetExtension(options.Path);
        return [.. Directory.EnumerateFiles(folder, name + "*")
            .Where(file => file != current && IsOurs(Path.GetFileName(file), name, extension))
            .OrderByDescending(File.GetLastWriteTimeUtc)];
    }

    // As Serilog names them: name, nothing or _ and a number of three digits or more, extension. Whatever else lies there belongs to somebody else.
    private static bool IsOurs(string file, string name, string extension)
    {
        var rest = file.EndsWith(".gz", StringComparison.Ordinal) ? file.AsSpan(name.Length..^3) : file.AsSpan(name.Length);
        if (!rest.EndsWith(extension, StringComparison.Ordinal))
        {
            return false;
        }

        var number = rest[..^extension.Length];
        return number.IsEmpty || (number.Length >= 4 && number[0] == '_' && !number[1..].ContainsAnyExceptInRange('0', '9'));
    }

    private static string Compress(string file)
    {
        var target = file + ".gz";
        var written = File.GetLastWriteTimeUtc(file);
        using (var source = File.OpenRead(file))
        using (var packed = new GZipStream(File.Create(target), CompressionLevel.Optimal))
        {
            source.CopyTo(packed);
        }

        File.SetLastWriteTimeUtc(target, written); // its age is that of its content
        File.Delete(file);
        return target;
    }

    private void Prune(string[] older)
    {
        var oldest = options.MaxAgeDays == 0 ? DateTime.MinValue : time.GetUtcNow().UtcDateTime.AddDays(-options.MaxAgeDays);
        foreach (var (file, index) in older.Select((file, index) => (file, index)))
        {
            if ((options.MaxBackups > 0 && index >= options.MaxBackups) || File.GetLastWriteTimeUtc(file) < oldest)
            {
                File.Delete(file);
            }
        }
    }
}

/// <summary>A log file beside standard output.</summary>
/// <param name="Path">The first file; later ones carry a number before the extension.</param>
/// <param name="MaxSizeMegabytes">Size at which a new file begins.</param>
/// <param name="MaxBackups">Full files kept; 0 for no limit.</param>
/// <param name="MaxAgeDays">Days a full file is kept; 0 for no limit.</param>
/// <param name="Compress">Whether full files are gzipped.</param>
internal sealed record LogFileOptions(string Path, int MaxSizeMegabytes, int MaxBackups, int MaxAgeDays, bool Compress);
