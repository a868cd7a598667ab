using System.Collections.Concurrent;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Tells the owners of triggers what a commit made them owe. The rows are the truth; this only saves them looking.</summary>
internal sealed class Outbox(LiveFeed? feed = null)
{
    private readonly ConcurrentDictionary<string, Action<OwedDelivery>> owners = new(StringComparer.Ordinal);

    /// <summary>Tells of what is committed from now on for the trigger. Subscribe first, then read the rows: what comes twice has the same id.</summary>
    public void Subscribe(string trigger, Action<OwedDelivery> tell) => owners[trigger] = tell;

    /// <summary>Told of a trigger that owes something and has no owner: it left the configuration while a look was under way.</summary>
    public Action<string>? Orphaned { get; set; }

    public void Unsubscribe(string trigger) => owners.TryRemove(trigger, out _);

    /// <summary>Called after the commit, in the order of ids within a lane.</summary>
    public void Publish(string trigger, OwedDelivery delivery)
    {
        if (owners.TryGetValue(trigger, out var tell))
        {
            tell(delivery);
        }
        else
        {
            Orphaned?.Invoke(trigger);
        }

        if (delivery.OutOfOrder)
        {
            feed?.Publish(new LiveNote.Moved(delivery.CreatedAt, delivery.Id));
        }
    }
}

/// <summary>A delivery that is not finished.</summary>
internal sealed record OwedDelivery
{
    public long Id { get; init; }
    public string Repository { get; init; } = "";
    public string Ref { get; init; } = "";
    public string Status { get; init; } = DeliveryStatus.Waiting;
    public int Attempts { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
    /// <summary>What its age counts from: its creation, or the last time an operator asked for it.</summary>
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The receiver asked for the wait until then: nothing shortens it.</summary>
    public bool Held { get; init; }

    /// <summary>An operator asked for it: exempt from order.</summary>
    public bool OutOfOrder { get; init; }

    /// <summary>What happened, where the commit has just told it: saves its owner reading it. Never kept for what waits long.</summary>
    public ChangeEvent? Event { get; init; }
}
