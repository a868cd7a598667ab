using System.Threading.Channels;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Storage.Sqlite;

/// <summary>
/// The only thread that writes. What waits is committed together: one flush for up to 200 pieces of work. One that fails (a stale fence, a broken
/// constraint) leaves its mates alone: then all are run once more, each in a savepoint. So a piece may run twice, and must not change anything but the
/// database.
/// </summary>
internal sealed class SqliteWriter : IAsyncDisposable
{
    private const int BatchSize = 200;
    private const int ManyWriters = 4;
    private const int Handful = 16;
    private const int Busy = 5;
    private const int Locked = 6;
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(3);
    private static readonly int[] Fatal = [11 /* CORRUPT */, 26 /* NOTADB */];

    private readonly Channel<IPiece> waiting = Channel.CreateBounded<IPiece>(new BoundedChannelOptions(10_000) { SingleReader = true });
    private readonly TaskCompletionSource<Exception> broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PreparedConnection connection;
    private readonly Thread thread;

    public SqliteWriter(PreparedConnection connection)
    {
        this.connection = connection;
        thread = new Thread(Run) { IsBackground = true, Name = "sqlite writer" };
        thread.Start();
    }

    public Task<Exception> Broken => broken.Task;

    /// <summary>Says that the file is beyond use, whoever found out.</summary>
    public StorageException Break(SqliteException error)
    {
        var reason = new StorageException(Explain(error), error);
        broken.TrySetResult(reason);
        return reason;
    }

    public async Task<T> EnqueueAsync<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken)
    {
        var piece = new Piece<T>(work);
        try
        {
            await waiting.Writer.WriteAsync(piece, cancellationToken);
        }
        catch (ChannelClosedException e)
        {
            throw new StorageException("the database is closed", e);
        }

        // Not cancelled once queued: the caller must learn whether it was committed.
        return await piece.Done;
    }

    public async ValueTask DisposeAsync()
    {
        waiting.Writer.TryComplete();
        await Task.Run(thread.Join);
        await connection.DisposeAsync();
    }

    private void Run()
    {
        var batch = new List<IPiece>(BatchSize);
        while (WaitForWork())
        {
            Linger(batch.Count);
            batch.Clear();
            while (batch.Count < BatchSize && waiting.Reader.TryRead(out var piece))
            {
                batch.Add(piece);
            }

            Commit(batch);
        }
    }

    // While many write, a moment's wait gathers them into one flush; whoever writes alone does not wait.
    private void Linger(int lastBatch)
    {
        if (lastBatch >= ManyWriters && waiting.Reader.Count < BatchSize)
        {
            Thread.Sleep(GatherFor);
        }
    }

    private bool WaitForWork()
    {
        var ready = waiting.Reader.WaitToReadAsync();
        return ready.IsCompleted ? ready.GetAwaiter().GetResult() : ready.AsTask().GetAwaiter().GetResult();
    }

    private void Commit(List<IPiece> batch)
    {
        try
        {
            // Nearly always every piece succeeds, and savepoints would be a third of the work. If one fails, all are done again, each with its own.
            if (!TryAll(batch, savepoints: false))
            {
                TryAll(batch, savepoints: true);
            }
        }
        catch (SqliteException e)
        {
            Fail(batch, e);
            return;
        }

        // A handful of waiters for each thread that is woken: they go on at once one after another, and then wait for other things.
        foreach (var handful in batch.Chunk(Handful))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static pieces => Array.ForEach(pieces, piece => piece.Complete()), handful, preferLocal: false);
        }
    }

    private bool TryAll(List<IPiece> batch, bool savepoints)
    {
        using var transaction = Begin();
        var scope = new WriteScope(connection, transaction);
        foreach (var piece in batch)
        {
            if (savepoints)
            {
                transaction.Save("piece");
            }

            if (!piece.Run(scope))
            {
                scope.Forget();
                if (!savepoints)
                {
                    transaction.Rollback();
                    return false;
                }

                transaction.Rollback("piece");
            }

            if (savepoints)
            {
                transaction.Release("piece");
            }
        }

        transaction.Commit();
        return true;
    }

    // BUSY only means that another process of this host is writing: it is waited out, never reported.
    private SqliteTransaction Begin()
    {
        while (true)
        {
            try
            {
                return connection.BeginTransaction(deferred: false);
            }
            catch (SqliteException e) when (e.SqliteErrorCode is Busy or Locked)
            {
                Thread.Yield();
            }
        }
    }

    private void Fail(List<IPiece> batch, SqliteException error)
    {
        var reason = new StorageException(Explain(error), error);
        foreach (var piece in batch)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static failed => failed.Piece.Fail(failed.Reason), (Piece: piece, Reason: reason), preferLocal: false);
        }

        if (Array.IndexOf(Fatal, error.SqliteErrorCode) >= 0)
        {
            broken.TrySetResult(reason);
        }
    }

    private string Explain(SqliteException error) => error.SqliteErrorCode switch
    {
        13 => $"the disk of {connection.DataSource} is full: free some space, work goes on by itself",
        8 => $"{connection.DataSource} is read-only: give the service write access to the file and its folder",
        10 => $"the disk of {connection.DataSource} fails ({error.Message})",
        11 or 26 => $"{connection.DataSource} is corrupt or no SQLite database: restore a backup",
        _ => $"{connection.DataSource}: {error.Message}",
    };

    private interface IPiece
    {
        /// <summary>False if it failed and must be undone.</summary>
        bool Run(WriteScope scope);

        void Complete();

        void Fail(Exception error);
    }

    private sealed class Piece<T>(Func<WriteScope, Task<T>> work) : IPiece
    {
        private readonly TaskCompletionSource<T> done = new(); // completed on the pool, never on the writer's thread
        private T? result;
        private Exception? failure;

        public Task<T> Done => done.Task;

        public bool Run(WriteScope scope)
        {
            try
            {
                failure = null;
                result = work(scope).GetAwaiter().GetResult();
                return true;
            }
            catch (SqliteException e) when (e.SqliteErrorCode is 8 or 10 or 11 or 13 or 26)
            {
                throw; // the file, not the piece, is at fault: nothing of this batch can be kept
            }
            catch (Exception e)
            {
                failure = e;
                return false;
            }
        }

        public void Complete()
        {
            if (failure is null)
            {
                done.TrySetResult(result!);
            }
            else
            {
                done.TrySetException(failure);
            }
        }

        public void Fail(Exception error) => done.TrySetException(failure ?? error);
    }
}
