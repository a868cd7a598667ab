using System.Globalization;
using System.Net;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitHub;

/// <summary>GitHub's limits on one credential: a quota for each of its interfaces, and one word to all when a limit is passed.</summary>
internal sealed class GitHubRateLimit(GitHubOptions options, TimeProvider time)
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(65);

    private readonly Lock gate = new();
    private long pausedAt;
    private TimeSpan pause;
    private int refusals;
    private DateTimeOffset? tokenEnd;

    /// <summary>Of the REST interface: answers other than 304 count. 900 points a minute are allowed, a GET is one: 300 at once and 600 a minute never pass that.</summary>
    public GitHubQuota Core { get; } = new("core", options.RequestsPerHour, options.Burst, 36_000, 300, time);

    /// <summary>Of the GraphQL interface: 2,000 points a minute are allowed, 600 at once and 1,200 a minute never pass that.</summary>
    public GitHubQuota Graph { get; } = new("graphql", options.RequestsPerHour, options.Burst, 72_000, 600, time);

    /// <summary>When the token expires; null while GitHub has not told, and for a token without an end.</summary>
    public DateTimeOffset? TokenEnd
    {
        get
        {
            lock (gate)
            {
                return tokenEnd;
            }
        }
    }

    /// <summary>Called before each request: what would be refused, or would eat into the reserve, is not even asked.</summary>
    public void ThrowIfSpent(GitHubQuota quota)
    {
        TimeSpan paused;
        lock (gate)
        {
            paused = pause - time.GetElapsedTime(pausedAt);
        }

        Throw(RefSourceError.RateLimited, paused, "GitHub asked to wait");
        var (wait, reason) = quota.Wait();
        Throw(quota == Graph ? RefSourceError.Unavailable : RefSourceError.RateLimited, wait, reason); // without points of GraphQL, the other interface still answers
    }

    /// <summary>Called with each answer.</summary>
    /// <param name="points">What it costs; nothing where it is a 304 to one who says who they are.</param>
    public void Note(HttpResponseMessage response, GitHubQuota quota, int points = 1)
    {
        quota.Take(points, isFree: response.StatusCode == HttpStatusCode.NotModified && options.Token is not null);
        quota.Note(response, UntilReset(response));
        NoteTokenEnd(response);
        if ((int)response.StatusCode < 400)
        {
            Interlocked.Exchange(ref refusals, 0);
        }
    }

    /// <summary>How long a refusal asks to wait; null if it is not for the sake of a limit.</summary>
    /// <param name="body">Its text, for the secondary limits tell themselves in words only.</param>
    public TimeSpan? Refused(HttpResponseMessage response, string body)
    {
        if ((int)response.StatusCode is not (403 or 429))
        {
            return null;
        }

        TimeSpan? asked = ForgeHttp.RetryAfter(response, time) is { } after ? Clamp(after, TimeSpan.FromSeconds(1))
            : ForgeHttp.Number(response, "x-ratelimit-remaining") == 0 ? AfterReset(response)
            : (int)response.StatusCode == 429 || IsSecondary(body) ? Growing()
            : null;
        if (asked is { } wait)
        {
            lock (gate)
            {
                if (wait > pause - time.GetElapsedTime(pausedAt))
                {
                    (pausedAt, pause) = (time.GetTimestamp(), wait);
                }
            }
        }

        return asked;
    }

    /// <summary>What an answer tells of the token that it was asked with.</summary>
    public static DateTimeOffset? EndOf(HttpResponseMessage response) =>
        DateTimeOffset.TryParse(ForgeHttp.Header(response, "github-authentication-token-expiration")?.Replace(" UTC", "Z", StringComparison.Ordinal), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var end) ? end : null;

    // A full answer without the header is one to a token without an end; of other answers that is not known.
    private void NoteTokenEnd(HttpResponseMessage response)
    {
        if (EndOf(response) is var told && (told is not null || response.StatusCode == HttpStatusCode.OK))
        {
            lock (gate)
            {
                tokenEnd = told;
            }
        }
    }

    private static bool IsSecondary(string body) =>
        body.Contains("secondary rate limit", StringComparison.OrdinalIgnoreCase) || body.Contains("abuse", StringComparison.OrdinalIgnoreCase);

    /// <summary>How long it takes until the quota of this answer is filled again.</summary>
    public TimeSpan AfterReset(HttpResponseMessage response) => Clamp((UntilReset(response) ?? LeastPause) + TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));

    private TimeSpan Growing() => Clamp(LeastPause * Math.Pow(2, Math.Min(Interlocked.Increment(ref refusals) - 1, 4)), LeastPause);

    // Counted by the forge's own clock, which ours may differ from.
    private TimeSpan? UntilReset(HttpResponseMessage response) =>
        long.TryParse(ForgeHttp.Header(response, "x-ratelimit-reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset) && reset < 253_402_300_799
            ? Clamp(DateTimeOffset.FromUnixTimeSeconds(reset) - (time.GetUtcNow() + ForgeHttp.Skew(response, time)), TimeSpan.Zero)
            : null;

    private static TimeSpan Clamp(TimeSpan wait, TimeSpan least) => wait < least ? least : wait > LongestPause ? LongestPause : wait;

    private void Throw(RefSourceError error, TimeSpan wait, string reason)
    {
        if (wait > TimeSpan.Zero)
        {
            throw new RefSourceException(error, $"no request for provider \"{options.Provider}\" in the next {Math.Ceiling(wait.TotalSeconds):0} s: {reason}", wait);
        }
    }
}
