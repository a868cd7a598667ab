using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>
/// How much of a limit should be left at a moment of its window, so that it lasts to the end whoever else spends of it. Above the line there is nothing to
/// heed; below it what is left is spread over what is left of the window. Pure.
/// </summary>
internal static class BudgetLine
{
    private const int Small = 1000;

    /// <returns>Requests or points a second that may be spent; infinity above the line of each.</returns>
    public static double PerSecond(IEnumerable<RateLimitState> told, DateTimeOffset now) => told.Select(state => PerSecond(state, now)).DefaultIfEmpty(double.PositiveInfinity).Min();

    private static double PerSecond(RateLimitState told, DateTimeOffset now)
    {
        var left = (told.ResetsAt - now).TotalSeconds;
        if (left <= 0)
        {
            return double.PositiveInfinity; // a new window has begun
        }

        var burst = told.Limit < Small ? Math.Max(5, told.Limit / 10) : Math.Max(200, told.Limit / 5);
        var ideal = (Math.Max(0, told.Limit - told.Reserve - burst) * Math.Min(1, left / 3600)) + told.Reserve;
        return told.Remaining >= ideal ? double.PositiveInfinity : Math.Max(0, told.Remaining - told.Reserve) / left;
    }
}
