using RepoSentry.Polling.Strategies;

namespace RepoSentry.Polling;

/// <summary>An owner whose pushes are listed, and which of its repositories are watched.</summary>
/// <param name="now">Seconds of the policy.</param>
internal sealed class SweptOwner(string name, double now)
{
    public string Name => name;

    /// <summary>How often something is pushed to any of them, and its place among the owners.</summary>
    public Cadence Cadence => field ??= new Cadence(new Intensity(now)) { Tag = this };

    public HashSet<PolledRepository> Members { get; } = [];

    /// <summary>The latest push that a whole list has told of, by the forge's clock; null before the first.</summary>
    public DateTimeOffset? Newest { get; set; }

    /// <summary>How far the forge's clock is ahead of ours.</summary>
    public TimeSpan Skew { get; set; }

    /// <summary>When the last list was asked for.</summary>
    public DateTimeOffset? ListedAt { get; set; }

    /// <summary>When that began, monotonic.</summary>
    public TimeSpan ListingSince { get; set; }

    /// <summary>Back to where a list must go, by the forge's clock; null where the latest pushes are enough: nobody was ever looked at.</summary>
    public DateTimeOffset? Since => Newest ?? Members.Min(member => member.LastLookedAt) + Skew - ListedPush.Doubt;
}

/// <summary>
/// What lists of pushes have told of one repository. A list may be ahead of the refs, and its times are whole seconds: one look that finds nothing, or that was
/// made within the second of the push, is followed by another.
/// </summary>
internal sealed class ListedPush
{
    private const int MostLooks = 2;

    /// <summary>What a look saw may be older than its time by so much: clocks differ, and a forge's copies are not the same at once.</summary>
    public static readonly TimeSpan Doubt = TimeSpan.FromMinutes(5);

    private static readonly TimeSpan Grain = TimeSpan.FromSeconds(2);

    private DateTimeOffset? answered;
    private DateTimeOffset? asked;
    private int looks;

    /// <summary>When a list last told that nothing had been pushed since the last look.</summary>
    public DateTimeOffset? UnmovedAt { get; set; }

    /// <summary>Whether a push that was listed has not been looked for to the end.</summary>
    public bool IsOpen => asked is not null;

    /// <summary>Takes note of the last push as a list tells it.</summary>
    /// <param name="pushedAt">By the forge's clock.</param>
    /// <param name="sureSince">Before this, what the last look saw is all there was; by the forge's clock. Null if it was never looked at.</param>
    /// <returns>Whether it tells something new.</returns>
    public bool Tell(DateTimeOffset pushedAt, DateTimeOffset? sureSince)
    {
        if (pushedAt <= (asked ?? answered))
        {
            return false;
        }

        if (asked is null && answered is null && pushedAt < sureSince)
        {
            answered = pushedAt;
            return false;
        }

        (asked, looks) = (pushedAt, 0);
        return true;
    }

    /// <summary>Takes note of a look that counts.</summary>
    /// <param name="at">When it began, by the forge's clock.</param>
    public void Looked(DateTimeOffset at, bool found)
    {
        if (asked is { } push && at >= push + Grain && (found || ++looks >= MostLooks))
        {
            (answered, asked) = (push, null);
        }
    }
}
