using System.Runtime.InteropServices;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>The life of the product: open the storage, own the work, deliver, poll; at the end drain in that order.</summary>
internal sealed partial class SentryEngine(
    SentryConfig config,
    SqliteStorage files,
    OpenedDatabase database,
    Ownership ownership,
    RepositoryStore repositories,
    DeliveryStore outbox,
    RefSourceCatalog sources,
    DeliveryWorkers deliveries,
    PollWorker polling,
    RetentionWorker retention,
    TokenBook tokens,
    ComponentChecks checks,
    Lifecycle lifecycle,
    TimeProvider time,
    IHostApplicationLifetime application,
    ILogger<SentryEngine> logger) : BackgroundService, IHostedLifecycleService
{
    private readonly CancellationTokenSource draining = new();

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
        draining.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, draining.Token);
        await LiveAsync(either.Token);
    }

    private async Task LiveAsync(CancellationToken stoppingToken)
    {
        try
        {
            using var hangup = PosixSignalRegistration.Create(PosixSignal.SIGHUP, IgnoreHangup);
            lifecycle.Enter(LifecycleState.Starting);
            checks.Register();
            var (opened, held) = await files.OpenAsync(config.Storage.SqlitePath, reason => lifecycle.Enter(LifecycleState.Starting, reason), stoppingToken);
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
            Fail(e is StorageException ? e.Message : $"unexpected: {e.Message}", e is StorageException ? null : e);
        }
    }

    // Otherwise it would end the process; whoever sends it means "read the configuration again".
    private void IgnoreHangup(PosixSignalContext signal)
    {
        signal.Cancel = true;
        Log.NoReload(logger);
    }

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        var watched = await repositories.ApplyFileAsync(config.Repositories, stoppingToken);
        var polled = watched.Select(repository => new PolledRepository(repository, sources.For(repository.Config), RefSourceCatalog.ShardOf(repository.Config))).ToList();
        var shards = polled.Select(repository => repository.Shard).Concat(config.Triggers.Select(trigger => Shards.Trigger(trigger.Name))).ToHashSet(StringComparer.Ordinal);
        await ownership.TakeAsync(Environment.MachineName, shards, ProductVersion.Text, stoppingToken);
        if (await outbox.BuryRemovedAsync([.. config.Triggers.Select(trigger => trigger.Name)], stoppingToken) is > 0 and var buried)
        {
            Log.Buried(logger, buried);
        }

        polling.Add(polled);

        using var ending = new CancellationTokenSource();
        var loops = deliveries.All.Select(worker => (Name: $"trigger {worker.Name}", Task: worker.RunAsync(ending.Token)))
            .Append((Name: "poller", Task: polling.RunAsync(ending.Token)))
            .Append((Name: "retention", Task: retention.RunAsync(ending.Token)))
            .Append((Name: "token uses", Task: tokens.RunAsync(ending.Token)))
            .Append((Name: "storage watch", Task: database.WatchAsync(time, ending.Token))).ToList();
        lifecycle.Enter(LifecycleState.Running);
        Log.Running(logger, polled.Count, config.Triggers.Count);

        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using (stoppingToken.Register(stopped.SetResult))
        {
            var first = await Task.WhenAny([stopped.Task, database.Broken, .. loops.Select(loop => loop.Task)]);
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
        else if (loops.Find(loop => loop.Task == first) is { Name: { } name })
        {
            Fail($"the {name} ended by itself", first.Exception);
        }
    }

    // Looks end first, so that nothing new is owed; then what is in flight gets its time to answer.
    private async Task DrainAsync(List<(string Name, Task Task)> loops)
    {
        using var deadline = new CancellationTokenSource(config.App.ShutdownTimeout, time);
        try
        {
            await Task.WhenAll(loops.Select(loop => loop.Task)).WaitAsync(config.App.ShutdownTimeout, time);
        }
        catch (Exception e)
        {
            Log.UncleanEnd(logger, e);
        }

        await Task.WhenAll(deliveries.All.Select(worker => worker.DrainAsync(deadline.Token)));
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

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} deliveries were owed to triggers that the configuration no longer has: they are dead letters now")]
        public static partial void Buried(ILogger logger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "SIGHUP is ignored: this version reads its configuration at a start only")]
        public static partial void NoReload(ILogger logger);

        [LoggerMessage(Level = LogLevel.Critical, Message = "failed: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? exception, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "a worker did not end cleanly")]
        public static partial void UncleanEnd(ILogger logger, Exception exception);
    }
}
