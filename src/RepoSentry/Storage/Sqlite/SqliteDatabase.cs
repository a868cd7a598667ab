using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Storage.Sqlite;

/// <summary>A SQLite file: WAL, every commit flushed, one writer thread per process, a few readers.</summary>
internal sealed class SqliteDatabase : IDatabase
{
    private const int Readers = 4;

    private readonly string path;
    private readonly SqliteWriter writer;
    private readonly SemaphoreSlim readerSlots = new(Readers, Readers);
    private readonly Stack<PreparedConnection> idleReaders = new();

    private SqliteDatabase(string path, SqliteWriter writer)
    {
        this.path = path;
        this.writer = writer;
    }

    public Task<Exception> Broken => writer.Broken;

    /// <summary>Opens the file, which must carry the current schema (see <see cref="Migrations.SchemaMigrator"/>).</summary>
    public static SqliteDatabase Open(string path) => new(path, new SqliteWriter(new PreparedConnection(Connect(path, SqliteOpenMode.ReadWrite))));

    public Task<T> WriteAsync<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken) => writer.EnqueueAsync(work, cancellationToken);

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken)
    {
        await readerSlots.WaitAsync(cancellationToken);
        try
        {
            // SQLite's async API is synchronous: the thread pool carries it, never the caller's thread.
            return await Task.Run(() => ReadOnPoolAsync(work), cancellationToken);
        }
        finally
        {
            readerSlots.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await writer.DisposeAsync();
        lock (idleReaders)
        {
            while (idleReaders.TryPop(out var reader))
            {
                reader.Dispose();
            }
        }

        readerSlots.Dispose();
    }

    internal static SqliteConnection Connect(string path, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 10,
        }.ToString());
        connection.Open();
        using var pragma = connection.CreateCommand();
        pragma.CommandText = mode == SqliteOpenMode.ReadOnly
            ? "PRAGMA busy_timeout=10000; PRAGMA temp_store=MEMORY; PRAGMA query_only=ON;"
            : "PRAGMA busy_timeout=10000; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; PRAGMA wal_autocheckpoint=1000;";
        pragma.ExecuteNonQuery();
        return connection;
    }

    private async Task<T> ReadOnPoolAsync<T>(Func<DbConnection, Task<T>> work)
    {
        PreparedConnection? connection;
        lock (idleReaders)
        {
            idleReaders.TryPop(out connection);
        }

        connection ??= new PreparedConnection(Connect(path, SqliteOpenMode.ReadOnly));
        try
        {
            using var view = connection.BeginTransaction(deferred: true);
            return await work(connection);
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 11 or 26)
        {
            throw writer.Break(e);
        }
        finally
        {
            lock (idleReaders)
            {
                idleReaders.Push(connection);
            }
        }
    }
}
