using System.Threading.Channels;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>Owns one trigger: takes over what it is owed, starts what its lanes allow, and lets each outcome decide what comes next.</summary>
internal sealed partial class DeliveryWorker : IDisposable
{
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);
    private const int GiveUpsToPause = 5;

    /// <summary>A long backlog is read when its turn comes, one by one.</summary>
    private const int EventsInMemory = 10_000;

    private readonly Channel<Signal> signals = Channel.CreateUnbounded<Signal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly LaneBook book;
    private readonly DeliveryStore store;
    private readonly TriggerHaltStore haltStore;
    private readonly Outbox outbox;
    private readonly Ownership ownership;
    private readonly TimeProvider time;
    private readonly ILogger<DeliveryWorker> logger;
    private readonly CancellationTokenSource cutSending = new();
    private readonly long startedAt;
    private Task persisting = Task.CompletedTask;
    private HaltLog halts = new([]);
    private int attempts;
    private int giveUps;
    private string? lastFailure;
    private TriggerConfig config;
    private AttemptRunner runner;
    private TriggerView view;

    public DeliveryWorker(
        TriggerConfig config, AttemptRunner runner, DeliveryStore store, TriggerHaltStore haltStore, Outbox outbox, Ownership ownership, TimeProvider time, ILogger<DeliveryWorker> logger)
    {
        (this.config, this.runner, this.store, this.haltStore, this.outbox, this.ownership, this.time, this.logger) = (config, runner, store, haltStore, outbox, ownership, time, logger);
        Name = config.Name;
        book = new LaneBook(config);
        startedAt = time.GetTimestamp();
        view = TriggerView.Of(config, "running", null, 0, 0, null);
    }

    public string Name { get; }

    /// <summary>The state as last published: after whatever happened last.</summary>
    public TriggerView View => Volatile.Read(ref view);

    private TimeSpan Now => time.GetElapsedTime(startedAt);

    /// <summary>Ends a pause.</summary>
    /// <returns>Ends when <see cref="View"/> shows it; never where the worker has ended.</returns>
    public Task ResumeAsync() => AskAsync(new Signal.Resumed());

    /// <summary>Sends nothing until it is resumed.</summary>
    /// <returns>Ends when <see cref="View"/> shows it; never where the worker has ended.</returns>
    public Task PauseAsync() => AskAsync(new Signal.PauseAsked());

    /// <summary>Another destination, or other limits: for every attempt that begins from now on.</summary>
    public void Reconfigure(TriggerConfig next, AttemptRunner attempts) => signals.Writer.TryWrite(new Signal.Reconfigured(next, attempts));

    public async Task RunAsync(CancellationToken stopping)
    {
        outbox.Subscribe(Name, delivery => signals.Writer.TryWrite(new Signal.Owed(delivery)));
        await TakeOverAsync(stopping);
        await using var alarm = time.CreateTimer(_ => signals.Writer.TryWrite(new Signal.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var stop = stopping.Register(() => signals.Writer.TryWrite(new Signal.Tick()));
        while (!stopping.IsCancellationRequested)
        {
            while (signals.Reader.TryRead(out var signal))
            {
                await HandleAsync(signal);
            }

            if (stopping.IsCancellationRequested)
            {
                break;
            }

            alarm.Change(StartAll(), Timeout.InfiniteTimeSpan);
            Publish();
            await signals.Reader.WaitToReadAsync(CancellationToken.None);
        }
    }

    /// <summary>Waits for what is in flight; what does not answer within the limit is cut, and sent again with the same id after the restart.</summary>
    public async Task DrainAsync(CancellationToken deadline)
    {
        await using var cut = deadline.Register(cutSending.Cancel);
        while (attempts > 0 && await signals.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (signals.Reader.TryRead(out var signal))
            {
                if (signal is Signal.Ended ended)
                {
                    await HandleAsync(ended);
                }
            }
        }

        await Task.WhenAny(persisting, Task.Delay(Timeout.InfiniteTimeSpan, deadline)); // a pause that the disk has not taken yet
        await cutSending.CancelAsync();
        Publish();
    }

    public void Dispose() => cutSending.Dispose();

    private Task AskAsync(Signal.Order order)
    {
        signals.Writer.TryWrite(order);
        return order.Done.Task;
    }

    private async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        halts = new HaltLog(await haltStore.LoadAsync(Name, cancellationToken));
        book.Paused = halts.Open(TriggerHalt.Pause) is not null;
        if (halts.Open(TriggerHalt.Breaker) is not null)
        {
            book.Breaker.Resume(Now);
        }

        var owed = await store.TakeOverAsync(ownership.Claim(Shards.Trigger(Name)), Name, cancellationToken);
        var wall = time.GetUtcNow();
        foreach (var delivery in owed)
        {
            // A clock that jumped must neither fire nor freeze: no stored wait is longer than the longest back-off.
            var wait = delivery is { Status: DeliveryStatus.Waiting, NextAttemptAt: { } due } && due > wall ? due - wall : TimeSpan.Zero;
            book.Add(delivery, Now, wait < config.Retry.Max ? wait : config.Retry.Max);
        }

        if (owed.Count > 0)
        {
            Log.TakenOver(logger, Name, owed.Count);
        }
    }

    private TimeSpan StartAll()
    {
        TimeSpan? wakeAt;
        while (book.Start(Now, out wakeAt) is { } start)
        {
            attempts++;
            _ = AttemptAsync(start);
        }

        return wakeAt is not { } at ? Timeout.InfiniteTimeSpan : at - Now is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero; // one reading: a pause between two would make a negative wait, which no timer takes
    }

    private async Task AttemptAsync(LaneStart start)
    {
        AttemptResult? result = null;
        try
        {
            await Task.Yield();
            result = await runner.RunAsync(start, ownership.Claim(Shards.Trigger(Name)), halts, cutSending.Token);
        }
        catch (Exception e)
        {
            Log.Abandoned(logger, e, start.Delivery.Id, Name);
        }

        signals.Writer.TryWrite(new Signal.Ended(start, result));
    }

    private async Task HandleAsync(Signal signal)
    {
        switch (signal)
        {
            case Signal.Owed(var delivery):
                book.Add(book.Backlog < EventsInMemory ? delivery : delivery with { Event = null }, Now);
                break;
            case Signal.Ended(var start, var result):
                attempts--;
                await SettleAsync(start, result);
                break;
            case Signal.Reconfigured(var next, var attempts):
                (config, runner) = (next, attempts);
                book.Reconfigure(next);
                break;
            case Signal.Resumed:
                await GoOnAsync();
                break;
            case Signal.PauseAsked:
                await HoldAsync("paused by an operator");
                break;
            default:
                break;
        }

        if (signal is Signal.Order order)
        {
            Publish();
            order.Done.SetResult();
        }
    }

    private async Task SettleAsync(LaneStart start, AttemptResult? result)
    {
        switch (result?.End)
        {
            case AttemptEnd.Delivered:
                (giveUps, lastFailure) = (0, null);
                book.Finish(start.Delivery.Id, Now);
                await CloseBreakerAsync();
                break;
            case AttemptEnd.Failed:
                book.Retry(start.Delivery.Id, Now, result.Wait, result.Held);
                await CountFailureAsync(result.Error);
                break;
            case AttemptEnd.Expired:
                book.Finish(start.Delivery.Id, Now);
                await CountFailureAsync(result.Error);
                break;
            case AttemptEnd.GivenUp or AttemptEnd.Gone:
                book.Finish(start.Delivery.Id, Now);
                book.Breaker.Answered(Now);
                await CountGiveUpAsync(result.End == AttemptEnd.Gone);
                break;
            default:
                book.Postpone(start.Delivery.Id, Now, TimeSpan.FromSeconds(1));
                break;
        }
    }

    private async Task CountFailureAsync(string? error)
    {
        var reason = lastFailure = error is null ? "the receiver fails" : $"the receiver fails: {error}";
        if (book.Breaker.Failed(Now))
        {
            halts.Begin(TriggerHalt.Breaker, reason, time.GetUtcNow());
            Log.Opened(logger, Name);
            await PersistAsync(() => haltStore.BeginAsync(Name, TriggerHalt.Breaker, reason, CancellationToken.None));
        }
    }

    private async Task CloseBreakerAsync()
    {
        if (book.Breaker.Succeeded())
        {
            book.ReleaseAll(Now);
            halts.End(TriggerHalt.Breaker, time.GetUtcNow());
            Log.Closed(logger, Name, book.Backlog);
            await PersistAsync(() => haltStore.EndAsync(Name, TriggerHalt.Breaker, CancellationToken.None));
        }
    }

    private async Task CountGiveUpAsync(bool gone)
    {
        if (gone || ++giveUps >= GiveUpsToPause)
        {
            await HoldAsync(gone
                ? "the receiver answered 410 Gone"
                : $"the receiver refused {giveUps} deliveries in a row for good: look at their answers, then resume");
        }
    }

    private async Task HoldAsync(string reason)
    {
        book.Paused = true;
        halts.Begin(TriggerHalt.Pause, reason, time.GetUtcNow());
        Log.Paused(logger, Name, reason);
        await PersistAsync(() => haltStore.BeginAsync(Name, TriggerHalt.Pause, reason, CancellationToken.None));
    }

    private async Task GoOnAsync()
    {
        giveUps = 0;
        book.Paused = false;
        book.ReleaseAll(Now);
        halts.End(TriggerHalt.Pause, time.GetUtcNow());
        Log.ResumedSending(logger, Name, book.Backlog);
        await PersistAsync(() => haltStore.EndAsync(Name, TriggerHalt.Pause, CancellationToken.None));
    }

    // A pause that the disk does not take now is written as soon as it does, in order with those after it.
    private async Task PersistAsync(Func<Task> write)
    {
        if (persisting.IsCompleted)
        {
            try
            {
                await write();
                return;
            }
            catch (StorageException e)
            {
                Log.HaltNotStored(logger, Name, e.Message);
            }
        }

        persisting = KeepTryingAsync(persisting, write);
    }

    private async Task KeepTryingAsync(Task earlier, Func<Task> write)
    {
        await earlier;
        while (!cutSending.IsCancellationRequested)
        {
            await Task.Delay(StorageRetry, time, CancellationToken.None);
            try
            {
                await write();
                return;
            }
            catch (StorageException)
            {
                // told once; the next try follows
            }
        }
    }

    private void Publish()
    {
        var state = book.Paused ? "paused" : book.Breaker.IsOpen ? "open" : "running";
        var reason = halts.Open(TriggerHalt.Pause) is { } pause ? pause.Reason : halts.Open(TriggerHalt.Breaker) is { } breaker ? lastFailure ?? breaker.Reason : null; // the failure before a restart, until there is another
        Volatile.Write(ref view, TriggerView.Of(config, state, reason, book.Backlog, book.InFlight, book.OldestCreatedAt));
    }

    private abstract record Signal
    {
        internal sealed record Owed(OwedDelivery Delivery) : Signal;

        internal sealed record Ended(LaneStart Start, AttemptResult? Result) : Signal;

        internal sealed record Reconfigured(TriggerConfig Config, AttemptRunner Runner) : Signal;

        /// <summary>Somebody waits until it is done.</summary>
        internal abstract record Order : Signal
        {
            public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        internal sealed record Resumed : Order;

        internal sealed record PauseAsked : Order;

        internal sealed record Tick : Signal;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "trigger {Trigger} goes on with {Count} deliveries of before")]
        public static partial void TakenOver(ILogger logger, string trigger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "the receiver of trigger {Trigger} fails: deliveries wait, a probe goes every 10 s")]
        public static partial void Opened(ILogger logger, string trigger);

        [LoggerMessage(Level = LogLevel.Information, Message = "the receiver of trigger {Trigger} is back: {Count} deliveries go on")]
        public static partial void Closed(ILogger logger, string trigger, int count);

        [LoggerMessage(Level = LogLevel.Warning, Message = "trigger {Trigger} is paused: {Reason}")]
        public static partial void Paused(ILogger logger, string trigger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "trigger {Trigger} is resumed: {Count} deliveries go on")]
        public static partial void ResumedSending(ILogger logger, string trigger, int count);

        [LoggerMessage(Level = LogLevel.Error, Message = "attempt at delivery {DeliveryId} to {Trigger} was abandoned")]
        public static partial void Abandoned(ILogger logger, Exception exception, long deliveryId, string trigger);

        [LoggerMessage(Level = LogLevel.Error, Message = "the state of trigger {Trigger} could not be stored ({Reason}); it is written as soon as that works")]
        public static partial void HaltNotStored(ILogger logger, string trigger, string reason);
    }
}
