using System.Diagnostics.CodeAnalysis;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>
/// Decides which delivery of one trigger starts next, and when: lanes in order, pacing, back-off, breaker. It knows no clock and does nothing itself,
/// so a test can run days in it. Not thread-safe: its worker is its only caller.
/// </summary>
internal sealed class LaneBook
{
    private static readonly TimeSpan ForwardEvery = TimeSpan.FromSeconds(1);

    private readonly Dictionary<LaneKey, Lane> lanes = [];
    private readonly PriorityQueue<(Lane Lane, int Place), (TimeSpan, long)> fresh = new();
    private readonly PriorityQueue<(Lane Lane, int Place), (TimeSpan, long)> failing = new();
    private readonly SortedDictionary<long, DateTimeOffset> known = []; // by id, so the first is the oldest
    private readonly Dictionary<long, (Lane Lane, bool Probe, bool WasFailing)> inFlight = [];
    private readonly Dictionary<long, OwedDelivery> askedAgain = [];
    private TriggerConfig trigger;
    private StartLimiter limiter;
    private int failingSlots;
    private int slots;
    private Lane? newcomer;
    private int slotsTaken;
    private int failingSlotsTaken;

    public LaneBook(TriggerConfig trigger) => Reconfigure(trigger);

    public Breaker Breaker { get; } = new();
    public bool Paused { get; set; }
    public int Backlog => known.Count;
    public int InFlight => inFlight.Count;

    /// <summary>Creation time of the oldest delivery that is owed; null when nothing is.</summary>
    public DateTimeOffset? OldestCreatedAt => known.Count == 0 ? null : known.First().Value;

    /// <summary>Other limits hold from now on; what is under way counts against them.</summary>
    [MemberNotNull(nameof(trigger), nameof(limiter))]
    public void Reconfigure(TriggerConfig next)
    {
        limiter = trigger?.RequestsPerSecond == next.RequestsPerSecond ? limiter! : new StartLimiter(next.RequestsPerSecond);
        trigger = next;
        slots = next.MaxInFlight == 0 ? int.MaxValue : next.MaxInFlight;
        failingSlots = next.MaxInFlight == 0 ? int.MaxValue : Math.Max(1, next.MaxInFlight / 2);
    }

    /// <summary>Adds what became owed. Adding it twice is harmless.</summary>
    /// <param name="dueIn">How long a failing head still waits after a restart; zero for a new delivery.</param>
    public void Add(OwedDelivery delivery, TimeSpan now, TimeSpan dueIn = default)
    {
        if (!known.TryAdd(delivery.Id, delivery.CreatedAt))
        {
            // An operator may be faster than the end of the attempt that made it a dead letter: one that counts this attempt is no copy of what is in flight.
            if (delivery.OutOfOrder && inFlight.TryGetValue(delivery.Id, out var flight) && delivery.Attempts >= flight.Lane.Attempts)
            {
                askedAgain[delivery.Id] = delivery;
            }

            return;
        }

        var key = new LaneKey(delivery.Repository, delivery.Ref, delivery.OutOfOrder ? delivery.Id : 0);
        if (!lanes.TryGetValue(key, out var lane))
        {
            lanes[key] = lane = new Lane(key);
        }

        lane.Enqueue(delivery);
        if (lane.Count == 1)
        {
            lane.Failures = dueIn > TimeSpan.Zero ? delivery.Attempts : 0;
            lane.DueAt = now + dueIn;
            lane.HeldUntil = delivery.Held ? lane.DueAt : TimeSpan.Zero;
            Place(lane);
        }
        else if (lane is { Failing: true, InFlight: false } && !Breaker.IsOpen && lane.HeldUntil <= now && lane.DueAt > now)
        {
            // New work behind a failing head: worth a try, but not more than one a second.
            lane.DueAt = Max(now, Min(lane.DueAt, lane.LastProbedAt == TimeSpan.MinValue ? now : lane.LastProbedAt + ForwardEvery));
            Place(lane);
        }

        if (Breaker.IsOpen && !lane.Failing && !lane.InFlight)
        {
            newcomer = lane;
        }
    }

    /// <summary>Takes the next delivery to start. Null if there is none now; <paramref name="wakeAt"/> then tells when to ask again, unless something happens before.</summary>
    public LaneStart? Start(TimeSpan now, out TimeSpan? wakeAt)
    {
        wakeAt = null;
        if (Paused || lanes.Count == 0)
        {
            return null;
        }

        if (limiter.NextAt > now)
        {
            wakeAt = limiter.NextAt;
            return null;
        }

        return Breaker.IsOpen ? StartProbe(now, ref wakeAt) : StartNext(now, ref wakeAt);
    }

    /// <summary>Takes back a start whose attempt could not even begin, since our own storage failed: nobody else is to blame.</summary>
    public void Postpone(long deliveryId, TimeSpan now, TimeSpan wait)
    {
        var lane = Land(deliveryId);
        lane.TakeBack();
        lane.Passed.ForEach(delivery => known.TryAdd(delivery.Id, delivery.CreatedAt)); // nobody has recorded that they are passed over
        lane.DueAt = now + wait;
        lane.Failures = Math.Max(1, lane.Failures);
        Place(lane);
    }

    /// <summary>The head was accepted, refused for good, or is too old: its lane goes on.</summary>
    public void Finish(long deliveryId, TimeSpan now)
    {
        var lane = Land(deliveryId);
        known.Remove(lane.Dequeue().Id);
        lane.Passed.Clear();
        lane.HeldUntil = TimeSpan.Zero;
        lane.DueAt = now;
        if (lane.Count == 0)
        {
            lanes.Remove(lane.Key);
        }
        else
        {
            Place(lane);
        }

        if (askedAgain.Remove(deliveryId, out var again))
        {
            Add(again, now);
        }
    }

    /// <summary>The head is tried again later, breaker aside.</summary>
    /// <param name="held">The receiver asked for the wait: nothing shortens it.</param>
    public void Retry(long deliveryId, TimeSpan now, TimeSpan wait, bool held)
    {
        var lane = Land(deliveryId);
        lane.Passed.Clear();
        lane.Failures++;
        lane.DueAt = now + wait;
        lane.HeldUntil = held ? lane.DueAt : TimeSpan.Zero;
        Place(lane);
    }

    /// <summary>The receiver is back: all that waited is due now, but for lanes that it asked to hold.</summary>
    public void ReleaseAll(TimeSpan now)
    {
        newcomer = null;
        foreach (var lane in lanes.Values.Where(lane => !lane.InFlight))
        {
            lane.Failures = 0;
            lane.DueAt = Max(now, lane.HeldUntil);
            Place(lane);
        }
    }

    private LaneStart? StartNext(TimeSpan now, ref TimeSpan? wakeAt)
    {
        if (slotsTaken >= slots)
        {
            return null;
        }

        var healthy = Peek(fresh);
        var retry = failingSlotsTaken < failingSlots ? Peek(failing) : null;
        var next = (healthy, retry) switch
        {
            ({ } one, { } other) => one.DueAt <= other.DueAt ? one : other,
            _ => healthy ?? retry,
        };
        if (next is null)
        {
            return null;
        }

        if (next.DueAt > now)
        {
            wakeAt = next.DueAt;
            return null;
        }

        return Begin(next, now, probe: false);
    }

    private LaneStart? StartProbe(TimeSpan now, ref TimeSpan? wakeAt)
    {
        if (newcomer is { InFlight: false, Failing: false, Count: > 0 } fresher && fresher.HeldUntil <= now)
        {
            if (Breaker.NextNewcomerAt <= now)
            {
                newcomer = null;
                Breaker.Probed(now, newcomer: true);
                return Begin(fresher, now, probe: true);
            }

            wakeAt = Breaker.NextNewcomerAt;
        }

        if (Breaker.NextProbeAt > now)
        {
            wakeAt = wakeAt is { } earlier ? Min(earlier, Breaker.NextProbeAt) : Breaker.NextProbeAt;
            return null;
        }

        Breaker.Probed(now, newcomer: false);
        var probe = lanes.Values.Where(lane => !lane.InFlight && lane.HeldUntil <= now)
            .MinBy(lane => lane.Attempts == 0 ? (TimeSpan.MinValue, -lane.Head.Id) : (lane.LastProbedAt == TimeSpan.MinValue ? TimeSpan.Zero : lane.LastProbedAt, lane.Head.Id));
        if (probe is null)
        {
            wakeAt = Breaker.NextProbeAt;
            return null;
        }

        return Begin(probe, now, probe: true);
    }

    private LaneStart Begin(Lane lane, TimeSpan now, bool probe)
    {
        var wasFailing = lane.Failing; // of the lane, also where a newer delivery takes the place of the one that failed
        if (trigger.Coalesce == "latest")
        {
            lane.KeepNewest();
            lane.Passed.ForEach(delivery => known.Remove(delivery.Id));
        }

        lane.Place++;
        lane.LastProbedAt = now;
        limiter.Started(now);
        inFlight[lane.Head.Id] = (lane, probe, wasFailing);
        if (!probe)
        {
            slotsTaken++;
            failingSlotsTaken += wasFailing ? 1 : 0;
        }

        return new LaneStart(lane.Head, lane.Begin(), lane.Failures, probe, [.. lane.Passed.Select(delivery => delivery.Id)]);
    }

    private Lane Land(long deliveryId)
    {
        inFlight.Remove(deliveryId, out var flight);
        if (!flight.Probe)
        {
            slotsTaken--;
            failingSlotsTaken -= flight.WasFailing ? 1 : 0;
        }

        flight.Lane.InFlight = false;
        return flight.Lane;
    }

    private void Place(Lane lane) =>
        (lane.Failing ? failing : fresh).Enqueue((lane, ++lane.Place), (lane.DueAt, lane.Head.Id));

    private static Lane? Peek(PriorityQueue<(Lane Lane, int Place), (TimeSpan, long)> queue)
    {
        while (queue.TryPeek(out var item, out _))
        {
            if (item.Place == item.Lane.Place && !item.Lane.InFlight)
            {
                return item.Lane;
            }

            queue.Dequeue();
        }

        return null;
    }

    private static TimeSpan Min(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static TimeSpan Max(TimeSpan one, TimeSpan other) => one > other ? one : other;
}

/// <summary>A delivery to start now.</summary>
/// <param name="Delivery">The head of its lane.</param>
/// <param name="Attempt">Number of this attempt, from 1.</param>
/// <param name="Failures">Failures of this head so far, which the back-off grows with.</param>
/// <param name="Probe">Sent to learn whether the receiver is back.</param>
/// <param name="Superseded">Older deliveries of the lane that this one stands for.</param>
internal sealed record LaneStart(OwedDelivery Delivery, int Attempt, int Failures, bool Probe, IReadOnlyList<long> Superseded);
