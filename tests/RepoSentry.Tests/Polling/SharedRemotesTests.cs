using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>Several watchers of one remote: a look by any of them is made for all.</summary>
public sealed class SharedRemotesTests
{
    private static readonly RepositoryConfig Web = Build.Repository();

    private static readonly RepositoryConfig[] Watchers =
    [
        Web with { Name = "main", Branches = ["main"] },
        Web with { Name = "releases", Branches = ["release/**"] },
        Web with { Name = "tags", Branches = [], Tags = ["**"] },
    ];

    [Theory]
    [InlineData("fixed")]
    [InlineData("adaptive")]
    public async Task Each_is_told_of_what_it_watches_by_one_look(string strategy)
    {
        await using var run = await StartAsync(strategy);
        await run.UntilAsync(() => run.Baselines == 3);
        var asked = run.Story.Forge.Asked;
        asked.Count.ShouldBe(1);
        asked[0].Kinds.Select(kind => (kind.Kind, string.Join(' ', kind.Prefixes))).ShouldBe([(RefKind.Branch, "refs/heads/main refs/heads/release/"), (RefKind.Tag, "")], ignoreOrder: true);

        run.Story.Forge.Push("main", '2').Push("release/1", '2').Tag("v1", '2');
        await run.UntilAsync(() => run.Changes.Count == 3, advance: TimeSpan.FromSeconds(10));

        run.Changes.Order(StringComparer.Ordinal).ShouldBe(["refs/heads/main", "refs/heads/release/1", "refs/tags/v1"]);
        (await run.Story.ScalarAsync<string>("SELECT GROUP_CONCAT(repository_name, ' ') FROM (SELECT repository_name FROM events ORDER BY ref)")).ShouldBe("main releases tags");
        asked[1].Kinds.ShouldAllBe(kind => kind.Validator != null);
    }

    [Theory]
    [InlineData("fixed")]
    [InlineData("adaptive")]
    public async Task Looks_stay_one_for_all_over_many_rounds(string strategy)
    {
        await using var run = await StartAsync(strategy);
        await run.UntilAsync(() => run.Baselines == 3);
        var before = run.Story.Forge.Asked.Count;

        await run.UntilAsync(() => run.Worker.Repositories.Values.All(one => one.Quiet.All.Count >= 5), advance: TimeSpan.FromSeconds(5));

        (run.Story.Forge.Asked.Count - before).ShouldBeLessThanOrEqualTo(run.Worker.Repositories.Values.Min(one => one.Quiet.All.Count) + 3);
    }

    [Fact]
    public async Task A_look_that_was_made_for_another_puts_nobodys_next_one_off()
    {
        await using var run = await StartAsync("fixed", Watchers[0] with { PollingInterval = TimeSpan.FromSeconds(10) }, Watchers[1]);
        await run.UntilAsync(() => run.Worker.Repositories["main"].Quiet.All.Count >= 12, advance: TimeSpan.FromSeconds(2));

        var slow = run.Worker.Repositories["releases"];
        (run.Worker.NextLookAt(slow) - run.Story.Time.GetUtcNow()).ShouldBeLessThanOrEqualTo(run.Worker.IntervalOf(slow));
        slow.Quiet.All.Count.ShouldBeGreaterThan(8);
    }

    [Fact]
    public async Task One_whose_pull_requests_the_forge_refuses_looks_by_itself_and_says_so()
    {
        await using var run = await PollRun.StartAsync(0, begin: false, new PollingConfig { Strategy = "fixed", RetryAttempts = 1 });
        run.Story.Git.Leaves = RefKind.PullRequest;
        run.Story.Forge.Before = (asked, _) => asked.Kinds.Any(kind => kind.Kind == RefKind.PullRequest) ? throw new RefSourceException(RefSourceError.Malformed, "pulls answered 403", TimeSpan.Zero) : Task.CompletedTask;
        await run.BeginAsync([Watchers[0], Watchers[0] with { Name = "pulls", PullRequests = PullRequestScope.OwnBranches }]);
        await run.UntilAsync(() => run.Worker.Repositories.Values.All(one => one.Quiet.All.Count >= 4), advance: TimeSpan.FromSeconds(5));

        var (main, pulls) = (run.Worker.Repositories["main"], run.Worker.Repositories["pulls"]);
        pulls.Standing.Notice.ShouldNotBeNull().ShouldContain("pull requests are not looked at while Git stands in for the forge's interface: pulls answered 403");
        main.LastLook!.Source.ShouldBe("github");
        main.Standing.Notice.ShouldBeNull();
        run.Failures.ShouldBeEmpty();
        run.Worker.Why(main).ShouldNotContain("pulls");

        run.Story.Forge.Before = null;
        await run.UntilAsync(() => pulls.Standing.Notice is null, advance: TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task Where_the_look_comes_to_nothing_each_goes_on_by_itself()
    {
        await using var run = await StartAsync("fixed");
        await run.UntilAsync(() => run.Baselines == 3);
        var asked = run.Story.Forge.Asked.Count;
        foreach (var _ in Enumerable.Range(0, 9))
        {
            run.Story.Forge.FailNext(RefSourceError.NotFound);
        }

        await run.UntilAsync(() => run.Failures.Count == 3, advance: TimeSpan.FromSeconds(5));
        run.Story.Forge.Asked.Count.ShouldBeLessThan(asked + 12);
        run.Story.Forge.Push("main", '3').Push("release/2", '3').Tag("v2", '3');
        await run.UntilAsync(() => run.Changes.Count == 3, advance: TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task One_that_is_added_later_has_a_baseline_of_its_own()
    {
        await using var run = await StartAsync("fixed", Watchers[..2]);
        await run.UntilAsync(() => run.Baselines == 2);
        await run.Story.StartAsync(Watchers);

        await run.Worker.ApplyAsync(run.Story.Assignments);
        await run.UntilAsync(() => run.Baselines == 3);
        run.Story.Forge.Tag("v1", '2');
        await run.UntilAsync(() => run.Changes.Count == 1, advance: TimeSpan.FromSeconds(10));

        run.Changes.ShouldBe(["refs/tags/v1"]);
    }

    [Fact]
    public async Task Credentials_share_no_look()
    {
        await using var story = await PollStory.BeginAsync();
        await story.StartAsync(Watchers);
        var same = story.Assignments.Select(one => new PolledRepository(one.Watched, one.Sources, one.Shard)).ToList();
        var other = new PolledRepository(story.Assignments[2].Watched, story.Assignments[2].Sources with { Credential = "other" }, story.Assignments[2].Shard);
        var remotes = new SharedRemotes();

        var page = new PolledRepository(story.Assignments[2].Watched with { Config = story.Assignments[2].Watched.Config with { ProviderType = "gitlab", Url = new Uri("https://git.example/acme/web") } }, same[0].Sources, same[0].Shard);
        var clone = new PolledRepository(story.Assignments[2].Watched with { Config = story.Assignments[2].Watched.Config with { ProviderType = "gitlab" } }, same[0].Sources, same[0].Shard);

        remotes.Know([page, clone]);
        remotes.CompanionsOf(page).ShouldBe([clone]);
        remotes.Know([same[0], same[1], other]);

        remotes.CompanionsOf(same[0]).ShouldBe([same[1]]);
        remotes.CompanionsOf(other).ShouldBeEmpty();
        remotes.Explain(other).ShouldBeEmpty();
        remotes.Explain(same[1]).ShouldContain("main");
    }

    private static async Task<PollRun> StartAsync(string strategy, params RepositoryConfig[] watchers)
    {
        var run = await PollRun.StartAsync(0, begin: false, new PollingConfig { Strategy = strategy, MaxWorkers = 16 });
        await run.BeginAsync(watchers.Length == 0 ? Watchers : watchers);
        return run;
    }
}
