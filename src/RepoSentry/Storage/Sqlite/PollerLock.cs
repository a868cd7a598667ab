using System.Globalization;

namespace RepoSentry.Storage.Sqlite;

/// <summary>
/// Ownership of a SQLite file: an advisory lock on <c>{database}.lock</c>, held as long as the process lives. The system drops it at a crash, so no
/// lease has to run out. <c>{database}.holder</c> beside it tells who holds it: a locked file cannot be read.
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

        var holder = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName} since {now:yyyy-MM-dd HH:mm:ss}Z");
        File.WriteAllText(databasePath + ".holder", holder);
        return new PollerLock(held);
    }

    /// <summary>Who holds it, in words.</summary>
    public static string Holder(string databasePath)
    {
        try
        {
            return File.ReadAllText(databasePath + ".holder") is { Length: > 0 } holder ? holder : "another process";
        }
        catch (IOException)
        {
            return "another process";
        }
    }

    public void Dispose() => file.Dispose();
}
