using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>The adaptive policy in the poller itself: real looks, real storage, a clock that is moved.</summary>
public sealed class AdaptivePollingTests
{
    private static readonly PollingConfig Polling = new() { Strategy = "adaptive", MaxWorkers = 16, Interval = TimeSpan.FromSeconds(60), MinInterval = TimeSpan.FromSeconds(10), Surplus = 1 };

    [Fact]
    public async Task Nobody_waits_longer_than_the_interval_and_no_more_is_spent_than_the_surplus_allows()
    {
        const int Count = 20;
        const int Seconds = 600;
        await using var run = await PollRun.StartAsync(Count, polling: Polling);
        await run.UntilAsync(() => run.Baselines == Count);
        var seen = Looks(run).ToDictionary(pair => pair.Key, pair => (Looks: pair.Value, At: 0));
        var longest = 0;
        for (var second = 1; second <= Seconds; second++)
        {
            await run.PassAsync(TimeSpan.FromSeconds(1));
            foreach (var (url, looks) in Looks(run).Where(pair => pair.Value > seen[pair.Key].Looks))
            {
                longest = Math.Max(longest, second - seen[url].At);
                seen[url] = (looks, second);
            }
        }

        longest.ShouldBeLessThanOrEqualTo(62);
        seen.Values.Min(one => Seconds - one.At).ShouldBeLessThanOrEqualTo(62);
        (Looks(run).Values.Sum() - Count).ShouldBeInRange(Count * Seconds / 60, (Count * Seconds * 2 / 60) + Count);
    }

    [Fact]
    public async Task What_it_learnt_is_there_after_a_restart()
    {
        await using var story = await PollStory.BeginAsync(Polling);
        var worker = story.Worker();
        var repository = (await story.StartAsync(Build.Repository())).Single();
        using (var ending = new CancellationTokenSource())
        {
            worker.Add([repository]);
            var running = worker.RunAsync(ending.Token);
            await UntilAsync(story, () => repository.LastLookedAt is not null);
            story.Forge.Push("main", '2');
            await UntilAsync(story, () => repository.Cadence?.Intensity.Changes == 1);
            worker.Why(repository).ShouldStartWith("the adaptive policy expects ");
            await ending.CancelAsync();
            await running;
        }

        var restarted = story.Worker();
        var again = (await story.StartAsync(Build.Repository())).Single();
        restarted.Add([again]);

        again.Cadence!.Intensity.Changes.ShouldBe(1);
        again.Cadence.Interval.ShouldBeLessThanOrEqualTo(60);
    }

    [Fact]
    public async Task The_last_commits_of_a_new_repository_tell_how_often_it_moves()
    {
        await using var run = await PollRun.StartAsync(0, begin: false, Polling);
        run.Story.Forge.Recent = [.. Enumerable.Range(0, 50).Select(number => Build.Noon - TimeSpan.FromHours(number)), Build.Noon + TimeSpan.FromDays(3)];
        await run.BeginAsync([Build.Repository()]);
        await run.UntilAsync(() => run.Worker.Repositories["web"].Roster is not null);

        var intensity = run.Worker.Repositories["web"].Cadence!.Intensity;
        intensity.Changes.ShouldBe(50); // none of the future
        run.Worker.Why(run.Worker.Repositories["web"]).ShouldStartWith("the adaptive policy expects ");
    }

    [Fact]
    public async Task The_strategy_is_changed_while_it_runs_and_nobody_is_forgotten()
    {
        await using var run = await PollRun.StartAsync(6, polling: Polling);
        await run.UntilAsync(() => run.Baselines == 6);
        await run.UntilAsync(() => run.Worker.Repositories.Values.All(repository => repository.Roster is not null));

        foreach (var strategy in (string[])["fixed", "adaptive", "fixed"])
        {
            run.Story.Change(Polling with { Strategy = strategy });
            await run.Worker.ApplyAsync(run.Story.Assignments);
            var before = run.Worker.Repositories.Values.ToDictionary(repository => repository.Config.Name, repository => repository.LastLookedAt);
            await run.UntilAsync(() => run.Worker.Repositories.Values.All(repository => repository.LastLookedAt > before[repository.Config.Name]), advance: TimeSpan.FromSeconds(5));
            run.Worker.Repositories.Values.Count(repository => repository.Roster is not null).ShouldBe(strategy == "adaptive" ? 6 : 0);
        }
    }

    [Fact]
    public void A_budget_that_does_not_cover_the_interval_is_spread_up_to_the_longest()
    {
        var provider = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 1000 };
        RepositoryConfig[] repositories = [.. Enumerable.Range(0, 100).Select(number => Build.Repository($"r{number}") with { Provider = "corp", ProviderType = "gitlab" })];
        var budget = LookBudget.Of(provider, repositories, Polling with { MaxInterval = TimeSpan.FromHours(1) });

        budget.KeepsInterval.ShouldBeFalse();
        budget.Spent.ShouldBe(0.25, tolerance: 0.001);
        budget.Longest.ShouldBe(TimeSpan.FromHours(1));
        budget.Stretch.ShouldBe(100 / 60.0 / 0.25, tolerance: 0.01);
        budget.Explain("corp").ShouldContain("credential corp has 0.25 looks a second where polling.interval needs 1.67");
        LookBudget.Of(provider, repositories[..10], Polling).KeepsInterval.ShouldBeTrue();
        LookBudget.Of(null, repositories, Polling).Spent.ShouldBe(2 * 100 / 60.0, tolerance: 0.001);
    }

    [Fact]
    public void Repositories_with_an_interval_of_their_own_are_served_first_up_to_four_fifths()
    {
        var provider = new ProviderConfig { Name = "corp", Type = "gitlab", RequestsPerHour = 4000 };
        var pinned = Build.Repository("pinned") with { Provider = "corp", ProviderType = "gitlab", PollingInterval = TimeSpan.FromSeconds(1) };
        var budget = LookBudget.Of(provider, [pinned, pinned with { Name = "other", Url = new Uri("https://git.example/acme/other.git") }, Build.Repository("usual") with { ProviderType = "gitlab" }], Polling);

        (budget.Repositories, budget.Available, budget.Pinned).ShouldBe((1, 1.0, 2.0));
        budget.Left.ShouldBe(0.2, tolerance: 0.001);
    }

    private static Dictionary<Uri, int> Looks(PollRun run)
    {
        lock (run.Story.Forge.Asked)
        {
            return run.Story.Forge.Asked.GroupBy(asked => asked.Url).ToDictionary(group => group.Key, group => group.Count());
        }
    }

    private static async Task UntilAsync(PollStory story, Func<bool> holds)
    {
        for (var wait = 0; !holds(); wait++)
        {
            wait.ShouldBeLessThan(2000, "it did not happen");
            story.Time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, CancellationToken.None);
        }
    }

    [Fact]
    public async Task After_each_wait_that_a_forge_asks_for_one_goes_ahead_whoever_it_is()
    {
        var wait = TimeSpan.FromSeconds(30);
        await using var run = await PollRun.StartAsync(repositories: 12, polling: Polling with { EnableApiFallback = false });
        await run.UntilAsync(() => run.Baselines == 12);
        var asked = new ConcurrentQueue<DateTimeOffset>();
        run.Story.Forge.Before = async (_, token) =>
        {
            asked.Enqueue(run.Story.Time.GetUtcNow());
            await Task.Delay(TimeSpan.FromSeconds(6), run.Story.Time, token);
            throw new RefSourceException(RefSourceError.RateLimited, "told to wait", wait);
        };
        await run.UntilAsync(() => run.Worker.WaitOf("forge") is not null, advance: TimeSpan.FromSeconds(2));
        foreach (var repository in run.Worker.Repositories.Values)
        {
            run.Worker.Why(repository).ShouldStartWith("credential forge waits ");
            run.Worker.NextLookAt(repository).ShouldBeGreaterThanOrEqualTo(run.Story.Time.GetUtcNow() + run.Worker.WaitOf("forge")!.Left);
        }

        await run.UntilAsync(() => asked.Count >= 15, advance: TimeSpan.FromSeconds(2));

        var later = asked.SkipWhile(at => at < asked.First() + wait).ToList(); // those of the first moment were under way together
        later.Zip(later.Skip(1), (one, next) => next - one).ShouldAllBe(gap => gap >= wait);
    }
}
