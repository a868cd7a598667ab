using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class PullRequestTests
{
    private static readonly RepositoryConfig Watched = Build.Repository() with { ProviderType = "github", PullRequests = PullRequestScope.OwnBranches };

    [Fact]
    public async Task Those_that_are_open_at_first_are_a_silent_baseline_and_later_ones_are_events()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5');
        var repository = (await story.StartAsync(Watched))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty();

        story.Forge.Open(1, '6').Open(2, '7');
        (await story.LookAsync(repository)).ShouldBe(["pull_request_updated refs/pull/1/head", "pull_request_opened refs/pull/2/head"]);

        var (updated, opened) = (story.Last[0], story.Last[1]);
        (updated.Change.Before, updated.Change.After, updated.PullRequest!.HeadSha).ShouldBe((Build.Commit('5'), Build.Commit('6'), Build.Commit('6')));
        (opened.PullRequest!.Number, opened.PullRequest.HeadBranch, opened.PullRequest.BaseBranch, opened.PullRequest.Reopened).ShouldBe((2, "topic", "main", false));
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.ScalarAsync<string>("SELECT branch_name FROM events WHERE event_type = 'pull_request_opened'")).ShouldBe("topic");
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.pull_request.state') FROM events WHERE event_type = 'pull_request_opened'")).ShouldBe("open");
    }

    [Theory]
    [InlineData(PullRequestState.Merged)]
    [InlineData(PullRequestState.Closed)]
    [InlineData(null)]
    public async Task One_that_left_the_list_is_closed_as_its_own_record_says(PullRequestState? state)
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5');
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);

        story.Forge.Close(1, state);

        (await story.LookAsync(repository)).ShouldBe(["pull_request_closed refs/pull/1/head"]);
        story.Last[0].PullRequest!.State.ShouldBe(state ?? PullRequestState.Closed);
        story.Last[0].PullRequest!.HeadSha.ShouldBe(Build.Commit('5'));
        story.Last[0].Unknown.Contains("title").ShouldBe(state is null);
    }

    [Fact]
    public async Task A_short_list_closes_none_and_what_cannot_be_asked_waits_for_the_next_look()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5').Open(2, '5');
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);

        story.Forge.LeavesOutOnce = "refs/pull/1/head";
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.LookAsync(repository)).ShouldBeEmpty();

        story.Forge.Close(1, PullRequestState.Merged);
        story.Forge.HidesRecords = true;
        story.Forge.Open(2, '6');
        (await story.LookAsync(repository)).ShouldBe(["pull_request_updated refs/pull/2/head"]);
        story.Forge.HidesRecords = false;
        (await story.LookAsync(repository)).ShouldBe(["pull_request_closed refs/pull/1/head"]);
        (await story.LookAsync(repository)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_list_that_lost_many_asks_for_few_records_at_a_time()
    {
        await using var story = await PollStory.BeginAsync();
        foreach (var number in Enumerable.Range(1, 50))
        {
            story.Forge.Open(number, '5');
        }

        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);
        foreach (var number in Enumerable.Range(1, 50))
        {
            story.Forge.Close(number, PullRequestState.Closed);
        }

        var closed = new List<int>();
        for (var look = 0; look < 4; look++)
        {
            story.Forge.Push("main", (char)('2' + look));
            closed.Add((await story.LookAsync(repository)).Count(line => line.StartsWith("pull_request_closed", StringComparison.Ordinal)));
        }

        closed.ShouldBe([20, 20, 10, 0]);
        story.Forge.Records.ShouldBe(50);
        repository.Held.ShouldBeEmpty();
    }

    [Fact]
    public async Task Those_of_strangers_are_watched_only_where_that_is_asked_for_and_then_begin_silently()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);
        story.Forge.Open(1, '5', isFork: true);
        (await story.LookAsync(repository)).ShouldBeEmpty();

        repository = (await story.StartAsync(Watched with { PullRequests = PullRequestScope.Forks }))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty();
        story.Forge.Open(1, '6', isFork: true).Open(2, '5', isFork: true);
        (await story.LookAsync(repository)).ShouldBe(["pull_request_updated refs/pull/1/head", "pull_request_opened refs/pull/2/head"]);
        story.Last[0].PullRequest!.Fork.ShouldBeTrue();

        repository = (await story.StartAsync(Watched))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty(); // no longer watched, and not closed
    }

    [Fact]
    public async Task They_are_watched_by_the_branch_that_they_shall_be_merged_into()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Watched with { Branches = ["main", "release/*"] }))[0];
        await story.LookAsync(repository);

        story.Forge.Open(1, '5', into: "main").Open(2, '5', into: "topic").Open(3, '5', into: "release/1");

        (await story.LookAsync(repository)).ShouldBe(["pull_request_opened refs/pull/1/head", "pull_request_opened refs/pull/3/head"]);
    }

    [Fact]
    public async Task One_that_was_seen_closed_is_opened_again()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5');
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);
        story.Forge.Close(1, PullRequestState.Closed);
        await story.LookAsync(repository);

        story.Forge.Open(1, '5').Open(2, '5');
        await story.LookAsync(repository);

        story.Last.Select(one => one.PullRequest!.Reopened).ShouldBe([true, false]);
    }

    [Fact]
    public async Task Title_author_and_files_of_one_are_judged_by_the_rules_and_what_is_kept_back_is_on_record()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Watched with { SkipMessages = ["[skip ci]"], IgnoreAuthors = ["renovate*"], Paths = ["src/**"] }))[0];
        await story.LookAsync(repository);

        story.Forge.Open(1, '5').Describe(1, "Part one [Skip CI]", "grace");
        story.Forge.Open(2, '5').Describe(2, "Part two", "Renovate-bot");
        story.Forge.Open(3, '6').Describe(3, "Part three", "grace").Change('4', '6', "docs/a.md");
        story.Forge.Open(4, '7').Describe(4, "Part four", "grace").Change('4', '7', "docs/a.md", "src/a.cs");
        story.Forge.Open(5, '8').Describe(5, "Part five", "grace"); // nobody tells what it changes
        await story.LookAsync(repository);

        story.Last.Select(one => one.Skipped?.By).ShouldBe(["skip_messages", "ignore_authors", "paths", null, null]);
        story.Last[2].Skipped!.Reason.ShouldContain("docs/a.md");
        story.Last.Select(one => one.Unknown.Contains("files")).ShouldBe([true, true, false, false, true]);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM events WHERE status = 'unrouted'")).ShouldBe(3);
    }

    [Fact]
    public async Task However_many_there_are_at_once_each_is_judged()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Watched with { SkipMessages = ["[skip ci]"] }))[0];
        await story.LookAsync(repository);
        foreach (var number in Enumerable.Range(1, 30))
        {
            story.Forge.Open(number, '5').Describe(number, number == 30 ? "Wanted" : "Part [skip ci]", "grace");
        }

        await story.LookAsync(repository);

        story.Last.Count(one => one.Skipped?.By == "skip_messages").ShouldBe(29);
        story.Last.Single(one => one.Skipped is null).PullRequest!.Number.ShouldBe(30);
    }

    [Fact]
    public async Task Git_in_the_place_of_the_forge_leaves_them_as_they_were()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5');
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);
        story.Forge.Close(1, PullRequestState.Merged);
        story.Git.Push("main", '9');
        story.Git.Leaves = RefKind.PullRequest;

        (await story.LookAsync(repository, fallback: true)).ShouldBe(["branch_updated refs/heads/main"]);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM refs WHERE kind = 'pull_request'")).ShouldBe(1);
    }

    [Fact]
    public async Task Turned_off_they_are_forgotten_and_turned_on_again_they_begin_silently()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Open(1, '5');
        var repository = (await story.StartAsync(Watched))[0];
        await story.LookAsync(repository);

        repository = (await story.StartAsync(Watched with { PullRequests = PullRequestScope.None }))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM refs WHERE kind = 'pull_request'")).ShouldBe(0);
        story.Forge.Open(2, '5');

        repository = (await story.StartAsync(Watched))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty();
    }
}
