using System.Globalization;

namespace RepoSentry.Storage.Sqlite;

/// <summary>
/// Ownership of a SQLite file: an advisory lock on <c>{database}.lock</c>, held as long as the process lives. The system drops it at a crash, so no
/// lease has to run out. <c>{database}.holder</c> beside it tells who holds it: a locked file cannot be read.
/// </summary>
internal sealed class PollerLock : IDisposable
{
    private const int WouldBlock = 11; // EAGAIN: another process holds it, and may have removed it meanwhile

    private readonly string path;
    private readonly FileStream file;

    private PollerLock(string path, FileStream file)
    {
        this.path = path;
        this.file = file;
    }

    /// <summary>Null if another process holds it.</summary>
    public static PollerLock? TryTake(string databasePath, DateTimeOffset now)
    {
        FileStream? held;
        do
        {
            held = Open(databasePath + ".lock");
        }
        while (held is not null && IsRemoved(held));

        if (held is null)
        {
            return null;
        }

        var holder = string.Create(CultureInfo.InvariantCulture, $"process {Environment.ProcessId} on {Environment.MachineName} since {now:yyyy-MM-dd HH:mm:ss}Z");
        File.WriteAllText(databasePath + ".holder", holder);
        return new PollerLock(databasePath, held);
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

    /// <summary>Leaves nothing behind: the files go while the lock is held, so that nobody's are taken away.</summary>
    public void Dispose()
    {
        if (file.SafeFileHandle.IsClosed)
        {
            return;
        }

        TryRemove(path + ".holder");
        if (OperatingSystem.IsLinux())
        {
            TryRemove(path + ".lock"); // elsewhere it cannot be told whether what was locked is still there
        }

        file.Dispose();
    }

    private static FileStream? Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e) when (e is not (DirectoryNotFoundException or PathTooLongException) && (File.Exists(path) || e.HResult == WouldBlock))
        {
            return null;
        }
    }

    // Whoever opened it just before its holder removed it has locked a file that nobody else will ever find.
    private static bool IsRemoved(FileStream held)
    {
        if (!OperatingSystem.IsLinux() || File.ResolveLinkTarget($"/proc/self/fd/{held.SafeFileHandle.DangerousGetHandle()}", returnFinalTarget: false)?.FullName.EndsWith(" (deleted)", StringComparison.Ordinal) != true)
        {
            return false;
        }

        held.Dispose();
        return true;
    }

    private static void TryRemove(string file)
    {
        try
        {
            File.Delete(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // it tells nobody anything wrong: the next holder writes it anew
        }
    }
}
