using RepoSentry.Abstractions;
using RepoSentry.Cli;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Tests.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>Which way of looking a credential's repositories get, and what it costs.</summary>
public sealed class LookBudgetTests
{
    private static readonly ProviderConfig GitHub = new() { Name = "github", Type = "github", Token = new Secret("secret"), RequestsPerHour = 5000 };
    private static readonly PollingConfig Polling = new() { Strategy = "adaptive", Interval = TimeSpan.FromSeconds(60), MinInterval = TimeSpan.FromSeconds(10), MaxInterval = TimeSpan.FromHours(1), Surplus = 1 };

    [Theory]
    [InlineData(400, 4, "single", 400 * 60 * 1.2)]
    [InlineData(1000, 10, "batch", 2 * 1000 * 60 / 100)]
    [InlineData(6000, 60, "batch", 4000)]
    [InlineData(10_000, 100, "sweep", 360)]
    [InlineData(100_000, 1000, "sweep", 3600)]
    public void The_way_that_shows_most_is_taken_as_long_as_it_keeps_the_promise(int repositories, int owners, string way, double requests)
    {
        var budget = LookBudget.Of(GitHub, Fleet(repositories, owners), Polling);

        budget.WayName.ShouldBe(way);
        budget.KeepsInterval.ShouldBeTrue();
        budget.Longest.ShouldBe(Polling.Interval);
        budget.RequestsPerHour.ShouldBe(requests, tolerance: requests * 0.01);
    }

    [Fact]
    public void A_sweep_lists_owners_of_three_or_more_and_looks_at_the_others_in_their_turn()
    {
        RepositoryConfig[] fleet = [.. Fleet(9000, 90), .. Enumerable.Range(0, 2000).Select(number => Repository($"user{number / 2}", number))];
        var sweeps = LookBudget.Of(GitHub, fleet, Polling).Sweeps!;

        (sweeps.Owners.Count, sweeps.Swept).ShouldBe((90, 9000));
        sweeps.KeepsInterval.ShouldBeTrue();
        sweeps.Lists.ShouldBeGreaterThanOrEqualTo(90 / 60.0);
        sweeps.Rest.ShouldBeGreaterThanOrEqualTo(2000 / 60.0);
        sweeps.Safety.ShouldBeGreaterThanOrEqualTo(9000 / 3600.0);
        (sweeps.RequestsPerSecond * 3600).ShouldBeLessThanOrEqualTo(4000);
        var hidden = LookBudget.Of(GitHub, fleet, Polling, hidden: new HashSet<string> { "org0" }).Sweeps!;
        (hidden.Owners.Count, hidden.Swept).ShouldBe((89, 8900));
    }

    [Fact]
    public void What_is_too_much_for_lists_too_is_spread_and_says_so()
    {
        var budget = LookBudget.Of(GitHub with { RequestsPerHour = 500 }, Fleet(100_000, 1000), Polling);

        budget.KeepsInterval.ShouldBeFalse();
        budget.Longest.ShouldBeGreaterThan(Polling.Interval);
        (budget.RequestsPerHour / 500).ShouldBeInRange(0, 3);
        budget.Explain("github").ShouldStartWith("credential github has a share of 0.");
    }

    [Fact]
    public void Intervals_of_their_own_that_do_not_fit_are_said_and_cost_no_more_than_there_is()
    {
        RepositoryConfig[] fleet = [.. Fleet(1000, 10).Select(repository => repository with { PollingInterval = TimeSpan.FromSeconds(10) })];
        var budget = LookBudget.Of(GitHub, fleet, Polling);

        budget.Explain("github").ShouldStartWith("repositories with a polling_interval of their own want 100 looks a second where there are 6.4: each waits 15.62 times as long; ");
        budget.PinStretch.ShouldBe(100 / 6.4, tolerance: 0.001);
        budget.RequestsPerHour.ShouldBe(6.4 * 3600, tolerance: 1);
        LookBudget.Of(GitHub, fleet[..10], Polling).Explain("github").ShouldBe("each repository of credential github has an interval of its own");
    }

    [Fact]
    public void Pins_are_not_blamed_where_there_are_none_and_a_plan_tells_no_more_than_there_is()
    {
        var tight = Polling with { MaxInterval = Polling.Interval };
        var corp = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 36_000 };
        LookBudget.Of(corp, Fleet(3000, 10), tight).Explain("corp").ShouldStartWith("credential corp has ");

        RepositoryConfig[] pins = [.. Fleet(500, 10).Select(repository => repository with { Provider = "github", PollingInterval = TimeSpan.FromSeconds(5) })];
        var plan = CredentialPlan.Of("github", LookBudget.Of(GitHub, pins, Polling), new SentryConfig { Providers = [GitHub], Repositories = pins, Polling = Polling });
        plan.LooksPerHour.ShouldBe(6.4 * 3600, tolerance: 1);
        plan.RequestsPerHour.ShouldBe(6.4 * 3600, tolerance: 1);
        (plan.KeepsInterval, Math.Round(plan.MaxDelayS)).ShouldBe((false, 78));
    }

    [Theory]
    [InlineData(10, 100_000)]
    [InlineData(400, 100_000)] // they want more than all there is
    public void Where_nobody_can_have_the_longest_interval_all_wait_alike_and_all_is_spent(int pins, int others)
    {
        var corp = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 36_000 };
        var fleet = Fleet(others + pins, 1).Select((repository, at) => at < pins ? repository with { PollingInterval = TimeSpan.FromSeconds(20) } : repository).ToArray();

        var budget = LookBudget.Of(corp, fleet, Polling);

        budget.IsOverdrawn.ShouldBeTrue();
        budget.PinStretch.ShouldBe(budget.Longest / Polling.MaxInterval, tolerance: 1e-6);
        ((pins / 20.0 / budget.PinStretch) + (others / budget.Longest.TotalSeconds)).ShouldBe(budget.Available, tolerance: 1e-6);
        (budget.RequestsPerHour / 3600).ShouldBe(budget.Available * budget.Each, tolerance: 1e-4);
    }

    [Fact]
    public void Watchers_of_one_remote_count_as_one_where_each_is_looked_at_alone()
    {
        var corp = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 36_000 };
        RepositoryConfig[] watchers = [.. Fleet(20, 1).Select(repository => repository with { Url = new Uri("https://corp.example/a/b") })];

        var budget = LookBudget.Of(corp, watchers, Polling);

        budget.RequestsPerHour.ShouldBe(LookBudget.Of(corp, watchers[..1], Polling).RequestsPerHour);
        LookBudget.Of(corp, [.. watchers.Select(one => one with { PollingInterval = TimeSpan.FromSeconds(20) })], Polling).Pinned.ShouldBe(1 / 20.0);
    }

    [Fact]
    public void A_limit_that_runs_short_slows_looks_down_and_leaves_the_way_as_it_is()
    {
        var (batch, sweep) = (Fleet(1000, 10), Fleet(10_000, 100));

        var slow = LookBudget.Of(GitHub, batch, Polling, line: 300 / 3600.0);
        (slow.Way, slow.KeepsInterval, Math.Round(slow.RequestsPerHour)).ShouldBe((LookWay.Batch, false, 300));
        slow.Longest.ShouldBe(Polling.MaxInterval);
        LookBudget.Of(GitHub, sweep, Polling, line: 100 / 3600.0).RequestsPerHour.ShouldBeLessThan(220); // the rare looks at everybody go on
        LookBudget.Of(GitHub, sweep, Polling, line: 100 / 3600.0).Way.ShouldBe(LookWay.Sweep);
        LookBudget.Of(GitHub, Fleet(100, 1), Polling, line: 0).ShouldBe(LookBudget.Of(GitHub, Fleet(100, 1), Polling), "a 304 costs nothing");
        LookBudget.Of(new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 36_000 }, Fleet(100, 1), Polling, line: 1).Spent.ShouldBe(1, tolerance: 0.001);
    }

    [Theory]
    [InlineData(5000, 5000, 3600, double.PositiveInfinity)]
    [InlineData(5000, 4000, 3600, double.PositiveInfinity)] // a fifth may be spent at once
    [InlineData(5000, 3650, 3600, 3400 / 3600.0)]
    [InlineData(5000, 2125, 1800, double.PositiveInfinity)]
    [InlineData(5000, 2124, 1800, 1874 / 1800.0)]
    [InlineData(5000, 250, 900, 0)]
    [InlineData(5000, 100, 900, 0)]
    [InlineData(5000, 0, -1, double.PositiveInfinity)]
    [InlineData(60, 40, 3600, 25 / 3600.0)]
    public void Below_the_line_what_is_left_is_spread_over_the_rest_of_the_window(int limit, int remaining, int seconds, double expected) =>
        BudgetLine.PerSecond([new RateLimitState(limit, remaining, Build.Noon.AddSeconds(seconds), "core")], Build.Noon).ToString("g9").ShouldBe(expected.ToString("g9"));

    [Fact]
    public void Without_owners_of_several_repositories_a_large_fleet_stays_in_batches()
    {
        var budget = LookBudget.Of(GitHub, Fleet(10_000, 10_000), Polling);

        (budget.Way, budget.KeepsInterval).ShouldBe((LookWay.Batch, false));
        budget.Explain("github").ShouldContain("they are spread, looked at 100 at a time");
    }

    [Fact]
    public void Alone_fixed_or_without_a_token_each_is_asked_for_by_itself()
    {
        LookBudget.Of(GitHub, Fleet(10_000, 100), Polling, alone: true).Way.ShouldBe(LookWay.Single);
        LookBudget.Of(GitHub, Fleet(10_000, 100), Polling with { Strategy = "fixed" }).Way.ShouldBe(LookWay.Single);
        LookBudget.Of(GitHub with { Token = null }, Fleet(10_000, 100), Polling).Way.ShouldBe(LookWay.Single);
    }

    [Theory]
    [InlineData("https://github.com/acme/web")]
    [InlineData("https://gitlab.com/acme/web")]
    [InlineData("https://codeberg.org/acme/web")]
    [InlineData("https://bitbucket.org/acme/web")]
    [InlineData("https://dev.azure.com/acme/shop/_git/web")]
    [InlineData("https://git.example/acme/web.git")]
    public void A_public_repository_without_a_token_is_looked_at_again(string url)
    {
        var config = ConfigOf.Good($"repositories: [{{ name: web, url: \"{url}\" }}]");

        var budget = LookBudget.Of(config).Single().Value;

        budget.Limits.PerSecond.ShouldBeInRange(0.01, 10);
        budget.Limits.MaxInterval.ShouldBeInRange(60, 3600);
    }

    private static RepositoryConfig[] Fleet(int repositories, int owners) => [.. Enumerable.Range(0, repositories).Select(number => Repository($"org{number % owners}", number))];

    private static RepositoryConfig Repository(string owner, int number) =>
        Build.Repository($"r{number}") with { Url = new Uri($"https://github.com/{owner}/r{number}"), Provider = "github", ProviderType = "github", Branches = ["main"], Tags = [] };
}
