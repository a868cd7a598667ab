using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class PollWorkerTests
{
    [Fact]
    public async Task Never_seen_repositories_are_looked_at_at_once_and_again_at_their_interval()
    {
        await using var run = await PollRun.StartAsync(repositories: 8);
        await run.UntilAsync(() => run.Baselines == 8);
        var looks = run.Story.Forge.Asked.Count;
        await run.UntilAsync(() => run.Story.Forge.Asked.Count >= looks + 8, advance: TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_slow_host_never_delays_another() // kargo#2836
    {
        var slow = new TaskCompletionSource();
        await using var run = await PollRun.StartAsync(repositories: 0, begin: false);
        run.Story.Forge.Before = async (asked, token) =>
        {
            if (asked.Url.Host == "slow.example")
            {
                await slow.Task.WaitAsync(token);
            }
        };
        await run.BeginAsync([
            .. Enumerable.Range(0, 10).Select(number => Build.Repository($"slow{number}") with { Url = new Uri($"https://slow.example/r{number}") }),
            .. Enumerable.Range(0, 10).Select(number => Build.Repository($"fast{number}") with { Url = new Uri($"https://fast.example/r{number}") }),
        ]);

        await run.UntilAsync(() => run.Baselines == 10);
        slow.SetResult();
        await run.UntilAsync(() => run.Baselines == 20);
    }

    [Fact]
    public async Task An_unavailable_api_is_tried_again_then_git_stands_in()
    {
        await using var run = await PollRun.StartAsync(repositories: 1);
        await run.UntilAsync(() => run.Baselines == 1);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            run.Story.Forge.FailNext(RefSourceError.Unavailable);
        }

        run.Story.Git.Push("main", '2');
        await run.UntilAsync(() => run.Changes.Count == 1, advance: TimeSpan.FromSeconds(5));
        run.Story.Git.Asked.ShouldHaveSingleItem();
        run.Failures.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(RefSourceError.Unauthorized)]
    [InlineData(RefSourceError.NotFound)]
    public async Task A_refused_look_is_an_error_and_never_falls_back(RefSourceError error)
    {
        await using var run = await PollRun.StartAsync(repositories: 1, begin: false);
        run.Story.Forge.FailNext(error);
        await run.BeginAsync([Build.Repository()]);
        await run.UntilAsync(() => run.Failures.Count == 1);
        run.Story.Git.Asked.ShouldBeEmpty();
        (await run.Story.ScalarAsync<string>("SELECT status FROM repository_states")).ShouldBe("error");
        await run.UntilAsync(() => !run.Worker.IsBusy);
        var waiting = run.Worker.Repositories.Values.Single();
        run.Worker.IntervalOf(waiting).ShouldBe(run.Worker.NextLookAt(waiting) - run.Story.Time.GetUtcNow(), "it waits longer than others, and says so");

        await run.UntilAsync(() => run.Baselines == 1, advance: TimeSpan.FromSeconds(30)); // and it recovers by itself
        await run.UntilAsync(() => !run.Worker.IsBusy);
        run.Worker.IntervalOf(waiting).ShouldBe(new PollingConfig().Interval);
    }

    [Fact]
    public async Task A_rate_limit_is_obeyed_for_the_whole_credential_while_git_stands_in()
    {
        await using var run = await PollRun.StartAsync(repositories: 3);
        await run.UntilAsync(() => run.Baselines == 3);
        var asked = run.Story.Forge.Asked.Count;
        run.Story.Forge.FailNext(RefSourceError.RateLimited, TimeSpan.FromMinutes(10));
        await run.UntilAsync(() => run.Story.Git.Asked.Count >= 6, advance: TimeSpan.FromSeconds(20));

        run.Story.Forge.Asked.Count.ShouldBeInRange(asked + 1, asked + 3); // those of the same moment may have been under way
    }

    [Fact]
    public async Task What_git_may_not_see_while_the_forge_asks_to_wait_is_not_gone_and_the_wait_grows_no_longer()
    {
        await using var run = await PollRun.StartAsync(repositories: 3);
        await run.UntilAsync(() => run.Baselines == 3);
        run.Story.Git.Before = (_, _) => Task.FromException(new RefSourceException(RefSourceError.NotFound, "answered 404"));
        run.Story.Forge.FailNext(RefSourceError.RateLimited, TimeSpan.FromMinutes(10));
        HashSet<DateTimeOffset> ends = [];
        bool Noted(bool reached)
        {
            if (run.Worker.WaitOf(run.Worker.Repositories["repo0"].Sources.Credential) is { } wait)
            {
                ends.Add(run.Story.Time.GetUtcNow() + wait.Left);
            }

            return reached;
        }

        await run.UntilAsync(() => Noted(run.Failures.Count >= 4), advance: TimeSpan.FromSeconds(20));
        run.Failures.ShouldAllBe(failure => failure.Contains("Git as fallback: answered 404", StringComparison.Ordinal));
        run.Worker.Repositories.Values.ShouldAllBe(repository => repository.Status != RepositoryStatus.Gone);

        var asked = run.Story.Forge.Asked.Count;
        await run.UntilAsync(() => Noted(run.Story.Forge.Asked.Count >= asked + 3), advance: TimeSpan.FromSeconds(20));
        ends.Count.ShouldBe(1, "what Git answers must not make the forge's wait longer");
        await run.UntilAsync(() => run.Worker.Repositories.Values.All(repository => repository.Status == RepositoryStatus.Active), advance: TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_look_that_hangs_ends_at_its_time_limit() // gocd#13927
    {
        await using var run = await PollRun.StartAsync(repositories: 0, begin: false, new PollingConfig { Strategy = "fixed", EnableApiFallback = false, RetryAttempts = 1 });
        run.Story.Forge.Before = (_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token);
        await run.BeginAsync([Build.Repository()]);
        await run.UntilAsync(() => run.Failures.Count == 1, advance: TimeSpan.FromSeconds(10));
        run.Failures.Single().ShouldContain("polling.timeout");
    }

    [Fact]
    public async Task A_look_asked_for_goes_before_all_that_wait_for_their_host()
    {
        await using var run = await PollRun.StartAsync(repositories: 0, begin: false, new PollingConfig { Strategy = "fixed", MaxWorkers = 4 }); // one at a time for each host
        using var gate = new SemaphoreSlim(0);
        run.Story.Forge.Before = (_, token) => gate.WaitAsync(token);
        await run.BeginAsync([.. Enumerable.Range(0, 6).Select(number => Build.Repository($"repo{number}"))]);
        await run.UntilAsync(() => run.Story.Forge.Asked.Count == 1);

        run.Worker.PollNow("repo5");
        await run.UntilAsync(() => run.Worker.Why(run.Worker.Repositories["repo5"]) == "an operator asked for it");
        gate.Release();
        await run.UntilAsync(() => run.Story.Forge.Asked.Count == 2);

        run.Story.Forge.Asked[1].Url.AbsolutePath.ShouldBe("/acme/repo5.git");
        gate.Release(100);
        await run.UntilAsync(() => run.Baselines == 6);
    }

    [Fact]
    public async Task A_look_asked_for_comes_now()
    {
        await using var run = await PollRun.StartAsync(repositories: 1);
        await run.UntilAsync(() => run.Baselines == 1);
        run.Story.Forge.Push("main", '2');
        run.Worker.PollNow("repo0");
        await run.UntilAsync(() => run.Changes.Count == 1);
    }
}
