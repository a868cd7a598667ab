using System.Data.Common;
using Dapper;

namespace RepoSentry.Storage;

/// <summary>The database once it is open: what comes earlier waits for it. Lets the process answer probes while it still waits for the file.</summary>
internal sealed class OpenedDatabase : IDatabase
{
    private static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(5);

    private readonly TaskCompletionSource<IDatabase> opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Exception> broken = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<Exception> Broken => broken.Task;

    public bool IsOpen => opened.Task.IsCompletedSuccessfully;

    public void Open(IDatabase database)
    {
        opened.SetResult(database);
        _ = database.Broken.ContinueWith(task => broken.TrySetResult(task.Result), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    /// <summary>Why the last write could not be kept; null while writes succeed.</summary>
    public string? WriteFailure { get; private set; }

    /// <summary>Tries a write now and then while the last one could not be kept: the service is ready again as soon as the disk is, whether there is work or not.</summary>
    public async Task WatchAsync(TimeProvider time, CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(ProbeEvery, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stopping))
            {
                if (WriteFailure is not null)
                {
                    await TryWriteAsync(stopping);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop
        }
    }

    public async Task<T> WriteAsync<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken)
    {
        try
        {
            var result = await (await opened.Task.WaitAsync(cancellationToken)).WriteAsync(work, cancellationToken);
            WriteFailure = null;
            return result;
        }
        catch (StorageException e)
        {
            WriteFailure = e.Message;
            throw;
        }
    }

    private async Task TryWriteAsync(CancellationToken cancellationToken)
    {
        try
        {
            await this.WriteAsync(
                scope => scope.Connection.ExecuteAsync("UPDATE sequences SET value = value + 1 WHERE name = 'commands'", transaction: scope.Transaction), cancellationToken);
        }
        catch (StorageException)
        {
            // it stands in WriteFailure
        }
    }

    public async Task<T> ReadAsync<T>(Func<DbConnection, Task<T>> work, CancellationToken cancellationToken) =>
        await (await opened.Task.WaitAsync(cancellationToken)).ReadAsync(work, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        if (IsOpen)
        {
            await (await opened.Task).DisposeAsync();
        }
    }
}
