using Microsoft.Data.Sqlite;
using RepoSentry.Storage.Migrations;

namespace RepoSentry.Storage.Sqlite;

/// <summary>The database file as a command uses it: by itself, brought to the current schema, or beside the service that runs on it.</summary>
internal sealed class OperatorDatabase : IAsyncDisposable
{
    private readonly PollerLock? ours;

    private OperatorDatabase(SqliteDatabase database, PollerLock? ours)
    {
        Database = database;
        this.ours = ours;
    }

    public SqliteDatabase Database { get; }

    /// <summary>Whether a service runs on it at the same time.</summary>
    public bool IsShared => ours is null;

    /// <param name="create">Whether to make a file that is not there yet, for a service that never ran.</param>
    /// <exception cref="StorageException">It cannot be used; the message says why and what to do.</exception>
    public static OperatorDatabase Open(string path, bool create, DateTimeOffset now)
    {
        SqlTime.Register();
        if (!File.Exists(path) && !create)
        {
            throw new StorageException($"{path} does not exist: name the file of the service, or its configuration with -c") { Trouble = StorageTrouble.Missing };
        }

        SqliteStorage.PrepareFolder(path);
        var held = SqliteStorage.Take(path, now);
        try
        {
            if (held is not null)
            {
                SqliteStorage.Prepare(path);
            }
            else
            {
                RefuseOtherSchema(path);
            }

            return new OperatorDatabase(SqliteDatabase.Open(path), held);
        }
        catch (SqliteException e)
        {
            held?.Dispose();
            throw new StorageException($"{path} cannot be used: {e.Message}", e);
        }
        catch
        {
            held?.Dispose();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        ours?.Dispose();
    }

    private static void RefuseOtherSchema(string path)
    {
        using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadOnly);
        var version = SchemaMigrator.Read(connection);
        if (version != SchemaMigrator.Newest)
        {
            throw new StorageException($"{path} has schema {version}, this executable knows {SchemaMigrator.Newest}, and {PollerLock.Holder(path)} runs on it: use the executable of that service, or --server") { Trouble = StorageTrouble.InUse };
        }
    }
}
