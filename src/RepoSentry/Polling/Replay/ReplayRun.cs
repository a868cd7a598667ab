using RepoSentry.Polling.Strategies;

namespace RepoSentry.Polling.Replay;

/// <summary>Runs a strategy through a history on a virtual clock, and measures how long pushes wait to be seen.</summary>
internal sealed class ReplayRun(PushHistory history, ReplayPlan plan)
{
    private const int KnownCommits = 100;

    private readonly double from = Math.Max(0, (history.Weeks - plan.Weeks - plan.WarmUp) * PushHistory.Week);

    private double MeasuredFrom => from + (plan.WarmUp * PushHistory.Week);

    private double Until => MeasuredFrom + (plan.Weeks * PushHistory.Week);

    /// <summary>Looks that the budget allows in the weeks that are measured.</summary>
    public double BudgetLooks => Math.Ceiling(Math.Round(plan.LooksPerSecond(history.Pushes.Count) * (Until - MeasuredFrom), 3));

    /// <summary>The least mean delay that any policy can have for memoryless pushes at the rates that were measured, in seconds.</summary>
    public double Bound
    {
        get
        {
            var rates = history.Pushes.Select(pushes => pushes.Count(push => push >= MeasuredFrom && push < Until) / (Until - MeasuredFrom)).ToList();
            var roots = rates.Sum(Math.Sqrt);
            return rates.Sum() is > 0 and var sum ? roots * roots / (2 * plan.LooksPerSecond(history.Pushes.Count) * sum) : 0;
        }
    }

    /// <param name="make">The strategy, for the limits and the fleet's profile.</param>
    public ReplayResult Run(Func<LookLimits, HourProfile, IPollingStrategy> make)
    {
        var fleet = new HourProfile();
        var limits = new LookLimits(plan.LooksPerSecond(history.Pushes.Count), plan.MinInterval, plan.MaxInterval);
        var strategy = make(limits, fleet);
        var watched = history.Pushes.Select(pushes => new Watched(pushes, from)).ToList();
        foreach (var one in watched)
        {
            one.Cadence.Intensity.Learn(one.Earlier(KnownCommits), from, fleet);
        }

        strategy.Start([.. watched.Select(one => one.Cadence)], from);
        var delays = new List<double>();
        var (looks, longest, counted, cut, down) = (0L, 0.0, MeasuredFrom, plan.Cut, plan.Outage);
        for (var now = from; now < Until;)
        {
            if (down is not null && now >= MeasuredFrom)
            {
                (now, counted, down) = (MeasuredFrom + down.Value, MeasuredFrom + down.Value, null);
                strategy = make(limits, fleet); // what runs in between ends and begins again
                watched.ForEach(one => one.Cadence.Forget());
                strategy.Start([.. watched.Select(one => one.Cadence)], now);
            }

            if (cut is { } factor && now >= MeasuredFrom)
            {
                cut = null;
                strategy.Limit(limits with { PerSecond = limits.PerSecond * factor }, now);
            }

            if (strategy.Take(now, out var nextAt) is not { Tag: Watched one } cadence)
            {
                now = nextAt;
                continue;
            }

            if (now >= counted)
            {
                looks++;
                longest = Math.Max(longest, now - Math.Max(cadence.LookedAt, plan.Outage is null ? from : counted));
            }

            if (one.See(now, counted, delays) is { } last)
            {
                cadence.Intensity.Add(last, now, fleet);
            }

            strategy.Looked(cadence, now);
        }

        longest = Math.Max(longest, watched.Max(one => Until - Math.Max(one.Cadence.LookedAt, plan.Outage is null ? from : counted)));
        return ReplayResult.Of(delays, longest, looks);
    }

    private sealed class Watched
    {
        private readonly double[] pushes;
        private int next;

        public Watched(double[] pushes, double from)
        {
            this.pushes = pushes;
            next = Array.FindIndex(pushes, push => push >= from) is >= 0 and var first ? first : pushes.Length;
            Cadence = new Cadence(new Intensity(from)) { Tag = this, LookedAt = from };
        }

        public Cadence Cadence { get; }

        public IEnumerable<double> Earlier(int most) => pushes.Take(next).TakeLast(most);

        /// <summary>What a look sees: the last of the pushes since the one before.</summary>
        public double? See(double now, double measuredFrom, List<double> delays)
        {
            double? last = null;
            for (; next < pushes.Length && pushes[next] <= now; next++)
            {
                last = pushes[next];
                if (last >= measuredFrom)
                {
                    delays.Add(now - last.Value);
                }
            }

            return last;
        }
    }
}

/// <summary>What is replayed with.</summary>
/// <param name="PerHour">Looks per repository and hour.</param>
/// <param name="Weeks">Weeks that are measured, the last ones of the history.</param>
/// <param name="WarmUp">Weeks before them that are played without being measured.</param>
/// <param name="MinInterval">Seconds.</param>
/// <param name="MaxInterval">Seconds.</param>
internal sealed record ReplayPlan(double PerHour, double Weeks, double WarmUp, double MinInterval, double MaxInterval)
{
    /// <summary>Seconds without any look at the beginning of the measured time; pushes after it are measured.</summary>
    public double? Outage { get; init; }

    /// <summary>What is left of the budget from the beginning of the measured time on.</summary>
    public double? Cut { get; init; }

    public double LooksPerSecond(int repositories) => PerHour * repositories / 3600;
}

/// <summary>How long pushes waited to be seen, in seconds.</summary>
/// <param name="MaxGap">Longest time between two looks at a repository.</param>
/// <param name="Polls">Looks in the measured time.</param>
internal sealed record ReplayResult(double Mean, double P50, double P95, double P99, double MaxGap, long Polls)
{
    public static ReplayResult Of(List<double> delays, double maxGap, long polls)
    {
        delays.Sort();
        double At(double quantile) => delays.Count == 0 ? 0 : delays[Math.Max(0, (int)Math.Ceiling(quantile * delays.Count) - 1)]; // the nearest rank
        return new ReplayResult(delays.Count == 0 ? 0 : delays.Average(), At(0.5), At(0.95), At(0.99), maxGap, polls);
    }
}
