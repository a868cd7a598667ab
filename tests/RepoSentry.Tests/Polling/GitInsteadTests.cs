using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>A repository of more refs than its forge tells with one request is looked at by Git, which lists what is watched with one.</summary>
public sealed class GitInsteadTests
{
    private const int Page = 100;

    [Fact]
    public async Task Beyond_a_page_git_looks_and_the_forge_still_tells_of_commits()
    {
        await using var run = await StartAsync(Page + 50);
        var forge = run.Story.Forge.Asked.Count;
        await run.UntilAsync(() => run.Story.Git.Asked.Count >= 3, advance: TimeSpan.FromSeconds(20));
        run.Story.Forge.Asked.Count.ShouldBe(forge);
        run.Story.Git.Asked.ShouldAllBe(asked => asked.Kinds[0].Prefixes[0] == "refs/heads/topic/" && asked.Kinds[0].Validator == null);

        run.Story.Forge.CommitOf = id => new CommitInfo { Id = id, Message = "Told by the forge" };
        Push(run, "topic/7", '2');
        await run.UntilAsync(() => run.Changes.Count == 1, advance: TimeSpan.FromSeconds(20));

        run.Changes.ShouldBe(["refs/heads/topic/7"]);
        (await run.Story.ScalarAsync<string>("SELECT metadata FROM events")).ShouldContain("Told by the forge");
    }

    [Fact]
    public async Task The_forge_is_asked_from_time_to_time_for_what_git_does_not_tell()
    {
        await using var run = await StartAsync(Page + 50);
        run.Story.Forge.Archived = true;

        await run.UntilAsync(() => run.Worker.Repositories["repo"].Archived, advance: TimeSpan.FromSeconds(30));
    }

    [Fact]
    public async Task A_missing_ref_is_believed_only_when_the_forge_says_so_too()
    {
        await using var run = await StartAsync(Page + 50);
        run.Story.Git.LeavesOutOnce = "refs/heads/topic/9";
        await run.UntilAsync(() => run.Story.Git.Asked.Count >= 2, advance: TimeSpan.FromSeconds(20));
        run.Changes.ShouldBeEmpty();
        run.Story.Git.LeavesOutOnce.ShouldBeNull();
    }

    [Fact]
    public async Task Where_git_fails_the_forge_is_asked_at_once_and_git_not_for_an_hour()
    {
        await using var run = await StartAsync(Page + 50);
        run.Story.Git.FailNext(RefSourceError.Unauthorized);
        var forge = run.Story.Forge.Asked.Count;
        await run.UntilAsync(() => run.Story.Git.Asked.Count == 1, advance: TimeSpan.FromSeconds(20));

        await run.UntilAsync(() => run.Story.Forge.Asked.Count >= forge + 10, advance: TimeSpan.FromSeconds(20));

        run.Story.Git.Asked.Count.ShouldBe(1);
        run.Failures.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Page, false, true)]
    [InlineData(Page + 50, true, true)]
    [InlineData(Page + 50, false, false)]
    public async Task A_page_pull_requests_or_a_configuration_without_git_leave_it_to_the_forge(int refs, bool pullRequests, bool fallback)
    {
        await using var run = await StartAsync(refs, pullRequests ? PullRequestScope.OwnBranches : PullRequestScope.None, fallback);
        var forge = run.Story.Forge.Asked.Count;

        await run.UntilAsync(() => run.Story.Forge.Asked.Count >= forge + 3, advance: TimeSpan.FromSeconds(20));

        run.Story.Git.Asked.ShouldBeEmpty();
    }

    private static async Task<PollRun> StartAsync(int refs, PullRequestScope pullRequests = PullRequestScope.None, bool fallback = true)
    {
        var run = await PollRun.StartAsync(0, begin: false, new PollingConfig { Strategy = "fixed", EnableApiFallback = fallback });
        run.Story.Page = Page;
        foreach (var number in Enumerable.Range(0, refs - 1))
        {
            Push(run, $"topic/{number}", '1');
        }

        await run.BeginAsync([Build.Repository("repo") with { Branches = ["topic/**"], PullRequests = pullRequests }]);
        await run.UntilAsync(() => run.Baselines == 1);
        return run;
    }

    private static void Push(PollRun run, string branch, char commit)
    {
        run.Story.Forge.Push(branch, commit);
        run.Story.Git.Push(branch, commit);
    }
}
