using Dapper;
using Microsoft.Data.Sqlite;
using RepoSentry.Storage.Migrations;

namespace RepoSentry.Storage.Sqlite;

/// <summary>What an operator does to a database file from outside the service: look at it, migrate it, back it up while it is used, restore it.</summary>
internal static class SqliteMaintenance
{
    private static readonly string[] NoPlaceForFiles = ["/dev/", "/proc/", "/sys/"];

    /// <exception cref="StorageException">There is no such file, or it is not ours.</exception>
    public static DatabaseStatus Status(string path, bool check)
    {
        using var connection = OpenExisting(path, SqliteOpenMode.ReadOnly);
        var version = SchemaMigrator.Read(connection);
        var wal = new FileInfo(path + "-wal");
        return new DatabaseStatus(
            path,
            new FileInfo(path).Length,
            wal.Exists ? wal.Length : 0,
            version,
            SchemaMigrator.Newest,
            HolderOf(path),
            version == 0 ? new Dictionary<string, long>(StringComparer.Ordinal) : Counts(connection),
            check ? Integrity(connection) : null);
    }

    /// <returns>Schema before and after.</returns>
    public static (long Before, long After) Migrate(string path, DateTimeOffset now)
    {
        RefuseMissing(path);
        using var held = Take(path, now);
        using var connection = OpenExisting(path, SqliteOpenMode.ReadWrite);
        var before = SchemaMigrator.Read(connection);
        SchemaMigrator.MigrateUp(path, connection);
        return (before, SchemaMigrator.Read(connection));
    }

    /// <returns>Schema before and after.</returns>
    public static (long Before, long After) Rollback(string path, long to, DateTimeOffset now)
    {
        RefuseMissing(path);
        using var held = Take(path, now);
        using var connection = OpenExisting(path, SqliteOpenMode.ReadWrite);
        var before = SchemaMigrator.Read(connection);
        if (before > SchemaMigrator.Newest)
        {
            throw new StorageException($"{path} has schema {before}, this executable knows {SchemaMigrator.Newest}: roll it back with the version that wrote it");
        }

        if (to >= before || to < 1)
        {
            throw new StorageException($"{path} has schema {before}: it cannot be rolled back to {to}");
        }

        SchemaMigrator.MigrateDown(path, to);
        return (before, SchemaMigrator.Read(connection));
    }

    /// <summary>One consistent state as one file, also while the service writes. The target appears only when it is complete and checked.</summary>
    public static long Backup(string path, string target, bool overwrite)
    {
        RefuseTarget(path, target, overwrite);
        using var source = OpenExisting(path, SqliteOpenMode.ReadOnly);
        _ = Known(source);
        return WriteAside(target, part =>
        {
            using var copy = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = part, Pooling = false }.ToString());
            copy.Open();
            source.BackupDatabase(copy);
            copy.Execute("PRAGMA journal_mode=DELETE");
            Verify(copy, part);
        });
    }

    /// <summary>Puts a backup in the place of the database. What stood there is kept beside it.</summary>
    /// <returns>Where the database of before is; null if there was none.</returns>
    public static string? Restore(string path, string backup, DateTimeOffset now)
    {
        using (var source = OpenExisting(backup, SqliteOpenMode.ReadOnly))
        {
            var version = Known(source);
            if (version > SchemaMigrator.Newest)
            {
                throw new StorageException($"{backup} has schema {version}, this executable knows {SchemaMigrator.Newest}: restore it with the version that wrote it");
            }

            Verify(source, backup);
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var held = Take(path, now);
        var kept = File.Exists(path) ? KeepBeside(path, now) : null;
        WriteAside(path, part => CopyTo(backup, part));
        return kept;
    }

    // The copy must never stand in the place of what it copies, nor of a device.
    private static void RefuseTarget(string path, string target, bool overwrite)
    {
        var folder = Path.GetDirectoryName(target)!;
        if (!Directory.Exists(folder))
        {
            throw new StorageException($"{target} cannot be written: there is no folder {folder}");
        }

        string[] own = [path, path + "-wal", path + "-shm", path + "-journal", path + ".lock", path + ".holder"];
        if (own.Select(Resolved).Contains(Resolved(target), StringComparer.Ordinal))
        {
            throw new StorageException($"{target} belongs to the database itself: choose another name");
        }

        var isThere = File.Exists(target) || Directory.Exists(target);
        if (Directory.Exists(target) || Array.Exists(NoPlaceForFiles, root => Resolved(target).StartsWith(root, StringComparison.Ordinal)))
        {
            throw new StorageException($"{target} is no regular file: choose another name");
        }

        if (isThere && !overwrite)
        {
            throw new StorageException($"{target} exists: choose another name, or --force") { Trouble = StorageTrouble.Exists };
        }
    }

    private static string Resolved(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        var real = Directory.Exists(folder) ? Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder : folder;
        var file = Path.Combine(real, Path.GetFileName(path));
        return File.Exists(file) ? File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file : file;
    }

    /// <summary>Who polls it now; null if nobody does.</summary>
    private static string? HolderOf(string path)
    {
        if (!File.Exists(path + ".lock"))
        {
            return null;
        }

        try
        {
            using var probe = new FileStream(path + ".lock", FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return null;
        }
        catch (FileNotFoundException)
        {
            return null; // it was given up just now
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return PollerLock.Holder(path);
        }
    }

    private static PollerLock Take(string path, DateTimeOffset now)
    {
        try
        {
            return PollerLock.TryTake(path, now) ?? throw new StorageException($"{path} is polled by {PollerLock.Holder(path)}: stop that process first") { Trouble = StorageTrouble.InUse };
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StorageException($"{path}.lock cannot be written ({e.Message})", e);
        }
    }

    /// <summary>Entries of repositories that came through the API, also beside a running service; none where there is no such file or column yet.</summary>
    public static IReadOnlyList<(string Name, string Entry)> Entries(string path) =>
        Stored<(string, string)>(path, "repository_states", "entry", "SELECT name, entry FROM repository_states WHERE entry IS NOT NULL AND status <> 'removed'");

    /// <summary>Keys of browser sessions, likewise.</summary>
    public static IReadOnlyList<SealedKey> SessionKeys(string path) => Stored<SealedKey>(path, "key_ring", "sealed", "SELECT name, sealed FROM key_ring");

    /// <summary>What the last listing of each organization told; none where there is no file, or an older one.</summary>
    public static ILookup<string, ListedRepository> Listings(string path)
    {
        SqlTime.Register();
        return Stored<ListingRow>(path, "listed_repositories", "topics", "SELECT * FROM listed_repositories").ToLookup(row => row.Discovery, row => row.Repository, StringComparer.Ordinal);
    }

    private static IReadOnlyList<T> Stored<T>(string path, string table, string column, string sql)
    {
        if (!File.Exists(path) || new FileInfo(path).Length == 0)
        {
            return [];
        }

        using var connection = OpenExisting(path, SqliteOpenMode.ReadOnly);
        return connection.ExecuteScalar<long>("SELECT COUNT(*) FROM pragma_table_info(@table) WHERE name = @column", new { table, column }) == 0 ? [] : [.. connection.Query<T>(sql)];
    }

    private static void RefuseMissing(string path)
    {
        if (!File.Exists(path))
        {
            throw new StorageException($"{path} does not exist: the service makes it at its first start") { Trouble = StorageTrouble.Missing };
        }
    }

    private static SqliteConnection OpenExisting(string path, SqliteOpenMode mode)
    {
        RefuseMissing(path);
        try
        {
            return SqliteDatabase.Connect(path, mode);
        }
        catch (SqliteException e)
        {
            throw new StorageException(e.SqliteErrorCode is 11 or 26 ? $"{path} is corrupt or no SQLite database" : $"{path} cannot be opened: {e.Message}", e);
        }
    }

    private static long Known(SqliteConnection connection) => SchemaMigrator.Read(connection) is > 0 and var version
        ? version
        : throw new StorageException($"{connection.DataSource} is an empty database: there is nothing in it");

    private static void Verify(SqliteConnection connection, string path)
    {
        if (Integrity(connection) is not "ok" and var found)
        {
            throw new StorageException($"{path} is damaged: {found}");
        }
    }

    private static string Integrity(SqliteConnection connection)
    {
        try
        {
            return connection.ExecuteScalar<string>("PRAGMA integrity_check(1)") ?? "no answer";
        }
        catch (SqliteException e)
        {
            return e.Message;
        }
    }

    private static Dictionary<string, long> Counts(SqliteConnection connection)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var table in new[] { "repository_states", "refs", "events", "deliveries", "delivery_attempts", "poll_outcomes" })
        {
            counts[table] = connection.ExecuteScalar<long>($"SELECT COUNT(*) FROM {table}");
        }

        counts["deliveries_waiting"] = connection.ExecuteScalar<long>("SELECT COUNT(*) FROM deliveries WHERE status IN ('waiting', 'in_flight')");
        counts["deliveries_dead"] = connection.ExecuteScalar<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'dead'");
        return counts;
    }

    // The log is folded into the file first, so that the copy is the whole database; a damaged file is kept as it is, with its log.
    private static string KeepBeside(string path, DateTimeOffset now)
    {
        var name = $"{path}.before-restore-{now.UtcDateTime:yyyyMMddHHmmss}";
        var kept = Enumerable.Range(1, int.MaxValue).Select(number => number == 1 ? name : $"{name}-{number}").First(candidate => !File.Exists(candidate));
        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadWrite);
            connection.Execute("PRAGMA wal_checkpoint(TRUNCATE)");
        }
        catch (SqliteException)
        {
            if (File.Exists(path + "-wal"))
            {
                CopyTo(path + "-wal", kept + "-wal");
            }
        }

        CopyTo(path, kept);
        File.Delete(path + "-wal");
        File.Delete(path + "-shm");
        return kept;
    }

    // Written beside, flushed, then renamed: whoever looks sees the old file or the new one, never half of it.
    private static long WriteAside(string target, Action<string> write)
    {
        var part = target + ".part";
        try
        {
            File.Delete(part);
            using (new FileStream(part, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                // made with its mode before anything is in it
            }

            write(part);
            using (var written = new FileStream(part, FileMode.Open, FileAccess.ReadWrite))
            {
                written.Flush(flushToDisk: true);
            }

            File.Move(part, target, overwrite: true);
            return new FileInfo(target).Length;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or SqliteException)
        {
            throw new StorageException($"{target} cannot be written: {e.Message}", e);
        }
        finally
        {
            if (File.Exists(part))
            {
                File.Delete(part);
            }
        }
    }

    private static void CopyTo(string from, string to)
    {
        using var source = File.OpenRead(from);
        using var copy = new FileStream(to, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite });
        source.CopyTo(copy);
        copy.Flush(flushToDisk: true);
    }
}

/// <summary>A database file at one look.</summary>
/// <param name="WalBytes">Committed, and not folded into the file yet.</param>
/// <param name="Newest">The schema that this executable knows.</param>
/// <param name="Holder">Who polls it now; null if nobody does.</param>
/// <param name="Integrity">ok, or the first damage; null if not asked for.</param>
internal sealed record DatabaseStatus(string Path, long Bytes, long WalBytes, long Schema, long Newest, string? Holder, IReadOnlyDictionary<string, long> Rows, string? Integrity);
