using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>Deliveries of one repository and ref to one trigger: they go in order, one at a time.</summary>
/// <param name="Exempt">Id of a delivery that an operator asked for: a lane of its own. 0 normally.</param>
internal readonly record struct LaneKey(string Repository, string Ref, long Exempt = 0);

/// <summary>The state of a lane. Times are monotonic.</summary>
internal sealed class Lane(LaneKey key)
{
    private readonly Queue<OwedDelivery> waiting = new();

    public LaneKey Key { get; } = key;
    public OwedDelivery Head => waiting.Peek();
    public int Count => waiting.Count;
    public bool InFlight { get; set; }

    /// <summary>Attempts made of the head, over restarts.</summary>
    public int Attempts { get; private set; }

    /// <summary>Failures since the last success, restart or closing breaker: what the back-off grows with.</summary>
    public int Failures { get; set; }

    /// <summary>When the head may be tried.</summary>
    public TimeSpan DueAt { get; set; }

    /// <summary>The receiver asked to be left alone with this lane until then.</summary>
    public TimeSpan HeldUntil { get; set; }
    public TimeSpan LastProbedAt { get; set; } = TimeSpan.MinValue;

    /// <summary>What the head stands for, until an attempt at it has begun and that is on record.</summary>
    public List<OwedDelivery> Passed { get; } = [];

    /// <summary>Grows with each change of place in a queue, so that an old place is recognised as void.</summary>
    public int Place { get; set; }

    public bool Failing => Failures > 0;

    public void Enqueue(OwedDelivery delivery)
    {
        waiting.Enqueue(delivery);
        if (waiting.Count == 1)
        {
            Attempts = delivery.Attempts;
        }
    }

    /// <summary>Begins an attempt and returns its number.</summary>
    public int Begin()
    {
        InFlight = true;
        return ++Attempts;
    }

    /// <summary>It was no attempt at all.</summary>
    public void TakeBack() => Attempts--;

    /// <summary>Removes the finished head.</summary>
    public OwedDelivery Dequeue()
    {
        var head = waiting.Dequeue();
        Attempts = waiting.TryPeek(out var next) ? next.Attempts : 0;
        Failures = 0;
        return head;
    }

    /// <summary>Removes all but the newest.</summary>
    public void KeepNewest()
    {
        while (waiting.Count > 1)
        {
            Passed.Add(Dequeue());
        }
    }
}
