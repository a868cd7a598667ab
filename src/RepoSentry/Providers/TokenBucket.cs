namespace RepoSentry.Providers;

/// <summary>A rate with a burst. Takers are many at once, and what a request costs is known only after its answer: the level may fall below zero.</summary>
internal sealed class TokenBucket(double perHour, int burst, TimeProvider time)
{
    private readonly Lock gate = new();
    private double level = burst;
    private long filledAt = time.GetTimestamp();

    /// <summary>How long to stay away; zero if a request may go. After it a tenth of the burst is there, so that waiting is not followed by waiting.</summary>
    public TimeSpan Wait()
    {
        lock (gate)
        {
            Fill();
            return level >= 1 ? TimeSpan.Zero : TimeSpan.FromHours((Math.Max(1, burst / 10) - level) / perHour);
        }
    }

    public void Take(int points = 1)
    {
        lock (gate)
        {
            Fill();
            level -= points;
        }
    }

    private void Fill()
    {
        var now = time.GetTimestamp();
        level = Math.Min(burst, level + (time.GetElapsedTime(filledAt, now).TotalHours * perHour));
        filledAt = now;
    }
}
