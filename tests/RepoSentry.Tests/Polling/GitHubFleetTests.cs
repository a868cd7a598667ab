using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers.GitHub;
using RepoSentry.StandIns;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>Whole fleets on one GitHub token: the real poller against a GitHub that enforces its limits, by a clock that the test moves.</summary>
public sealed class GitHubFleetTests
{
    private static readonly ProviderConfig Provider = new() { Name = "github", Type = "github", Token = new Secret("secret"), RequestsPerHour = 5000, Burst = 100 };
    private static readonly PollingConfig Polling = new() { Strategy = "adaptive", MaxWorkers = 64, Interval = TimeSpan.FromSeconds(60), MinInterval = TimeSpan.FromSeconds(10), MaxInterval = TimeSpan.FromHours(1), Surplus = 1 };

    [Fact]
    public async Task Ten_thousand_repositories_of_a_hundred_organizations_are_seen_within_a_minute_on_one_token()
    {
        const int Minutes = 30;
        await using var fleet = await Fleet.StartAsync(owners: 100, each: 100);
        await fleet.RunAsync(TimeSpan.FromMinutes(5));
        fleet.Run.Baselines.ShouldBe(10_000);
        var spent = fleet.World.Graph.Spent;

        var random = new Random(1);
        for (var second = 0; second < Minutes * 60; second++)
        {
            if (random.Next(4) == 0)
            {
                fleet.Push(random.Next(10_000));
            }

            await fleet.RunAsync(TimeSpan.FromSeconds(1));
        }

        await fleet.RunAsync(TimeSpan.FromMinutes(2));

        fleet.Pushes.ShouldBeGreaterThan(400);
        fleet.Lost.ShouldBe(0);
        fleet.Delay(0.95).ShouldBeLessThanOrEqualTo(60);
        fleet.Delay(1).ShouldBeLessThanOrEqualTo(75);
        ((fleet.World.Graph.Spent - spent) * 60 / (Minutes + 2)).ShouldBeLessThanOrEqualTo(4000);
        fleet.World.Graph.MostInMinute.ShouldBeLessThanOrEqualTo(2000);
        fleet.World.Rest.Spent.ShouldBeLessThanOrEqualTo(1000);
        fleet.World.Refusals.ShouldBe(0);
        fleet.Run.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task Owners_of_few_repositories_are_looked_at_in_batches_and_nobody_waits_longer_than_the_interval()
    {
        await using var fleet = await Fleet.StartAsync(owners: 1000, each: 1);
        await fleet.RunAsync(TimeSpan.FromMinutes(3));
        fleet.Run.Baselines.ShouldBe(1000);
        fleet.Run.Worker.Repositories["org7-repo0"].Roster!.Budget.Way.ShouldBe(LookWay.Batch);
        var (spent, seen) = (fleet.World.Graph.Spent, fleet.Looked());

        for (var second = 0; second < 300; second++)
        {
            await fleet.RunAsync(TimeSpan.FromSeconds(1));
            foreach (var (name, at) in fleet.Looked())
            {
                seen[name] = at > seen[name] ? at : fleet.Run.Story.Time.GetUtcNow() - seen[name] <= TimeSpan.FromSeconds(61) ? seen[name] : throw new InvalidOperationException($"{name} waits since {seen[name]:T}, now {fleet.Run.Story.Time.GetUtcNow():T}");
            }
        }

        (fleet.World.Graph.Spent - spent).ShouldBeInRange(1000 * 5 / 100, 2 * (1000 * 5 / 100) + 5);
        fleet.World.Rest.Spent.ShouldBe(0);
        fleet.World.Refusals.ShouldBe(0);
    }

    [Fact]
    public async Task What_moved_often_before_the_first_look_is_looked_at_more_often_than_the_rest_at_once()
    {
        await using var fleet = await Fleet.StartAsync(owners: 1000, each: 1, prepare: world =>
            world.Find("org7", "repo0")!.Commits = [.. Enumerable.Range(0, 100).Select(number => world.Now - TimeSpan.FromMinutes(10 * (number + 1)))]);

        await fleet.RunAsync(TimeSpan.FromMinutes(1));

        fleet.Run.Baselines.ShouldBe(1000);
        fleet.World.Requests.GetValueOrDefault("commits").ShouldBe(0, "no history is asked for alone");
        fleet.World.Graph.Spent.ShouldBeLessThan(100, "a point tells the histories of 25");
        var (busy, quiet) = (fleet.Run.Worker.Repositories["org7-repo0"], fleet.Run.Worker.Repositories["org8-repo0"]);
        fleet.Run.Worker.IntervalOf(busy).ShouldBeLessThan(0.8 * fleet.Run.Worker.IntervalOf(quiet));
    }

    [Fact]
    public async Task A_limit_that_others_spend_of_too_slows_looks_down_and_never_stops_them()
    {
        await using var fleet = await Fleet.StartAsync(owners: 1000, each: 1);
        await fleet.RunAsync(TimeSpan.FromMinutes(5));
        var seen = fleet.Looked();
        var longest = TimeSpan.Zero;
        fleet.World.Graph.SpendElsewhere(fleet.World.Graph.Remaining - 700); // 450 above what is left to others, for most of an hour that needs 1200
        for (var minute = 0; minute < 52; minute++)
        {
            await fleet.RunAsync(TimeSpan.FromMinutes(1));
            foreach (var (name, at) in fleet.Looked())
            {
                longest = fleet.Run.Story.Time.GetUtcNow() - at!.Value > longest ? fleet.Run.Story.Time.GetUtcNow() - at.Value : longest;
                seen[name] = at;
            }
        }

        fleet.World.Graph.Remaining.ShouldBeInRange(250, 350, "what is left to others stays, and the rest is used");
        fleet.World.Refusals.ShouldBe(0);
        longest.ShouldBeLessThan(TimeSpan.FromMinutes(5));
        fleet.Run.Worker.Budgets["github"].KeepsInterval.ShouldBeFalse();
        await fleet.RunAsync(TimeSpan.FromMinutes(5));
        fleet.Run.Worker.Budgets["github"].KeepsInterval.ShouldBeTrue("a new window has begun");
    }

    [Fact]
    public async Task Forges_that_refuse_are_asked_once_for_each_back_off_and_all_goes_on_afterwards()
    {
        await using var fleet = await Fleet.StartAsync(owners: 20, each: 100);
        await fleet.RunAsync(TimeSpan.FromMinutes(3));
        fleet.World.Refuse(TimeSpan.FromMinutes(10));
        var before = fleet.World.Refusals;

        await fleet.RunAsync(TimeSpan.FromMinutes(2));
        fleet.Push(7);
        await fleet.RunAsync(TimeSpan.FromMinutes(7.9), seconds: 2);
        (fleet.World.Refusals - before).ShouldBeInRange(1, 4, "what was under way when it began");
        await fleet.RunAsync(TimeSpan.FromMinutes(3));

        fleet.World.InsideRetryAfter.ShouldBe(0, "nothing is asked before the time that was told");
        fleet.Lost.ShouldBe(0);
        fleet.Run.Failures.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_was_pushed_while_nobody_looked_is_found_by_the_first_lists()
    {
        await using var fleet = await Fleet.StartAsync(owners: 20, each: 400);
        await fleet.RunAsync(TimeSpan.FromMinutes(4));
        fleet.Run.Baselines.ShouldBe(8000);
        await fleet.StopAsync();
        fleet.Run.Story.Time.Advance(TimeSpan.FromHours(6));
        foreach (var number in Enumerable.Range(0, 120))
        {
            fleet.Push(number * 5); // more of an owner than one page tells
        }

        fleet.Run.Story.Time.Advance(TimeSpan.FromHours(1));
        var spent = fleet.World.Graph.Spent;
        await fleet.StartAgainAsync();
        await fleet.RunAsync(TimeSpan.FromMinutes(1.5));

        fleet.Lost.ShouldBe(0);
        (fleet.World.Graph.Spent - spent).ShouldBeLessThan(80);
    }

    [Fact]
    public async Task What_no_list_and_no_batch_tells_is_seen_all_the_same()
    {
        await using var fleet = await Fleet.StartAsync(owners: 20, each: 400, prepare: world =>
        {
            for (var number = 0; number < 150; number++)
            {
                world.Find("org0", "repo0")!.Heads[$"many/{number}"] = new string('3', 40);
            }
        });
        await fleet.RunAsync(TimeSpan.FromMinutes(4));
        fleet.Run.Baselines.ShouldBe(8000);
        var large = fleet.Run.Worker.Repositories["org0-repo0"];
        large.Heads[RefKind.Branch].RefCount.ShouldBe(151);

        fleet.Push(0);
        await fleet.RunAsync(TimeSpan.FromMinutes(1));
        fleet.Lost.ShouldBe(0);
        fleet.World.Find("org3", "repo3")!.Heads.TryRemove("main", out _);
        fleet.World.Find("org3", "repo3")!.Heads["other"] = new string('4', 40);
        await fleet.RunAsync(TimeSpan.FromMinutes(62), seconds: 5);

        fleet.Run.Changes.ShouldContain("refs/heads/main");
        fleet.Run.Worker.Why(large).ShouldContain("the pushes of org0 are listed about every ");
    }

    [Fact]
    public async Task A_forge_that_answers_no_batch_is_asked_for_each_alone_and_later_together_again()
    {
        await using var fleet = await Fleet.StartAsync(owners: 600, each: 1);
        await fleet.RunAsync(TimeSpan.FromMinutes(3));
        fleet.World.HasGraph = false;
        fleet.Push(7);
        await fleet.RunAsync(TimeSpan.FromMinutes(8));
        fleet.Lost.ShouldBe(0);
        fleet.World.Requests["branches"].ShouldBeGreaterThan(200);

        fleet.World.HasGraph = true;
        await fleet.RunAsync(TimeSpan.FromMinutes(12), seconds: 2);
        var (alone, together) = (fleet.World.Requests["branches"], fleet.World.Requests["graphql"]);
        await fleet.RunAsync(TimeSpan.FromMinutes(2));
        fleet.World.Requests["branches"].ShouldBe(alone);
        fleet.World.Requests["graphql"].ShouldBeGreaterThan(together);
    }

    [Fact]
    public async Task A_batch_that_tells_again_what_was_there_before_another_look_tells_a_change()
    {
        await using var fleet = await Fleet.StartAsync(owners: 600, each: 1);
        await fleet.RunAsync(TimeSpan.FromMinutes(5));
        var (there, watched) = (fleet.World.Find("org7", "repo0")!, fleet.Run.Worker.Repositories["org7-repo0"]);
        watched.ToldBefore!.MarkFor(watched).ShouldNotBeNull("two batches told the same");
        var first = there.Heads["main"];
        var second = fleet.World.Push(there);

        fleet.Run.Worker.PollNow("org7-repo0");
        await fleet.RunAsync(TimeSpan.FromSeconds(2));
        watched.ToldBefore.MarkFor(watched).ShouldBeNull("a look at it alone learnt something");
        there.Heads["main"] = first;
        await fleet.RunAsync(TimeSpan.FromMinutes(2));

        fleet.Moves.ShouldBe([(first, second), (second, first)]);
    }

    [Fact]
    public async Task A_batch_that_tells_again_what_was_so_before_another_look_is_believed()
    {
        await using var fleet = await Fleet.StartAsync(owners: 600, each: 1);
        await fleet.RunAsync(TimeSpan.FromMinutes(16), seconds: 2); // a look at it alone asks for its description at most every ten minutes
        var (there, watched) = (fleet.World.Find("org7", "repo0")!, fleet.Run.Worker.Repositories["org7-repo0"]);

        there.Archived = true;
        fleet.Run.Worker.PollNow("org7-repo0");
        await fleet.RunAsync(TimeSpan.FromSeconds(1));
        watched.Archived.ShouldBeTrue();
        watched.ToldBefore!.MarkFor(watched).ShouldBeNull("the last batch told otherwise");
        there.Archived = false;
        await fleet.RunAsync(TimeSpan.FromMinutes(62), seconds: 5);

        watched.Archived.ShouldBeFalse();
    }

    [Fact]
    public async Task A_batch_that_lacked_what_another_look_found_is_compared_again_when_it_is_really_gone()
    {
        await using var fleet = await Fleet.StartAsync(owners: 600, each: 1, prepare: world => world.Find("org7", "repo0")!.Heads["topic"] = new string('4', 40));
        await fleet.RunAsync(TimeSpan.FromMinutes(5));
        var there = fleet.World.Find("org7", "repo0")!;
        there.HiddenInBatches = "topic";
        await fleet.RunAsync(TimeSpan.FromMinutes(3));
        fleet.Moves.ShouldBeEmpty();

        there.HiddenInBatches = null;
        there.Heads.TryRemove("topic", out _);
        await fleet.RunAsync(TimeSpan.FromMinutes(2));

        fleet.Moves.ShouldBe([(new string('4', 40), null)]);
    }

    private sealed class Fleet : IAsyncDisposable
    {
        private readonly List<GitHubRepo> repositories = [];
        private readonly ConcurrentDictionary<(string Repository, string Commit), (DateTimeOffset At, double? Delay)> pushed = new();
        private readonly List<RepositoryConfig> configs = [];
        private readonly HttpClient client;

        private Fleet(PollRun run, GitHubWorld world, HttpClient client) => (Run, World, this.client) = (run, world, client);

        public PollRun Run { get; }

        public GitHubWorld World { get; }

        public int Pushes => pushed.Count;

        public int Lost => pushed.Values.Count(push => push.Delay is null);

        public static async Task<Fleet> StartAsync(int owners, int each, Action<GitHubWorld>? prepare = null)
        {
            var run = await PollRun.StartAsync(0, begin: false, Polling);
            var world = new GitHubWorld(run.Story.Time) { Skew = TimeSpan.FromSeconds(90) };
            var http = new HttpClient(world.Handler());
            var fleet = new Fleet(run, world, http);
            (run.Story.Provider, run.Story.Source) = (Provider, GitHubRefSource.For(Provider, http, run.Story.Time));
            run.Story.Feed.Subscribe(fleet.Note);
            for (var owner = 0; owner < owners; owner++)
            {
                for (var number = 0; number < each; number++)
                {
                    fleet.repositories.Add(world.Add($"org{owner}", $"repo{number}"));
                    fleet.configs.Add(Build.Repository($"org{owner}-repo{number}") with { Url = new Uri($"https://github.com/org{owner}/repo{number}.git"), Provider = "github", ProviderType = "github" });
                }
            }

            prepare?.Invoke(world);
            await run.BeginAsync([.. fleet.configs]);
            return fleet;
        }

        /// <summary>Of all that changed, in order.</summary>
        public ConcurrentQueue<(string? Before, string? After)> Moves { get; } = [];

        public Dictionary<string, DateTimeOffset?> Looked() => Run.Worker.Repositories.Values.ToDictionary(repository => repository.Config.Name, repository => repository.LastLookedAt);

        public Task StopAsync() => Run.StopAsync();

        public Task StartAgainAsync() => Run.BeginAgainAsync([.. configs]);

        public void Push(int number)
        {
            var repository = repositories[number];
            var commit = World.Push(repository, $"topic/{Pushes}");
            pushed[($"{repository.Owner}-{repository.Name}", commit)] = (Run.Story.Time.GetUtcNow(), null);
        }

        public double Delay(double quantile)
        {
            var delays = pushed.Values.Select(push => push.Delay ?? double.PositiveInfinity).Order().ToList();
            return delays[(int)Math.Ceiling(quantile * delays.Count) - 1];
        }

        /// <summary>Lets the clock run in steps; in each all that is due is done.</summary>
        public async Task RunAsync(TimeSpan time, int seconds = 1)
        {
            for (var second = 0; second < time.TotalSeconds; second += seconds)
            {
                await Run.PassAsync(TimeSpan.FromSeconds(seconds));
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Run.DisposeAsync();
            client.Dispose();
        }

        private void Note(LiveNote note)
        {
            if (note is LiveNote.Changed { Event.Change: { } change })
            {
                Moves.Enqueue((change.Before, change.After));
            }

            if (note is LiveNote.Changed { Event: { } told } && told.Change.After is { } commit && pushed.TryGetValue((told.Repository.Name, commit), out var push))
            {
                push.Delay.ShouldBeNull();
                pushed[(told.Repository.Name, commit)] = (push.At, (Run.Story.Time.GetUtcNow() - push.At).TotalSeconds);
            }
        }
    }
}
