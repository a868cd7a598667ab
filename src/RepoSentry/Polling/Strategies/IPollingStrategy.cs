namespace RepoSentry.Polling.Strategies;

/// <summary>
/// Who is looked at when, among the repositories that share a budget of looks. It knows no clock and does nothing by itself: times are given to it, in seconds
/// from a Monday at midnight UTC, so that the service and a replay of two years run the same code. Not thread-safe.
/// </summary>
internal interface IPollingStrategy
{
    /// <summary>Repositories in it.</summary>
    int Count { get; }

    /// <summary>Takes in repositories that were looked at before, all at once: they are spread over the time that one round takes.</summary>
    void Start(IReadOnlyCollection<Cadence> cadences, double now);

    /// <summary>Puts one in after a look, or back.</summary>
    /// <param name="lookedAt">When the look began.</param>
    void Looked(Cadence cadence, double lookedAt);

    void Remove(Cadence cadence);

    /// <summary>Takes out whose turn it is; it comes back by <see cref="Looked"/>.</summary>
    /// <param name="nextAt">When to ask again, if it is nobody's; infinity if there is nobody.</param>
    Cadence? Take(double now, out double nextAt);

    /// <summary>Another budget or other limits while it runs.</summary>
    void Limit(LookLimits limits, double now);
}

/// <summary>What a strategy may spend.</summary>
/// <param name="PerSecond">Looks a second for all together.</param>
/// <param name="MinInterval">Seconds between two looks at a repository, at least.</param>
/// <param name="MaxInterval">Seconds between two looks at a repository, at most.</param>
/// <param name="AtOnce">Looks that are made together, with one request.</param>
internal sealed record LookLimits(double PerSecond, double MinInterval, double MaxInterval, int AtOnce = 1)
{
    // A timer that wakes late, or a pause of the process, must not cost looks; a longer time without looks is not made up for.
    private const double Saved = 0.25;

    /// <summary>When the next look may begin, after one that takes its token now.</summary>
    public double TokenAfter(double tokenAt, double now) => Math.Max(tokenAt, now - Math.Max(Saved, 1 / PerSecond)) + (1 / PerSecond);
}

/// <summary>A repository in a strategy.</summary>
internal sealed class Cadence(Intensity intensity, double weight = 1)
{
    public Intensity Intensity { get; } = intensity;

    /// <summary>How much sooner its changes are wanted than those of others.</summary>
    public double Weight { get; set; } = weight;

    /// <summary>What it belongs to.</summary>
    public object? Tag { get; init; }

    public double LookedAt { get; set; } = double.NegativeInfinity;

    public double DueAt { get; set; }

    /// <summary>Seconds from the last look to the due one.</summary>
    public double Interval { get; set; }

    /// <summary>Leaves its strategy, which is gone; what it has learnt stays.</summary>
    public void Forget()
    {
        IsMember = false;
        Place++;
        Node = null;
    }

    /// <summary>Grows whenever an earlier place in a queue becomes void.</summary>
    internal int Place { get; set; }

    /// <summary>From when on its longest interval counts: its last look, or the start after a time without looks.</summary>
    internal double WaitsSince { get; set; }

    /// <summary>Its place among the others by how long they wait.</summary>
    internal LinkedListNode<Cadence>? Node { get; set; }

    internal bool IsMember { get; set; }
}
