namespace RepoSentry.Polling.Strategies;

/// <summary>
/// Looks follow the expected changes: the interval of each repository is proportional to its current intensity to the power -0.45, and one factor for all is
/// steered so that just the budget is spent. Nobody waits longer than the longest interval. O(log N) for each look, no sums over the fleet.
/// </summary>
/// <remarks>A push waits half an interval on average, so that the sum of weight × rate × interval is least, for a given number of looks, at interval ∝ 1/√(weight × rate).</remarks>
/// <param name="shape">Another rule for the intervals, of which only their proportions count: rivals in a benchmark have one. Null for the policy's own.</param>
internal sealed class AdaptiveStrategy(LookLimits limits, HourProfile fleet, Func<Cadence, double, double>? shape = null) : IPollingStrategy
{
    private const double Exponent = -0.45;
    private const double Day = 86_400;
    private const double Learning = 0.1;
    private const double MostSteering = 2;
    private const double Early = 0.97;
    private const double MostUnequal = 4;

    private readonly PriorityQueue<(Cadence Cadence, int Place), double> due = new();
    private readonly Queue<(Cadence Cadence, int Place)> resting = new();
    private readonly LinkedList<Cadence> waiting = [];
    private LookLimits limits = limits;
    private double tokenAt = double.NegativeInfinity;
    private double steady;
    private double factor;

    public int Count { get; private set; }

    /// <summary>Seconds between two looks at each, if all had the same.</summary>
    private double Mean => Count / limits.PerSecond;

    private double Longest => Math.Min(limits.MaxInterval, MostUnequal * Mean);

    // After a time without looks none are made up for: what promises the most comes first, one for each token.
    public void Start(IReadOnlyCollection<Cadence> cadences, double now)
    {
        tokenAt = Math.Max(tokenAt, now);
        var rank = 0;
        foreach (var cadence in cadences.OrderByDescending(one => one.Weight * one.Intensity.At(now, fleet) * Math.Min(now - one.LookedAt, limits.MaxInterval)))
        {
            Join(cadence);
            cadence.DueAt = now + (rank++ / limits.PerSecond);
            cadence.Interval = cadence.DueAt - cadence.LookedAt;
            due.Enqueue((cadence, ++cadence.Place), cadence.DueAt);
            Order(cadence, now);
        }
    }

    public void Looked(Cadence cadence, double lookedAt)
    {
        Join(cadence);
        cadence.LookedAt = lookedAt;
        cadence.Interval = IntervalOf(cadence, lookedAt);
        cadence.DueAt = lookedAt + cadence.Interval;
        resting.Enqueue((cadence, ++cadence.Place));
        Order(cadence, lookedAt);
    }

    public void Remove(Cadence cadence)
    {
        if (!cadence.IsMember)
        {
            return;
        }

        cadence.IsMember = false;
        Leave(cadence);
        Resize(Count - 1);
    }

    /// <summary>Takes one out that is looked at out of turn; it comes back by <see cref="Looked"/>.</summary>
    public void Withdraw(Cadence cadence)
    {
        if (cadence.IsMember)
        {
            Leave(cadence);
        }
    }

    public Cadence? Take(double now, out double nextAt)
    {
        Wake(now);
        nextAt = tokenAt;
        if (now < tokenAt)
        {
            return null;
        }

        if (Next(now) is { } next)
        {
            return Give(next, now);
        }

        nextAt = resting.TryPeek(out var first) ? first.Cadence.LookedAt + limits.MinInterval : double.PositiveInfinity;
        return null;
    }

    /// <summary>Takes out more after <see cref="Take"/>, for the same request: those whose turn is next, due or not. Each has its token, so that the next request comes the later.</summary>
    /// <param name="count">At most so many.</param>
    /// <param name="fits">Whether one can be looked at in company; the others keep their place.</param>
    public void TakeAlong(double now, int count, Predicate<Cadence> fits, ICollection<Cadence> into)
    {
        var kept = new List<(Cadence Cadence, int Place)>();
        for (var taken = 0; taken < count; taken++)
        {
            if (Overdue(now) is { } oldest && fits(oldest))
            {
                into.Add(Give(oldest, now));
                continue;
            }

            while (Earliest() is { } passed && !fits(passed))
            {
                kept.Add(due.Dequeue());
            }

            if (Earliest() is not { } next)
            {
                break;
            }

            into.Add(Give(next, now));
        }

        kept.ForEach(one => due.Enqueue(one, one.Cadence.DueAt));
    }

    private Cadence Give(Cadence next, double now)
    {
        tokenAt = limits.TokenAfter(tokenAt, now);
        Steer(now - next.DueAt);
        Leave(next);
        return next;
    }

    public void Limit(LookLimits limits, double now)
    {
        var ratio = this.limits.PerSecond / limits.PerSecond;
        (this.limits, steady, factor) = (limits, steady * ratio, factor * ratio);
        tokenAt = Math.Min(tokenAt, now + (1 / limits.PerSecond));
        due.Clear();
        resting.Clear();
        foreach (var cadence in waiting)
        {
            cadence.Interval = Math.Min(cadence.Interval * ratio, Early * Longest);
            cadence.DueAt = Math.Max(now, cadence.LookedAt + cadence.Interval);
            if (Rests(cadence, now))
            {
                resting.Enqueue((cadence, ++cadence.Place));
            }
            else
            {
                due.Enqueue((cadence, ++cadence.Place), cadence.DueAt);
            }
        }
    }

    private double IntervalOf(Cadence cadence, double now) =>
        Math.Max(limits.MinInterval, Math.Min(factor * (shape?.Invoke(cadence, now) ?? Math.Pow(cadence.Weight * cadence.Intensity.At(now, fleet) * Day, Exponent)), Early * Longest));

    // The factor follows the lateness at once, and remembers a little of it: late looks mean that more is wanted than there is.
    private void Steer(double late)
    {
        var lateness = Math.Clamp(late / Mean, -MostSteering, MostSteering);
        steady *= Math.Exp(Learning * lateness / Count);
        factor = steady * Math.Exp(lateness);
    }

    private void Wake(double now)
    {
        while (resting.TryPeek(out var first) && (first.Place != first.Cadence.Place || !Rests(first.Cadence, now)))
        {
            resting.Dequeue();
            if (first.Place == first.Cadence.Place)
            {
                due.Enqueue(first, first.Cadence.DueAt);
            }
        }
    }

    private bool Rests(Cadence cadence, double now) => cadence.LookedAt + limits.MinInterval > now;

    private Cadence? Next(double now) => Overdue(now) ?? Earliest();

    // The one that waits longest goes first where it would pass its limit before its turn. Last looks lie a token apart, and so do these limits: none is missed.
    private Cadence? Overdue(double now) =>
        waiting.First is { Value: var oldest } && !Rests(oldest, now) && now - oldest.WaitsSince >= limits.MaxInterval - ((1 + limits.AtOnce) / limits.PerSecond) ? oldest : null;

    private Cadence? Earliest()
    {
        while (due.TryPeek(out var first, out _))
        {
            if (first.Place == first.Cadence.Place)
            {
                return first.Cadence;
            }

            due.Dequeue();
        }

        return null;
    }

    private void Join(Cadence cadence)
    {
        if (!cadence.IsMember)
        {
            cadence.IsMember = true;
            Resize(Count + 1);
        }
    }

    // As many more looks are wanted as there are more repositories.
    private void Resize(int count)
    {
        var ratio = Count > 0 ? (double)count / Count : 0;
        Count = count;
        (steady, factor) = ratio > 0 ? (steady * ratio, factor * ratio) : (Mean, Mean);
    }

    private void Leave(Cadence cadence)
    {
        cadence.Place++;
        if (cadence.Node is { List: not null } node)
        {
            waiting.Remove(node);
        }
    }

    // Looks end in almost the order in which they began: the walk is short.
    private void Order(Cadence cadence, double since)
    {
        cadence.WaitsSince = since;
        var node = cadence.Node ??= new LinkedListNode<Cadence>(cadence);
        var before = waiting.Last;
        while (before is not null && before.Value.WaitsSince > since)
        {
            before = before.Previous;
        }

        if (before is null)
        {
            waiting.AddFirst(node);
        }
        else
        {
            waiting.AddAfter(before, node);
        }
    }
}
