using Microsoft.Data.Sqlite;
using RepoSentry.Storage.Migrations;

namespace RepoSentry.Storage.Sqlite;

/// <summary>Opens the database file for the one process that polls: takes the lock, migrates, leaves a file of the Go original alone.</summary>
internal sealed partial class SqliteStorage(TimeProvider time, ILogger<SqliteStorage> logger)
{
    private static readonly TimeSpan LockWait = TimeSpan.FromSeconds(30);

    /// <exception cref="StorageException">The file cannot be used; the message says why and what to do.</exception>
    public async Task<(SqliteDatabase Database, PollerLock Lock)> OpenAsync(string configuredPath, Action<string> reportWait, CancellationToken cancellationToken)
    {
        var configured = Path.GetFullPath(configuredPath);
        PrepareFolder(configured);
        var path = Choose(configured);
        if (path != configured)
        {
            Log.LeftAlone(logger, configured, path);
        }

        var held = await TakeLockAsync(path, reportWait, cancellationToken);
        try
        {
            Prepare(path);
            return (SqliteDatabase.Open(path), held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The file that is used: one of the Go original is never written, ours stands beside it.</summary>
    /// <exception cref="StorageException">The file cannot be used; the message says why and what to do.</exception>
    public static string Choose(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length == 0)
            {
                return path;
            }

            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadOnly);
            if (!SchemaMigrator.IsGoOriginal(connection))
            {
                _ = SchemaMigrator.Read(connection); // another program's file is refused before anything of it is changed
                return path;
            }
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 11 or 26)
        {
            throw new StorageException($"{path} is corrupt or no SQLite database: restore a backup, or choose another storage.sqlite.path", e);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException or SqliteException)
        {
            throw new StorageException($"{path} cannot be opened ({e.Message}): give the service write access to the file and its folder, or change storage.sqlite.path", e);
        }

        return Path.Combine(Path.GetDirectoryName(path)!, Path.GetFileNameWithoutExtension(path) + "-v2.db");
    }

    internal static void PrepareFolder(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        try
        {
            Directory.CreateDirectory(folder);
            var target = Directory.ResolveLinkTarget(folder, returnFinalTarget: true)?.FullName ?? folder;
            if (MountTable.NetworkType(target) is { } network)
            {
                throw new StorageException($"{path} is on a network file system ({network}), where SQLite loses data: choose a storage.sqlite.path on a local disk");
            }
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StorageException($"{folder} cannot be used ({e.Message}): give the service write access to it, or change storage.sqlite.path", e);
        }
    }

    private async Task<PollerLock> TakeLockAsync(string path, Action<string> reportWait, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (true)
        {
            if (Take(path, time.GetUtcNow()) is { } taken)
            {
                return taken;
            }

            var holder = PollerLock.Holder(path);
            if (time.GetElapsedTime(started) >= LockWait)
            {
                throw new StorageException($"{path} is polled by {holder}: only one poller may use a SQLite file. Stop that one first, or give this one a storage.sqlite.path of its own");
            }

            reportWait($"waiting for {path}, which is polled by {holder}");
            await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancellationToken);
        }
    }

    /// <summary>Null if another process holds it.</summary>
    internal static PollerLock? Take(string path, DateTimeOffset now)
    {
        try
        {
            return PollerLock.TryTake(path, now);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException)
        {
            throw new StorageException($"{path}.lock cannot be written ({e.Message}): give the service write access to the folder, or change storage.sqlite.path", e);
        }
    }

    /// <summary>Makes the file if it is not there, and brings it to the current schema; for the holder of the lock.</summary>
    internal static void Prepare(string path)
    {
        if (!File.Exists(path))
        {
            using var created = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
        }

        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadWrite);
            SchemaMigrator.MigrateUp(path, connection);
        }
        catch (SqliteException e)
        {
            throw new StorageException(
                e.SqliteErrorCode is 11 or 26
                    ? $"{path} is corrupt or no SQLite database: restore a backup, or choose another storage.sqlite.path"
                    : $"{path} cannot be used: {e.Message}",
                e);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Path} belongs to the Go original and is left alone; this service keeps its data in {Beside}")]
        public static partial void LeftAlone(ILogger logger, string path, string beside);
    }
}
