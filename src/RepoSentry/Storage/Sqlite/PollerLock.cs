using System.Globalization;

namespace RepoSentry.Storage.Sqlite;

/// <summary>
/// Ownership of a SQLite file: an advisory lock on <c>{database}.lock</c>, held as long as the process lives. The system drops it at a crash, so no
/// lease has to run out. The file tells who holds it.
/// </summary>
internal sealed class PollerLock : IDisposable
{
    private readonly FileStream file;

    private PollerLock(FileStream file) => this.file = file;

    /// <summary>Null if another process holds it.</summary>
    public static PollerLock? TryTake(string databasePath, DateTimeOffset now)
    {
        FileStream held;
        try
        {
            held = new FileStream(databasePath + ".lock", FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException) && File.Exists(databasePath + ".lock"))
        {
            return null;
        }

        held.SetLength(0);
        var holder = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName} since {now:yyyy-MM-dd HH:mm:ss}Z");
        held.Write(System.Text.Encoding.UTF8.GetBytes(holder));
        held.Flush();
        return new PollerLock(held);
    }

    /// <summary>Who holds it, in words.</summary>
    public static string Holder(string databasePath)
    {
        try
        {
            using var opened = new FileStream(databasePath + ".lock", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            using var reader = new StreamReader(opened);
            return reader.ReadToEnd() is { Length: > 0 } holder ? holder : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    public void Dispose() => file.Dispose();
}
