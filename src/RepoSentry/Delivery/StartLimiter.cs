namespace RepoSentry.Delivery;

/// <summary>
/// At most so many starts in any span of a second. A sliding window, so that a short burst is not delayed and no window ever holds more.
/// </summary>
internal sealed class StartLimiter
{
    private readonly TimeSpan[] starts;
    private readonly TimeSpan window;
    private int next;

    /// <param name="perSecond">0 for no limit; below 1 for less than one a second. Above 1 a fraction counts for nothing, since no second may hold more.</param>
    public StartLimiter(double perSecond)
    {
        var size = perSecond <= 0 ? 0 : Math.Max(1, (int)perSecond);
        starts = new TimeSpan[size];
        Array.Fill(starts, TimeSpan.MinValue);
        window = size == 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(Math.Max(1, size / perSecond));
    }

    /// <summary>When the next start is allowed; not later than now if it is.</summary>
    public TimeSpan NextAt => starts.Length == 0 || starts[next] == TimeSpan.MinValue ? TimeSpan.MinValue : starts[next] + window;

    public void Started(TimeSpan now)
    {
        if (starts.Length > 0)
        {
            starts[next] = now;
            next = (next + 1) % starts.Length;
        }
    }
}
