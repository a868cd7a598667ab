namespace RepoSentry.Providers.GitHub;

/// <summary>
/// One of a credential's quotas. Its primary limit is told in headers; the secondary ones tell nothing before they refuse, so that we stay below them by ourselves.
/// </summary>
/// <param name="resource">GitHub's name of it.</param>
/// <param name="perHour">Points an hour of the primary limit.</param>
/// <param name="secondaryPerHour">Points an hour that keep away from the secondary limits.</param>
internal sealed class GitHubQuota(string resource, int perHour, int burst, int secondaryPerHour, int secondaryBurst, TimeProvider time)
{
    private readonly TokenBucket primary = new(perHour, burst, time);
    private readonly TokenBucket secondary = new(secondaryPerHour, secondaryBurst, time);
    private readonly Lock gate = new();
    private RateLimitState? state;
    private long stateAt;
    private TimeSpan stateLasts;

    public RateLimitState? Current
    {
        get
        {
            lock (gate)
            {
                return state;
            }
        }
    }

    /// <summary>How long to stay away, and why; zero if a request may go.</summary>
    public (TimeSpan For, string Because) Wait()
    {
        TimeSpan reserved;
        lock (gate)
        {
            reserved = state is { } told && told.Remaining <= told.Reserve ? stateLasts - time.GetElapsedTime(stateAt) : TimeSpan.Zero;
        }

        return reserved > TimeSpan.Zero ? (reserved, "the rest of GitHub's limit is left to others")
            : primary.Wait() is var spent && spent > TimeSpan.Zero ? (spent, "the budget of requests_per_hour is used up")
            : (secondary.Wait(), "more requests a minute than GitHub allows");
    }

    public void Take(int points, bool isFree)
    {
        secondary.Take(points);
        if (!isFree)
        {
            primary.Take(points);
        }
    }

    /// <summary>Takes note of what an answer's headers tell.</summary>
    public void Note(HttpResponseMessage response, TimeSpan? untilReset)
    {
        if (ForgeHttp.Number(response, "x-ratelimit-limit") is not { } limit
            || ForgeHttp.Number(response, "x-ratelimit-remaining") is not { } remaining
            || (ForgeHttp.Header(response, "x-ratelimit-resource") is { } named && named != resource)
            || untilReset is not { } lasts)
        {
            return;
        }

        lock (gate)
        {
            var told = new RateLimitState(limit, remaining, time.GetUtcNow() + lasts, resource);
            var newer = RateLimitState.Newer(stateLasts > time.GetElapsedTime(stateAt) ? state : null, told);
            if (ReferenceEquals(newer, told))
            {
                (state, stateAt, stateLasts) = (told, time.GetTimestamp(), lasts);
            }
        }
    }
}
