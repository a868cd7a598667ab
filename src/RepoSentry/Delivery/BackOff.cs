using RepoSentry.Configuration;

namespace RepoSentry.Delivery;

/// <summary>How long to wait after a failure: exponential with jitter, unless the receiver said how long.</summary>
internal static class BackOff
{
    /// <param name="failures">Failures in a row, this one included; at least 1.</param>
    /// <param name="retryAfter">What the receiver asked for; wins, up to <c>retry.max</c>.</param>
    /// <param name="random">In [0, 1): spreads the wait by ±20 %.</param>
    public static TimeSpan Wait(RetryConfig retry, int failures, TimeSpan? retryAfter, double random)
    {
        if (retryAfter is { } asked)
        {
            return asked < retry.Max ? asked : retry.Max;
        }

        var grown = retry.Initial.TotalSeconds * Math.Pow(2, Math.Min(failures - 1, 40));
        return TimeSpan.FromSeconds(Math.Min(grown, retry.Max.TotalSeconds) * (0.8 + (0.4 * random)));
    }
}
