using System.Globalization;
using System.Net;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitHub;

/// <summary>
/// GitHub's limits on one credential. The primary one counts answers other than 304 and tells its state in headers; the secondary ones count every request and
/// tell nothing before they refuse, so that we stay below them by ourselves.
/// </summary>
internal sealed class GitHubRateLimit(GitHubOptions options, TimeProvider time)
{
    // 900 points a minute are allowed, a GET is one: 300 at once and 600 a minute never pass that.
    private const int SecondaryPerHour = 36_000;
    private const int SecondaryBurst = 300;

    private static readonly TimeSpan LeastPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(65);

    private readonly TokenBucket primary = new(options.RequestsPerHour, options.Burst, time);
    private readonly TokenBucket secondary = new(SecondaryPerHour, SecondaryBurst, time);
    private readonly Lock gate = new();
    private RateLimitState? state;
    private long stateAt;
    private TimeSpan stateLasts;
    private long pausedAt;
    private TimeSpan pause;
    private int refusals;
    private DateTimeOffset? tokenEnd;

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

    /// <summary>Called before each request: what would be refused, or would eat into the reserve, is not even asked.</summary>
    public void ThrowIfSpent()
    {
        TimeSpan paused, reserved;
        lock (gate)
        {
            paused = pause - time.GetElapsedTime(pausedAt);
            reserved = state is { } told && told.Remaining <= told.Reserve ? stateLasts - time.GetElapsedTime(stateAt) : TimeSpan.Zero;
        }

        Throw(paused, "GitHub asked to wait");
        Throw(reserved, "the rest of GitHub's limit is left to others");
        Throw(primary.Wait(), "the budget of requests_per_hour is used up");
        Throw(secondary.Wait(), "more requests a minute than GitHub allows");
    }

    /// <summary>Called with each answer.</summary>
    public void Note(HttpResponseMessage response)
    {
        secondary.Take();
        if (response.StatusCode != HttpStatusCode.NotModified || options.Token is null) // free to those only who say who they are
        {
            primary.Take();
        }

        NoteTokenEnd(response);
        if (ForgeHttp.Number(response, "x-ratelimit-limit") is not { } limit
            || ForgeHttp.Number(response, "x-ratelimit-remaining") is not { } remaining
            || ForgeHttp.Header(response, "x-ratelimit-resource") is not (null or "core")
            || UntilReset(response) is not { } lasts)
        {
            return;
        }

        lock (gate)
        {
            var told = new RateLimitState(limit, remaining, time.GetUtcNow() + lasts, "core");
            var newer = RateLimitState.Newer(stateLasts > time.GetElapsedTime(stateAt) ? state : null, told);
            if (ReferenceEquals(newer, told))
            {
                (state, stateAt, stateLasts) = (told, time.GetTimestamp(), lasts);
            }

            refusals = (int)response.StatusCode < 400 ? 0 : refusals;
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
            : ForgeHttp.Number(response, "x-ratelimit-remaining") == 0 ? Clamp((UntilReset(response) ?? LeastPause) + TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1))
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

    private TimeSpan Growing() => Clamp(LeastPause * Math.Pow(2, Math.Min(Interlocked.Increment(ref refusals) - 1, 4)), LeastPause);

    // Counted by the forge's own clock, which ours may differ from.
    private TimeSpan? UntilReset(HttpResponseMessage response) =>
        long.TryParse(ForgeHttp.Header(response, "x-ratelimit-reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset) && reset < 253_402_300_799
            ? Clamp(DateTimeOffset.FromUnixTimeSeconds(reset) - (time.GetUtcNow() + ForgeHttp.Skew(response, time)), TimeSpan.Zero)
            : null;

    private static TimeSpan Clamp(TimeSpan wait, TimeSpan least) => wait < least ? least : wait > LongestPause ? LongestPause : wait;

    private void Throw(TimeSpan wait, string reason)
    {
        if (wait > TimeSpan.Zero)
        {
            throw new RefSourceException(RefSourceError.RateLimited, $"no request for provider \"{options.Provider}\" in the next {Math.Ceiling(wait.TotalSeconds):0} s: {reason}", wait);
        }
    }
}
