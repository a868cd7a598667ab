using System.Diagnostics;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>Forgets what is older than <c>storage.retention</c> says: once an hour, more often where little is kept.</summary>
internal sealed partial class RetentionWorker(CurrentConfig current, RetentionStore store, TimeProvider time, ILogger<RetentionWorker> logger)
{
    private static readonly TimeSpan First = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private RetentionConfig Kept => current.Value.Storage.Retention;

    private TimeSpan Every
    {
        get
        {
            var shortest = new[] { Kept.Events, Kept.Attempts, Kept.Polls, Kept.Audit }.Min() / 10;
            return shortest > Longest ? Longest : shortest < First ? First : shortest;
        }
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await Task.Delay(First, time, stopping);
            using var timer = new PeriodicTimer(Every, time);
            do
            {
                await TryPruneAsync(stopping);
            }
            while (await timer.WaitForNextTickAsync(stopping));
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: the rest is forgotten next time
        }
    }

    public async Task<Pruned> PruneAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        return new Pruned(
            await store.PruneEventsAsync(now - Kept.Events, cancellationToken),
            await store.PruneAttemptsAsync(now - Kept.Attempts, cancellationToken),
            await store.PrunePollsAsync(now - Kept.Polls, cancellationToken),
            await store.PruneAuditAsync(now - Kept.Audit, cancellationToken));
    }

    private async Task TryPruneAsync(CancellationToken stopping)
    {
        var clock = Stopwatch.GetTimestamp();
        try
        {
            var pruned = await PruneAsync(stopping);
            if (pruned is not { Events: 0, Attempts: 0, Polls: 0, Audit: 0 })
            {
                Log.Pruned(logger, pruned.Events, pruned.Attempts, pruned.Polls, pruned.Audit, Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            }
        }
        catch (StorageException e)
        {
            Log.CannotPrune(logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "retention: {Events} events, {Attempts} attempts, {Polls} looks and {Audit} audit rows were forgotten in {Milliseconds:0} ms")]
        public static partial void Pruned(ILogger logger, long events, long attempts, long polls, long audit, double milliseconds);

        [LoggerMessage(Level = LogLevel.Warning, Message = "what is old could not be forgotten ({Reason}); it is tried again later")]
        public static partial void CannotPrune(ILogger logger, string reason);
    }
}

/// <summary>Rows that were forgotten.</summary>
internal sealed record Pruned(long Events, long Attempts, long Polls, long Audit);
