using System.Globalization;
using System.Threading.RateLimiting;
using RepoSentry.Configuration;

namespace RepoSentry.Api.Access;

/// <summary>
/// <c>api.rate_limit</c>: for each token, or each address where there is none. Answers carry the RateLimit fields of the sixth draft of the HTTPAPI group
/// (RateLimit-Limit, -Remaining, -Reset, -Policy), which clients know. Probes and metrics are exempt.
/// </summary>
internal sealed class RequestLimits(RequestDelegate next, CurrentConfig config)
{
    private const int MostCallers = 10_000;

    private readonly Lock gate = new();
    private readonly Dictionary<string, TokenBucketRateLimiter> buckets = new(StringComparer.Ordinal);
    private RequestRate? filledFor;

    public async Task InvokeAsync(HttpContext context)
    {
        var rate = config.Value.Api.RateLimit;
        if (rate is null || context.IsOpen() || context.Request.Path == "/metrics")
        {
            await next(context);
            return;
        }

        var bucket = BucketOf(context, rate);
        bucket.TryReplenish();
        using var lease = bucket.AttemptAcquire();
        var left = bucket.GetStatistics()?.CurrentAvailablePermits ?? 0;
        var full = Seconds(rate.Per * ((double)(rate.Requests - left) / rate.Requests));
        var headers = context.Response.Headers;
        headers["RateLimit-Limit"] = Text(rate.Requests);
        headers["RateLimit-Remaining"] = Text(left);
        headers["RateLimit-Reset"] = Text(full);
        headers["RateLimit-Policy"] = $"{Text(rate.Requests)};w={Text((int)rate.Per.TotalSeconds)}";
        if (lease.IsAcquired)
        {
            await next(context);
            return;
        }

        headers.RetryAfter = Text(Seconds(rate.Per / rate.Requests));
        await BrowserPage.RefuseAsync(context, Problems.TooManyRequests(rate));
    }

    private TokenBucketRateLimiter BucketOf(HttpContext context, RequestRate rate)
    {
        var caller = context.Caller() is { } known && known != CallerIdentity.Local ? $"token {known.TokenId} {known.Name}" : $"address {context.Address()}";
        lock (gate)
        {
            if (filledFor != rate)
            {
                buckets.Clear(); // a reload changed it: everybody begins anew
                filledFor = rate;
            }

            if (buckets.TryGetValue(caller, out var bucket))
            {
                return bucket;
            }

            MakeRoom(rate);
            return buckets[caller] = new TokenBucketRateLimiter(new TokenBucketRateLimiterOptions
            {
                TokenLimit = rate.Requests,
                TokensPerPeriod = rate.Requests,
                ReplenishmentPeriod = rate.Per,
                AutoReplenishment = false, // no timer of its own: it is filled when it is asked
                QueueLimit = 0,
            });
        }
    }

    // A full bucket tells nothing that a new one would not.
    private void MakeRoom(RequestRate rate)
    {
        if (buckets.Count < MostCallers)
        {
            return;
        }

        foreach (var (caller, bucket) in buckets)
        {
            bucket.TryReplenish();
            if (bucket.GetStatistics()?.CurrentAvailablePermits == rate.Requests || buckets.Count >= MostCallers * 2)
            {
                buckets.Remove(caller);
            }
        }
    }

    private static int Seconds(TimeSpan span) => Math.Max(1, (int)Math.Ceiling(span.TotalSeconds));

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
