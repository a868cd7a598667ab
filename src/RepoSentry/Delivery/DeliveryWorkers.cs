using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>One worker for each trigger, in the order of the configuration, which may change while they run.</summary>
internal sealed class DeliveryWorkers(CurrentConfig current, DestinationFactory destinations, Outbox outbox) : IDisposable
{
    private readonly TaskCompletionSource<string> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(DeliveryWorker Worker, Task Loop)> leaving = [];
    private CancellationToken ending;
    private bool running;
    private IReadOnlyList<Destination> known = destinations.MakeAll(current.Value);

    public IReadOnlyList<DeliveryWorker> All => [.. Destinations.Select(destination => destination.Worker)];

    public IReadOnlyList<Destination> Destinations => Volatile.Read(ref known);

    /// <summary>Ends with the name of a worker that ended by itself.</summary>
    public Task<string> Ended => ended.Task;

    /// <summary>Starts them all.</summary>
    public void Run(CancellationToken stopping)
    {
        (ending, running) = (stopping, true);
        foreach (var destination in Destinations)
        {
            Start(destination);
        }
    }

    /// <summary>Takes over another configuration: new ones start (their shards must be owned by now), changed ones go on with it, removed ones end.</summary>
    /// <returns>Whether any was removed.</returns>
    public bool Apply(SentryConfig config)
    {
        var before = Destinations.ToDictionary(destination => destination.Config.Name, StringComparer.Ordinal);
        var made = config.Triggers.Select(trigger => Make(trigger, before.Remove(trigger.Name, out var kept) ? kept : null, config)).ToList(); // all or none: this may fail
        Volatile.Write(ref known, [.. made.Select(take => take())]);
        foreach (var removed in before.Values)
        {
            outbox.Unsubscribe(removed.Config.Name);
            removed.Stop.Cancel();
            lock (leaving)
            {
                leaving.Add((removed.Worker, removed.Loop));
            }
        }

        return before.Count > 0;
    }

    private Func<Destination> Make(TriggerConfig trigger, Destination? kept, SentryConfig config)
    {
        if (kept is not null)
        {
            return kept.Config.Identity == trigger.Identity ? () => kept : destinations.Remake(kept, trigger, config);
        }

        var added = destinations.Make(trigger, config);
        return () =>
        {
            Start(added);
            return added;
        };
    }

    /// <summary>Waits for the loops, once they were told to end, then for what is in flight.</summary>
    public async Task DrainAsync(CancellationToken deadline)
    {
        var all = Destinations.Select(destination => (destination.Worker, destination.Loop)).Concat(Leaving()).ToList();
        await Task.WhenAll(all.Select(pair => pair.Loop)).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // who failed has said so
        await Task.WhenAll(all.Select(pair => pair.Worker.DrainAsync(deadline)));
    }

    /// <summary>Waits for what is in flight of those that were removed.</summary>
    public async Task DrainRemovedAsync(CancellationToken deadline)
    {
        foreach (var pair in Leaving())
        {
            await pair.Loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing); // who failed has said so
            await pair.Worker.DrainAsync(deadline);
            pair.Worker.Dispose();
            lock (leaving)
            {
                leaving.Remove(pair);
            }
        }
    }

    public void Dispose()
    {
        foreach (var destination in Destinations)
        {
            destination.Worker.Dispose();
            destination.Stop.Dispose();
        }
    }

    private List<(DeliveryWorker Worker, Task Loop)> Leaving()
    {
        lock (leaving)
        {
            return [.. leaving];
        }
    }

    private void Start(Destination destination)
    {
        if (running)
        {
            destination.Loop = RunAsync(destination);
        }
    }

    private async Task RunAsync(Destination destination)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ending, destination.Stop.Token);
        try
        {
            await destination.Worker.RunAsync(either.Token);
        }
        catch (Exception failure) when (failure is not StorageException || !either.IsCancellationRequested)
        {
            ended.TrySetResult($"{destination.Config.Name} ({failure.Message})");
            throw;
        }

        if (!either.IsCancellationRequested)
        {
            ended.TrySetResult(destination.Config.Name);
        }
    }
}

/// <summary>Where a trigger sends to, and who does it.</summary>
internal sealed record Destination(TriggerConfig Config, Abstractions.ITrigger Trigger, DeliveryWorker Worker)
{
    public CancellationTokenSource Stop { get; init; } = new();
    public Task Loop { get; set; } = Task.CompletedTask;
}
