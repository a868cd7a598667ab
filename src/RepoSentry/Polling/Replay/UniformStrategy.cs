using RepoSentry.Polling.Strategies;

namespace RepoSentry.Polling.Replay;

/// <summary>Everyone at the same interval: the longest of the limits, or what the budget allows where that is longer.</summary>
internal sealed class UniformStrategy(LookLimits limits) : IPollingStrategy
{
    private readonly PriorityQueue<(Cadence Cadence, int Place), double> due = new();
    private LookLimits limits = limits;
    private double tokenAt = double.NegativeInfinity;

    public int Count { get; private set; }

    private double Interval => Math.Max(limits.MaxInterval, Count / limits.PerSecond);

    public void Start(IReadOnlyCollection<Cadence> cadences, double now)
    {
        foreach (var cadence in cadences)
        {
            Join(cadence);
        }

        tokenAt = Math.Max(tokenAt, now);
        var rank = 0;
        foreach (var cadence in cadences)
        {
            Place(cadence, now + (Interval * rank++ / cadences.Count));
        }
    }

    public void Looked(Cadence cadence, double lookedAt)
    {
        Join(cadence);
        cadence.LookedAt = lookedAt;
        var next = cadence.DueAt + Interval;
        Place(cadence, next > lookedAt ? next : lookedAt + Interval);
    }

    public void Remove(Cadence cadence)
    {
        if (cadence.IsMember)
        {
            cadence.IsMember = false;
            cadence.Place++;
            Count--;
        }
    }

    public Cadence? Take(double now, out double nextAt)
    {
        nextAt = double.PositiveInfinity;
        while (due.TryPeek(out var first, out var dueAt))
        {
            if (first.Place != first.Cadence.Place)
            {
                due.Dequeue();
                continue;
            }

            nextAt = Math.Max(dueAt, tokenAt);
            if (nextAt > now)
            {
                return null;
            }

            due.Dequeue();
            first.Cadence.Place++;
            tokenAt = limits.TokenAfter(tokenAt, now);
            return first.Cadence;
        }

        return null;
    }

    public void Limit(LookLimits limits, double now)
    {
        var before = Interval;
        this.limits = limits;
        var ratio = Interval / before;
        var all = due.UnorderedItems.Select(item => item.Element).Where(item => item.Place == item.Cadence.Place).ToList();
        due.Clear();
        foreach (var (cadence, _) in all)
        {
            Place(cadence, Math.Max(now, cadence.LookedAt + ((cadence.DueAt - cadence.LookedAt) * ratio)));
        }
    }

    private void Join(Cadence cadence)
    {
        if (!cadence.IsMember)
        {
            cadence.IsMember = true;
            Count++;
        }
    }

    private void Place(Cadence cadence, double dueAt)
    {
        (cadence.DueAt, cadence.Interval) = (dueAt, Interval);
        due.Enqueue((cadence, ++cadence.Place), dueAt);
    }
}
