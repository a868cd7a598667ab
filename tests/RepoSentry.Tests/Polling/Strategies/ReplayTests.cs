using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling.Strategies;

/// <summary>The adaptive policy beside the uniform one on fleets that are made up, each from a seed of its own.</summary>
public sealed class ReplayTests
{
    private const int Hour = 3600;

    private static readonly ReplayPlan Plan = new(PerHour: 20, Weeks: 2, WarmUp: 2, MinInterval: 10, MaxInterval: Hour);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Pushes_are_seen_in_about_half_the_time_of_looks_at_equal_intervals(int seed)
    {
        var (adaptive, uniform, run) = Both(Plan, seed);

        (adaptive.Mean / uniform.Mean).ShouldBeLessThan(0.55);
        (adaptive.P95 / uniform.P95).ShouldBeLessThan(0.8);
        (adaptive.Mean / run.Bound).ShouldBeLessThan(1.08);
        adaptive.MaxGap.ShouldBeLessThanOrEqualTo(Hour);
        adaptive.Polls.ShouldBeLessThanOrEqualTo((long)run.BudgetLooks);
    }

    [Fact]
    public void The_first_day_of_a_fleet_whose_last_commits_are_known_is_good_already()
    {
        var (adaptive, uniform, _) = Both(Plan with { Weeks = 1 / 7.0, WarmUp = 0 }, seed: 3);

        (adaptive.Mean / uniform.Mean).ShouldBeLessThan(0.65);
    }

    [Fact]
    public void After_six_hours_without_looks_nothing_is_made_up_for()
    {
        var (adaptive, uniform, _) = Both(Plan with { Weeks = 2 / 7.0, Outage = 6 * Hour }, seed: 4);

        (adaptive.Mean / uniform.Mean).ShouldBeLessThan(0.6);
        adaptive.MaxGap.ShouldBeLessThanOrEqualTo(Hour);
    }

    [Fact]
    public void A_budget_cut_to_a_quarter_is_kept_and_nobody_is_forgotten()
    {
        var (adaptive, uniform, run) = Both(Plan with { Weeks = 3 / 7.0, Cut = 0.25 }, seed: 5);

        (adaptive.Mean / uniform.Mean).ShouldBeLessThan(0.6);
        adaptive.Polls.ShouldBeLessThanOrEqualTo((long)(run.BudgetLooks / 4) + 2);
        adaptive.MaxGap.ShouldBeLessThanOrEqualTo(Hour);
    }

    [Fact]
    public void The_longest_interval_holds_where_the_budget_just_covers_it()
    {
        var history = FleetGenerator.Generate(200, 6, new Random(6));
        var plan = Plan with { PerHour = 1.05, Weeks = 1 };
        var run = new ReplayRun(history, plan);

        var tight = run.Run((limits, fleet) => new AdaptiveStrategy(limits, fleet));

        tight.MaxGap.ShouldBeLessThanOrEqualTo(Hour);
        tight.Polls.ShouldBeLessThanOrEqualTo((long)run.BudgetLooks);
    }

    private static (ReplayResult Adaptive, ReplayResult Uniform, ReplayRun Run) Both(ReplayPlan plan, int seed)
    {
        var run = new ReplayRun(FleetGenerator.Generate(300, 26, new Random(seed)), plan);
        return (run.Run((limits, fleet) => new AdaptiveStrategy(limits, fleet)), run.Run((limits, _) => new UniformStrategy(limits with { MaxInterval = 0 })), run);
    }
}
