using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>When to look next: each repository at its interval. Pure.</summary>
/// <param name="stretch">How much longer than asked for each waits, where its credential's budget is short.</param>
internal sealed class FixedStrategy(Func<PollingConfig> current, Func<RepositoryConfig, double>? stretch = null)
{
    private PollingConfig Config => current();

    public TimeSpan IntervalOf(RepositoryConfig repository) => (repository.PollingInterval ?? Config.Interval) * (stretch?.Invoke(repository) ?? 1);

    /// <summary>One that the forge has archived is looked at rarely: it can only come back to life.</summary>
    public TimeSpan IntervalOf(RepositoryConfig repository, bool archived) =>
        archived && Config.MaxInterval > IntervalOf(repository) ? Config.MaxInterval : IntervalOf(repository);

    /// <summary>The first place in the schedule. Never-seen repositories at once, in file order; the others at random within their interval, never all at once.</summary>
    /// <param name="sinceLastLook">Null if it was never looked at.</param>
    /// <param name="random">In [0, 1).</param>
    public TimeSpan FirstAt(RepositoryConfig repository, TimeSpan now, TimeSpan? sinceLastLook, double random)
    {
        if (sinceLastLook is not { } since)
        {
            return now;
        }

        var interval = IntervalOf(repository);
        var left = interval - since;
        return left > TimeSpan.Zero && left < interval ? now + left : now + (interval * random);
    }

    /// <summary>After a look that counts.</summary>
    /// <param name="first">It was the first ever: its second one gets a random phase, so that a fleet does not look in step.</param>
    public TimeSpan NextAt(RepositoryConfig repository, bool archived, TimeSpan dueAt, TimeSpan now, bool first, double random)
    {
        var interval = IntervalOf(repository, archived);
        var next = first ? now + (interval * random) : dueAt + interval;
        return next > now ? next : now + interval;
    }

    /// <summary>After a look that failed for good: an unavailable repository waits no longer than usual, one that refuses us longer each time.</summary>
    /// <param name="failedLooks">Looks in a row that failed, at least 1.</param>
    public TimeSpan AfterFailure(RepositoryConfig repository, TimeSpan now, RefSourceError error, int failedLooks)
    {
        var interval = IntervalOf(repository);
        if (error is not (RefSourceError.Unauthorized or RefSourceError.NotFound))
        {
            return now + interval;
        }

        var longest = Config.MaxInterval > interval ? Config.MaxInterval : interval;
        var grown = interval * Math.Pow(2, Math.Min(failedLooks - 1, 30));
        return now + (grown < longest ? grown : longest);
    }
}
