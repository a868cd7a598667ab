using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers;

/// <summary>A forge's limits on one credential, which count every request, 304 included; and the budget that stays below them where the forge tells of none.</summary>
internal sealed class ForgeRateLimit(ForgeOptions options, TimeProvider time)
{
    private static readonly TimeSpan LeastPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    private readonly TokenBucket budget = new(options.RequestsPerHour, options.Burst, time);
    private readonly Lock gate = new();
    private RateLimitState? state;
    private long stateAt;
    private TimeSpan stateLasts;
    private long pausedAt;
    private TimeSpan pause;
    private int refusals;

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

        Throw(paused, $"{options.Title} asked to wait");
        Throw(reserved, $"the rest of {options.Title}'s limit is left to others");
        Throw(budget.Wait(), "the budget of requests_per_minute is used up");
    }

    /// <summary>Called with each answer.</summary>
    public void Note(HttpResponseMessage response)
    {
        budget.Take();
        if ((int)response.StatusCode < 400)
        {
            Interlocked.Exchange(ref refusals, 0);
        }

        if (string.Equals(ForgeHttp.Header(response, options.LimitPrefix + "NearLimit"), "true", StringComparison.OrdinalIgnoreCase))
        {
            Pause(LeastPause); // Bitbucket Cloud counts over the last hour and tells no more than this: less than a fifth is left
        }

        if (ForgeHttp.Number(response, options.LimitPrefix + "Limit") is not { } limit
            || ForgeHttp.Number(response, options.LimitPrefix + "Remaining") is not { } remaining
            || UntilReset(response) is not { } lasts)
        {
            return;
        }

        lock (gate)
        {
            var told = new RateLimitState(limit, remaining, time.GetUtcNow() + lasts, ForgeHttp.Header(response, options.LimitPrefix + "Name") ?? ForgeHttp.Header(response, options.LimitPrefix + "Resource"));
            var newer = RateLimitState.Newer(stateLasts > time.GetElapsedTime(stateAt) ? state : null, told);
            if (ReferenceEquals(newer, told))
            {
                (state, stateAt, stateLasts) = (told, time.GetTimestamp(), lasts);
            }
        }
    }

    /// <summary>How long a refusal asks to wait; null if it is not for the sake of a limit.</summary>
    public TimeSpan? Refused(HttpResponseMessage response)
    {
        if ((int)response.StatusCode != 429)
        {
            return null;
        }

        var asked = ForgeHttp.RetryAfter(response, time) is { } after ? Clamp(after, TimeSpan.FromSeconds(1))
            : ForgeHttp.Number(response, options.LimitPrefix + "Remaining") == 0 && UntilReset(response) is { } reset ? Clamp(reset, TimeSpan.FromSeconds(1))
            : Clamp(LeastPause * Math.Pow(2, Math.Min(Interlocked.Increment(ref refusals) - 1, 4)), LeastPause);
        Pause(asked);
        return asked;
    }

    private void Pause(TimeSpan asked)
    {
        lock (gate)
        {
            if (asked > pause - time.GetElapsedTime(pausedAt))
            {
                (pausedAt, pause) = (time.GetTimestamp(), asked);
            }
        }
    }

    // Counted by the forge's own clock, which ours may differ from.
    private TimeSpan? UntilReset(HttpResponseMessage response) =>
        long.TryParse(ForgeHttp.Header(response, options.LimitPrefix + "Reset"), NumberStyles.None, CultureInfo.InvariantCulture, out var reset) && reset < 253_402_300_799
            ? Clamp(DateTimeOffset.FromUnixTimeSeconds(reset) - (time.GetUtcNow() + ForgeHttp.Skew(response, time)), TimeSpan.Zero)
            : ForgeHttp.Number(response, options.LimitPrefix + "Interval-Seconds") is { } interval ? Clamp(TimeSpan.FromSeconds(interval), TimeSpan.Zero) // a bucket that is filled at this pace
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
