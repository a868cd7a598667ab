using System.Data.Common;

namespace RepoSentry.Storage;

/// <summary>The database once it is open: what comes earlier waits for it. Lets the process answer probes while it still waits for the file.</summary>
internal sealed class OpenedDatabase : IDatabase
{
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
