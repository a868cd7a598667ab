using System.Globalization;
using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;

namespace RepoSentry.Bench;

/// <summary>Policies side by side on one fleet that is made up, with the same number of looks: how long pushes wait to be seen.</summary>
internal static class ReplayBench
{
    private const int Repositories = 1_000;
    private const double Shortest = 10;
    private const double Longest = 3_600;

    public static async Task RunAsync()
    {
        var history = FleetGenerator.Generate(Repositories, 12, new Random(20_261_124));
        foreach (var perHour in (double[])[5, 20, 60])
        {
            var run = new ReplayRun(history, new ReplayPlan(perHour, Weeks: 2, WarmUp: 2, Shortest, Longest));
            (string Name, Func<LookLimits, HourProfile, IPollingStrategy> Make)[] policies =
            [
                ("equal intervals", (limits, _) => new UniformStrategy(limits with { MaxInterval = limits.MinInterval })),
                ("the first design's formula, scaled", (limits, fleet) => new AdaptiveStrategy(limits, fleet, FirstDesign)),
                ("exponential back-off, scaled", (limits, fleet) => new AdaptiveStrategy(limits, fleet, BackOff)),
                ("interval ~ 1/sqrt(rate), one average", (limits, fleet) => new AdaptiveStrategy(limits, fleet, (cadence, now) => 1 / Math.Sqrt(Average(cadence, now)))),
                ("adaptive", (limits, fleet) => new AdaptiveStrategy(limits, fleet)),
            ];
            var results = await Task.WhenAll(policies.Select(policy => Task.Run(() => run.Run(policy.Make))));
            var uniform = results[0];
            ServiceBench.Report(
                string.Create(CultureInfo.InvariantCulture, $"When to look: {Repositories} repositories, {perHour} looks an hour each, {run.BudgetLooks:0} looks (of equal intervals: 1)"),
                [
                    .. policies.Zip(results, (policy, result) => (policy.Name, string.Create(
                        CultureInfo.InvariantCulture, $"mean {result.Mean,6:0.0} s ({result.Mean / uniform.Mean:0.00}), p95 {result.P95,6:0.0} s ({result.P95 / uniform.P95:0.00}), longest gap {result.MaxGap,5:0} s, {result.Polls} looks"))),
                    ("bound for memoryless pushes, any policy", string.Create(CultureInfo.InvariantCulture, $"mean {run.Bound,6:0.0} s ({run.Bound / uniform.Mean:0.00})")),
                ]);
        }
    }

    // The brief's bands by changes an hour, put in order; the scale is found by the controller, so that it spends the same budget.
    private static double FirstDesign(Cadence cadence, double now)
    {
        var perHour = Average(cadence, now) * 3600;
        return perHour > 10 ? 0.25 : perHour > 1 ? 0.5 : perHour > 0.1 ? 1 : 2;
    }

    // Twice as long with each doubling of the quiet time, from 30 s on, at most 64 times as long.
    private static double BackOff(Cadence cadence, double now) => Math.Clamp((now - cadence.Intensity.ChangedAt) / 30, 1, 64);

    // Changes a second over the last weeks, as one number: what a moving average knows.
    private static double Average(Cadence cadence, double now) => (0.3 + cadence.Intensity.Changes) / ((0.3 / Intensity.Prior) + Math.Max(1, now - cadence.Intensity.Since));
}
