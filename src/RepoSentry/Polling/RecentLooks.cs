namespace RepoSentry.Polling;

/// <summary>How looks went: in all, and in the last five minutes by the minute.</summary>
internal sealed class RecentLooks(TimeProvider time)
{
    private const int Minutes = 5;

    private readonly Lock gate = new();
    private readonly (long Minute, int Looks, int Failed)[] window = new (long, int, int)[Minutes];
    private readonly int[] byDuration = new int[Bounds.Length + 1];
    private long total;
    private long failures;
    private double milliseconds;

    /// <summary>Milliseconds that looks are sorted by; the last ones took longer.</summary>
    public static readonly double[] Bounds = [10, 25, 50, 100, 250, 500, 1000, 5000];

    public long Total => Interlocked.Read(ref total);

    public double MeanMilliseconds
    {
        get
        {
            lock (gate)
            {
                return total == 0 ? 0 : milliseconds / total;
            }
        }
    }

    /// <summary>Share of looks that failed in the last five minutes; 0 without any.</summary>
    public double ErrorRate
    {
        get
        {
            lock (gate)
            {
                var recent = Array.FindAll(window, slot => slot.Minute > Minute - Minutes);
                var looks = recent.Sum(slot => slot.Looks);
                return looks == 0 ? 0 : (double)recent.Sum(slot => slot.Failed) / looks;
            }
        }
    }

    private long Minute => time.GetTimestamp() / (time.TimestampFrequency * 60);

    /// <summary>Looks since the start, those that failed, and all by how long they took.</summary>
    public (long Looks, long Failed, int[] ByDuration) Totals()
    {
        lock (gate)
        {
            return (total, failures, [.. byDuration]);
        }
    }

    public void Note(TimeSpan duration, bool failed)
    {
        lock (gate)
        {
            total++;
            failures += failed ? 1 : 0;
            byDuration[Array.FindIndex(Bounds, bound => duration.TotalMilliseconds <= bound) is var at and >= 0 ? at : Bounds.Length]++;
            milliseconds += duration.TotalMilliseconds;
            var now = Minute;
            ref var slot = ref window[now % Minutes];
            slot = slot.Minute == now ? (now, slot.Looks + 1, slot.Failed + (failed ? 1 : 0)) : (now, 1, failed ? 1 : 0);
        }
    }
}
