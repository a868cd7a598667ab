using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli.Checks;

/// <summary>What the service needs of this machine: a local disk with room, and a database that this executable can use.</summary>
internal static class MachineChecks
{
    private const long Scarce = 1L << 30;
    private const long TooLittle = 100L << 20;

    public static IEnumerable<Finding> Disk(SentryConfig config)
    {
        var folder = ExistingFolder(Path.GetFullPath(config.Storage.SqlitePath));
        var real = Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
        yield return MountTable.NetworkType(real) is { } network
            ? Finding.Bad("file system", $"{folder} is on a network file system ({network}), where SQLite loses data", "choose a storage.sqlite.path on a local disk")
            : Finding.Good("file system", $"{folder} is local");

        var free = new DriveInfo(real).AvailableFreeSpace;
        var words = string.Create(CultureInfo.InvariantCulture, $"{free / (1 << 20)} MiB are free in {folder}");
        yield return free < TooLittle ? Finding.Bad("disk", words, "make room, or choose another storage.sqlite.path")
            : free < Scarce ? Finding.Warn("disk", words, "make room before the history grows: 1 GiB is a good start")
            : Finding.Good("disk", words);
    }

    /// <param name="before">Whether nothing is installed yet: then no database is no surprise.</param>
    public static Finding Database(SentryConfig config, bool before)
    {
        try
        {
            var path = SqliteStorage.Choose(Path.GetFullPath(config.Storage.SqlitePath));
            if (!File.Exists(path))
            {
                return before ? Finding.Good("database", $"{path} will be made at the first start") : Finding.Warn("database", $"{path} does not exist yet", "the first start of the service makes it; if it ran before, is this its configuration?");
            }

            var status = SqliteMaintenance.Status(path, check: false);
            return status.Schema > status.Newest
                ? Finding.Bad("database", $"{path} has schema {status.Schema}, this executable knows {status.Newest}", "run the newer executable, or restore a backup made before the upgrade")
                : Finding.Good("database", $"{path} has schema {status.Schema}{(status.Schema < status.Newest ? $", {status.Newest} after the next start" : "")}, used by {status.Holder ?? "nobody"}");
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            return Finding.Bad("database", e.Message, "db status --check looks closer; db restore puts a backup in its place");
        }
    }

    /// <summary>Whether the master key opens what is stored: the service does not start where it does not.</summary>
    public static IEnumerable<Finding> Sealed(SentryConfig config, RepositoryEntries entries)
    {
        IReadOnlyList<(string Name, string Entry)> stored;
        IReadOnlyList<SealedKey> sessions;
        try
        {
            var path = SqliteStorage.Choose(Path.GetFullPath(config.Storage.SqlitePath));
            (stored, sessions) = (SqliteMaintenance.Entries(path), SqliteMaintenance.SessionKeys(path));
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            yield break; // said of the database already
        }

        if (entries.Unopened(stored) is { } problem)
        {
            yield return Finding.Bad("master key", problem.Message, problem.Hint ?? "give the key that it was sealed with");
        }
        else if (entries.Sealing is not { } key)
        {
            yield break;
        }
        else if (sessions.Select(one => one.Open(key).Problem).OfType<string>().FirstOrDefault() is { } unopened)
        {
            yield return Finding.Warn("master key", $"a key of browser sessions {unopened}", "give the key that it was sealed with in a line of its own, or let secrets rotate drop it: those who are signed in sign in again");
        }
        else
        {
            yield return Finding.Good("master key", $"it seals with the key {key.CurrentId} and opens all that is stored");
        }
    }

    private static string ExistingFolder(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        while (!Directory.Exists(folder))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return folder;
    }
}
