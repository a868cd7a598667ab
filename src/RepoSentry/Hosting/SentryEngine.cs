using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Polling.Discovery;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>The life of the product: open the storage, own the work, deliver, poll; at the end drain in that order.</summary>
internal sealed partial class SentryEngine(
    CurrentConfig current,
    SqliteStorage files,
    OpenedDatabase database,
    ConfigWorker configuration,
    ConfigWatcher watcher,
    DeliveryWorkers deliveries,
    PollWorker polling,
    DiscoveryWorker discovery,
    RetentionWorker retention,
    TokenBook tokens,
    ComponentChecks checks,
    Lifecycle lifecycle,
    TimeProvider time,
    IHostApplicationLifetime application,
    ILogger<SentryEngine> logger) : BackgroundService, IHostedLifecycleService
{
    private readonly CancellationTokenSource draining = new();
    private Task? living;
    private bool disposed;

    /// <summary>Begins before the host starts: the storage is opened while the routes are made.</summary>
    public void Begin() => living ??= Task.Run(() => LiveAsync(draining.Token));

    /// <summary>Drains while the API still answers: probes then say that the service stops, and why.</summary>
    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        await draining.CancelAsync();
        await (ExecuteTask ?? Task.CompletedTask).WaitAsync(cancellationToken);
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Dispose()
    {
        if (!disposed)
        {
            disposed = true;
            base.Dispose(); // cancels what it runs, which drains
            draining.Cancel(); // it began, and the host did not start
            draining.Dispose();
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var ends = stoppingToken.Register(draining.Cancel);
        Begin();
        await living!;
    }

    private async Task LiveAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var hangup = watcher.ListenForHangup();
            lifecycle.Enter(LifecycleState.Starting);
            checks.Register();
            var (opened, held) = await files.OpenAsync(current.Value.Storage.SqlitePath, reason => lifecycle.Enter(LifecycleState.Starting, reason), stoppingToken);
            using (held)
            await using (opened)
            {
                database.Open(opened);
                await WorkAsync(stoppingToken);
            }

            lifecycle.Enter(lifecycle.HasFailed ? LifecycleState.Failed : LifecycleState.Stopped, lifecycle.Reason);
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            lifecycle.Enter(LifecycleState.Stopped);
        }
        catch (Exception e)
        {
            var known = e is StorageException or UnusableConfigException;
            Fail(known ? e.Message : $"unexpected: {e.Message}", known ? null : e);
        }
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        await configuration.BeginAsync(stoppingToken);
        using var ending = new CancellationTokenSource();
        deliveries.Run(ending.Token);
        var loops = new List<(string Name, Task Task)>
        {
            ("poller", polling.RunAsync(ending.Token)),
            ("discovery", discovery.RunAsync(ending.Token)),
            ("configuration", configuration.RunAsync(ending.Token)),
            ("file watch", watcher.RunAsync(ending.Token)),
            ("retention", retention.RunAsync(ending.Token)),
            ("token uses", tokens.RunAsync(ending.Token)),
            ("storage watch", database.WatchAsync(time, ending.Token)),
        };
        lifecycle.Enter(LifecycleState.Running);
        Log.Running(logger, polling.Repositories.Count, deliveries.Destinations.Count);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stoppingToken.Register(stopped.SetResult))
        {
            var first = await Task.WhenAny([stopped.Task, database.Broken, deliveries.Ended, .. loops.Select(loop => loop.Task)]);
            Note(first, loops);
        }

        if (!lifecycle.HasFailed)
        {
            lifecycle.Enter(LifecycleState.Stopping);
        }

        await ending.CancelAsync();
        await DrainAsync(loops);
    }

    private void Note(Task first, List<(string Name, Task Task)> loops)
    {
        if (first == database.Broken)
        {
            Fail(database.Broken.Result.Message, database.Broken.Result);
        }
        else if (first == deliveries.Ended)
        {
            Fail($"the worker of trigger {deliveries.Ended.Result} ended by itself", null);
        }
        else if (loops.Find(loop => loop.Task == first) is { Name: { } name })
        {
            Fail($"the {name} ended by itself", first.Exception);
        }
    }

    // Looks end first, so that nothing new is owed; then what is in flight gets its time to answer.
    private async Task DrainAsync(List<(string Name, Task Task)> loops)
    {
        using var deadline = new CancellationTokenSource(current.Value.App.ShutdownTimeout, time);
        try
        {
            await Task.WhenAll(loops.Select(loop => loop.Task)).WaitAsync(current.Value.App.ShutdownTimeout, time);
        }
        catch (Exception e)
        {
            Log.UncleanEnd(logger, e);
        }

        await deliveries.DrainAsync(deadline.Token);
    }

    private void Fail(string reason, Exception? error)
    {
        lifecycle.Enter(LifecycleState.Failed, reason);
        Log.Failed(logger, error, reason);
        application.StopApplication();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "running: {Repositories} repositories, {Triggers} triggers")]
        public static partial void Running(ILogger logger, int repositories, int triggers);

        [LoggerMessage(Level = LogLevel.Critical, Message = "failed: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? exception, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "a worker did not end cleanly")]
        public static partial void UncleanEnd(ILogger logger, Exception exception);
    }
}
