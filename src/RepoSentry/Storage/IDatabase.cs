using System.Data.Common;

namespace RepoSentry.Storage;

/// <summary>
/// One database engine. The stores above it share their SQL; an engine brings connections, group commit where it pays, and its few words of its own.
/// Work must not wait for anything but the connection it is given: on SQLite it runs on the only writer thread.
/// </summary>
internal interface IDatabase : IAsyncDisposable
{
    /// <summary>
    /// Runs the work in a transaction. Returns once it is durable; throws what the work threw, and then nothing of it is kept. The work may be run twice
    /// (where a mate in the same commit fails), so it must change nothing but the database.
    /// </summary>
    Task<T> WriteAsync<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Runs the work on a read-only connection with one consistent view.</summary>
    Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken);

    /// <summary>Completes with the error when the database has become unusable for good.</summary>
    Task<Exception> Broken { get; }
}

/// <summary>The transaction that a piece of work is part of.</summary>
internal sealed record WriteScope(DbConnection Connection, DbTransaction Transaction)
{
    private readonly HashSet<Fence> holding = [];

    /// <summary>Whether the claim was checked in this transaction before, and nobody took a shard since.</summary>
    public bool Holds(Fence fence) => holding.Contains(fence);

    public void Checked(Fence fence) => holding.Add(fence);

    /// <summary>To be called by whoever changes an owner, or undoes a part of the transaction.</summary>
    public void Forget() => holding.Clear();
}

internal static class DatabaseExtensions
{
    public static Task WriteAsync(this IDatabase database, Func<WriteScope, Task> work, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await work(scope);
                return true;
            },
            cancellationToken);
}

/// <summary>The database cannot be used as it is; the message says why and what to do.</summary>
internal sealed class StorageException(string message, Exception? innerException = null) : Exception(message, innerException)
{
    public StorageTrouble Trouble { get; init; }
}

/// <summary>What a caller may want to tell apart.</summary>
internal enum StorageTrouble
{
    Unusable,

    /// <summary>Another process polls it.</summary>
    InUse,

    /// <summary>There is no such file.</summary>
    Missing,

    /// <summary>There is such a file, and it shall not be replaced.</summary>
    Exists,
}

/// <summary>The shard has another owner by now: nothing of the commit was kept.</summary>
internal sealed class StaleOwnerException(string shard, long epoch)
    : Exception($"shard {shard} is no longer owned at epoch {epoch}; its new owner goes on");
