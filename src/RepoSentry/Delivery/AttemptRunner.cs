using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Delivery;

/// <summary>One attempt from the rendered bytes to the recorded outcome. The order of its steps is what makes a crash at any point harmless.</summary>
internal sealed partial class AttemptRunner(
    TriggerConfig config, ITrigger trigger, DeliveryStore store, LiveFeed feed, TimeProvider time, ILogger<AttemptRunner> logger)
{
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);

    private readonly LogGate gate = new(time);

    /// <param name="sendToken">Cuts the sending, not the recording.</param>
    public async Task<AttemptResult> RunAsync(LaneStart start, Fence fence, HaltLog halts, CancellationToken sendToken)
    {
        DeliveryWork work;
        TriggerMessage message;
        try
        {
            if (start.Superseded.Count > 0)
            {
                await store.SupersedeAsync(fence, start.Superseded, CancellationToken.None);
                foreach (var id in start.Superseded)
                {
                    feed.Publish(new LiveNote.Moved(time.GetUtcNow(), id));
                }

            }

            work = start is { Attempt: 1, Delivery.Event: { } fresh } ? new DeliveryWork(fresh, null, Replay: 0) : await store.LoadAsync(start.Delivery.Id, CancellationToken.None);
            message = work.Message ?? trigger.Render(work.Event);
            await store.BeginAttemptAsync(fence, start.Delivery.Id, start.Attempt, work.Message is null ? message : null, CancellationToken.None);
        }
        catch (Exception e) when (e is not StaleOwnerException)
        {
            if (gate.Opens())
            {
                Log.CannotBegin(logger, e is StorageException ? null : e, start.Delivery.Id, config.Name, e.Message);
            }

            return new AttemptResult(start, AttemptEnd.NotBegun, StorageRetry, Held: false);
        }

        var startedAt = time.GetUtcNow();
        var clock = time.GetTimestamp();
        var outcome = await SendAsync(new TriggerAttempt(work.Event.Id, message, start.Attempt, work.Replay), sendToken);
        var result = Judge(start, outcome, halts);
        var record = Describe(result, outcome, startedAt, time.GetElapsedTime(clock));
        await RecordAsync(fence, record);
        Tell(work.Event, record);
        return result;
    }

    private async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        try
        {
            return await trigger.SendAsync(attempt, cancellationToken);
        }
        catch (Exception e)
        {
            // A trigger answers with an outcome; an exception is a bug in it, and the event must survive that.
            Log.TriggerThrew(logger, e, config.Name);
            return new TriggerOutcome.TryAgain($"the trigger failed: {e.GetType().Name}") { Ambiguous = true };
        }
    }

    private AttemptResult Judge(LaneStart start, TriggerOutcome outcome, HaltLog halts)
    {
        switch (outcome)
        {
            case TriggerOutcome.Accepted:
                return new AttemptResult(start, AttemptEnd.Delivered, TimeSpan.Zero, Held: false);
            case TriggerOutcome.GiveUp { Gone: var gone }:
                return new AttemptResult(start, gone ? AttemptEnd.Gone : AttemptEnd.GivenUp, TimeSpan.Zero, Held: false);
            default:
                var asked = (outcome as TriggerOutcome.TryAgain)?.RetryAfter;
                var wait = BackOff.Wait(config.Retry, start.Failures + 1, asked, Random.Shared.NextDouble());
                var expired = halts.Age(start.Delivery.CreatedAt, time.GetUtcNow()) >= config.Retry.MaxAge;
                return new AttemptResult(start, expired ? AttemptEnd.Expired : AttemptEnd.Failed, wait, asked is not null) { Error = OutcomeText.Of(outcome).Reason };
        }
    }

    private AttemptRecord Describe(AttemptResult result, TriggerOutcome outcome, DateTimeOffset startedAt, TimeSpan duration)
    {
        var now = time.GetUtcNow();
        var (name, error) = OutcomeText.Of(outcome);
        return new AttemptRecord
        {
            DeliveryId = result.Start.Delivery.Id,
            Number = result.Start.Attempt,
            Probe = result.Start.Probe,
            StartedAt = startedAt,
            Duration = duration,
            Outcome = name,
            HttpStatus = outcome.Status,
            Answer = outcome.Answer,
            Ambiguous = outcome.Ambiguous,
            Phases = outcome.Phases,
            ReceiptId = (outcome as TriggerOutcome.Accepted)?.ReceiptId,
            Error = result.End == AttemptEnd.Expired ? $"given up after retry.max_age {config.Retry.MaxAge}: {error}" : error,
            DeliveryStatus = result.End switch
            {
                AttemptEnd.Delivered => DeliveryStatus.Delivered,
                AttemptEnd.Failed => DeliveryStatus.Waiting,
                _ => DeliveryStatus.Dead,
            },
            NextAttemptAt = result.End == AttemptEnd.Failed ? now + result.Wait : null,
            FinishedAt = result.End == AttemptEnd.Failed ? null : now,
        };
    }

    // What was sent must be recorded before its lane goes on: a disk that is full for a while holds the lane, it does not send twice.
    private async Task RecordAsync(Fence fence, AttemptRecord record)
    {
        while (true)
        {
            try
            {
                await store.RecordAsync(fence, record, CancellationToken.None);
                return;
            }
            catch (Exception e) when (e is not StaleOwnerException and not StorageException { InnerException: System.Threading.Channels.ChannelClosedException })
            {
                if (gate.Opens())
                {
                    Log.CannotRecord(logger, e is StorageException ? null : e, record.DeliveryId, config.Name, e.Message);
                }

                await Task.Delay(StorageRetry, time, CancellationToken.None);
            }
        }
    }

    private void Tell(ChangeEvent change, AttemptRecord record)
    {
        SentryMetrics.Delivered(config.Name, record.DeliveryStatus == DeliveryStatus.Waiting ? "retry" : record.DeliveryStatus, record.Duration);
        feed.Publish(new LiveNote.Attempted(time.GetUtcNow(), change.Id, change.Repository.Name, config.Name, record));
        if (record.DeliveryStatus == DeliveryStatus.Delivered)
        {
            Log.Delivered(logger, change.Id, change.Repository.Name, change.Change.Ref, config.Name, record.HttpStatus?.ToString(CultureInfo.InvariantCulture) ?? "accepted", record.Number, record.ReceiptId ?? "none");
        }
        else if (record.DeliveryStatus == DeliveryStatus.Dead)
        {
            Log.Dead(logger, change.Id, change.Repository.Name, change.Change.Ref, config.Name, record.Number, record.Error);
        }
        else
        {
            Log.Failed(logger, change.Id, change.Repository.Name, change.Change.Ref, config.Name, record.Number, record.Error, record.NextAttemptAt);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "delivered {Id} of {Repository} {RefName} to {Trigger}: {Status}, attempt {Attempt}, receipt {Receipt}")]
        public static partial void Delivered(ILogger logger, Guid id, string repository, string refName, string trigger, string status, int attempt, string receipt);

        [LoggerMessage(Level = LogLevel.Warning, Message = "delivery of {Id} of {Repository} {RefName} to {Trigger} failed at attempt {Attempt}: {Reason}; next try {NextAttemptAt:u}")]
        public static partial void Failed(ILogger logger, Guid id, string repository, string refName, string trigger, int attempt, string? reason, DateTimeOffset? nextAttemptAt);

        [LoggerMessage(Level = LogLevel.Error, Message = "delivery of {Id} of {Repository} {RefName} to {Trigger} is a dead letter after attempt {Attempt}: {Reason}")]
        public static partial void Dead(ILogger logger, Guid id, string repository, string refName, string trigger, int attempt, string? reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "delivery {DeliveryId} to {Trigger} could not begin ({Reason}); this and others are tried again")]
        public static partial void CannotBegin(ILogger logger, Exception? exception, long deliveryId, string trigger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "the outcome of delivery {DeliveryId} to {Trigger} could not be recorded ({Reason}); this and others are tried again")]
        public static partial void CannotRecord(ILogger logger, Exception? exception, long deliveryId, string trigger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "trigger {Trigger} threw")]
        public static partial void TriggerThrew(ILogger logger, Exception exception, string trigger);
    }
}

/// <summary>What an attempt means for its lane and trigger.</summary>
internal enum AttemptEnd
{
    Delivered,
    Failed,

    /// <summary>Failed, and too old to be tried again.</summary>
    Expired,

    /// <summary>Refused for good.</summary>
    GivenUp,

    /// <summary>Refused for good together with everything else for this destination.</summary>
    Gone,

    /// <summary>Our own storage failed before anything was sent.</summary>
    NotBegun,
}

internal sealed record AttemptResult(LaneStart Start, AttemptEnd End, TimeSpan Wait, bool Held)
{
    /// <summary>How the receiver failed; null where it did not.</summary>
    public string? Error { get; init; }
}
