using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling.Strategies;

public sealed class StrategyTests
{
    private const double Hour = 3600;

    private static readonly LookLimits Limits = new(PerSecond: 1, MinInterval: 10, MaxInterval: Hour);
    private readonly HourProfile fleet = new();

    [Fact]
    public void A_weight_of_ten_is_looked_at_nearly_three_times_as_often()
    {
        var strategy = new AdaptiveStrategy(Limits, fleet);
        var histories = FleetGenerator.Generate(200, 8, new Random(1)).Pushes;
        List<Cadence> all = [.. histories.Select(_ => Made()), Made(weight: 10)];
        foreach (var (cadence, history) in all.Zip([.. histories, histories[0]]))
        {
            cadence.Intensity.Learn(history.Select(push => push - (8 * 7 * 24 * Hour)), 0, fleet);
        }

        strategy.Start(all, 0);
        var looks = new Dictionary<Cadence, int>();
        Run(strategy, 0, 100 * Hour, (cadence, _) => looks[cadence] = looks.GetValueOrDefault(cadence) + 1);

        ((double)looks[all[^1]] / looks[all[0]]).ShouldBe(Math.Pow(10, 0.45), tolerance: 0.15);
    }

    [Fact]
    public void What_was_just_pushed_is_looked_at_more_often_and_by_and_by_less()
    {
        var strategy = new AdaptiveStrategy(Limits, fleet);
        List<Cadence> all = [.. Enumerable.Range(0, 200).Select(_ => Made())];
        strategy.Start(all, 0);
        var now = Run(strategy, 0, 5 * Hour);
        all[7].Intensity.Add(now, now, fleet);
        now = Run(strategy, now, Hour / 6);

        var soon = all[7].Interval;
        soon.ShouldBeLessThan(all[0].Interval / 3);
        Run(strategy, now, 24 * Hour);
        all[7].Interval.ShouldBeGreaterThan(2 * soon);
    }

    [Fact]
    public void There_are_no_more_looks_than_the_budget_has_and_none_is_sooner_than_the_shortest_interval()
    {
        foreach (var strategy in (IPollingStrategy[])[new AdaptiveStrategy(Limits, fleet), new UniformStrategy(Limits with { MaxInterval = 10 })])
        {
            List<Cadence> all = [.. Enumerable.Range(0, 5).Select(_ => Made())];
            var (looks, looked) = (0, new Dictionary<Cadence, double>());
            strategy.Start(all, 0);
            Run(strategy, 0, 1000, (cadence, now) =>
            {
                (++looks).ShouldBeLessThanOrEqualTo((int)now + 2);
                (now - looked.GetValueOrDefault(cadence, double.NegativeInfinity)).ShouldBeGreaterThanOrEqualTo(10 - 1e-9);
                looked[cadence] = now;
            });
            looked.Count.ShouldBe(5);
        }
    }

    [Fact]
    public void What_left_is_never_looked_at_again()
    {
        foreach (var strategy in (IPollingStrategy[])[new AdaptiveStrategy(Limits, fleet), new UniformStrategy(Limits)])
        {
            List<Cadence> all = [.. Enumerable.Range(0, 20).Select(_ => Made())];
            strategy.Start(all, 0);
            var now = Run(strategy, 0, 100);
            strategy.Remove(all[3]);
            strategy.Remove(all[3]);

            strategy.Count.ShouldBe(19);
            Run(strategy, now, 2 * Hour, (cadence, _) => cadence.ShouldNotBe(all[3]));
        }
    }

    [Fact]
    public void Another_budget_holds_at_once()
    {
        var strategy = new AdaptiveStrategy(Limits, fleet);
        List<Cadence> all = [.. Enumerable.Range(0, 300).Select(_ => Made())];
        strategy.Start(all, 0);
        var now = Run(strategy, 0, 2 * Hour);

        strategy.Limit(Limits with { PerSecond = 0.25 }, now);
        var looks = 0;
        Run(strategy, now, Hour, (_, _) => looks++);

        looks.ShouldBeInRange((int)(Hour / 4) - 5, (int)(Hour / 4) + 2);
    }

    [Fact]
    public void Nobody_is_asked_for_where_nobody_is()
    {
        new AdaptiveStrategy(Limits, fleet).Take(0, out var nextAt).ShouldBeNull();
        nextAt.ShouldBe(double.PositiveInfinity);
    }

    [Fact]
    public void Hours_of_the_week_follow_each_other_within_their_day()
    {
        HourProfile.HourOf(0).ShouldBe(0);
        HourProfile.HourOf((4 * 86_400) + (23 * Hour)).ShouldBe(23);
        HourProfile.HourOf((5 * 86_400) + 1).ShouldBe(24);
        HourProfile.HourOf(-1).ShouldBe(47);
        (HourProfile.Before(0), HourProfile.After(23), HourProfile.Before(24), HourProfile.After(47)).ShouldBe((23, 0, 47, 24));
        Enumerable.Range(0, HourProfile.Hours).Sum(HourProfile.Width).ShouldBe(1, tolerance: 1e-9);
        Enumerable.Range(0, HourProfile.Hours).Sum(fleet.ShareOf).ShouldBe(1, tolerance: 1e-9);
    }

    private static Cadence Made(double weight = 1) => new(new Intensity(0), weight) { LookedAt = -60 };

    private static double Run(IPollingStrategy strategy, double from, double seconds, Action<Cadence, double>? looked = null)
    {
        var now = from;
        while (now < from + seconds)
        {
            if (strategy.Take(now, out var nextAt) is not { } cadence)
            {
                now = nextAt;
                continue;
            }

            looked?.Invoke(cadence, now);
            strategy.Looked(cadence, now);
        }

        return now;
    }
}
