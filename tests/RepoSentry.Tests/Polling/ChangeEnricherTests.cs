using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class ChangeEnricherTests
{
    private static readonly string[] Everything = ["message", "author", "files", "forced"];

    private readonly FakeTimeProvider time = new(Build.Noon);
    private readonly FakeCommitSource forge = new();

    [Fact]
    public async Task An_update_tells_its_commits_and_nothing_is_unknown()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2', withFiles: true)], 1, false);

        var change = (await EnrichAsync(Build.Event())).ShouldHaveSingleItem();

        change.Commits.ShouldHaveSingleItem().Message.ShouldBe("message 2");
        (change.Forced, change.CommitCount).ShouldBe((false, 1));
        change.Unknown.ShouldBeEmpty();
        change.Repository.Private.ShouldBe(true);
        forge.Asked.ShouldBe([$"{Build.Commit('1')}...{Build.Commit('2')}"]);
    }

    [Fact]
    public async Task Twenty_of_many_commits_are_kept_the_newest_and_files_are_unknown_then()
    {
        var all = Enumerable.Range(0, 29).Select(index => new CommitInfo { Id = $"{index:x40}", Message = $"{index}" }).Append(Commit('2')).ToList();
        forge.Ranges = (_, _) => new CommitRange(all, 30, false);

        var change = (await EnrichAsync(Build.Event()))[0];

        change.Commits.Count.ShouldBe(20);
        change.Commits[^1].Id.ShouldBe(Build.Commit('2'));
        change.CommitCount.ShouldBe(30);
        change.Unknown.ShouldBe(["files"]);
        forge.Asked.Count.ShouldBe(6);
    }

    [Fact]
    public async Task A_list_of_commits_that_lacks_the_head_is_replaced_by_the_head()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('7')], 400, false);

        var change = (await EnrichAsync(Build.Event()))[0];

        change.Commits.ShouldHaveSingleItem().Id.ShouldBe(Build.Commit('2'));
        change.CommitCount.ShouldBe(400);
    }

    [Fact]
    public async Task A_branch_moved_back_is_forced_and_tells_its_head()
    {
        forge.Ranges = (_, _) => new CommitRange([], 0, true);

        var change = (await EnrichAsync(Build.Event()))[0];

        change.Forced.ShouldBe(true);
        change.Commits.ShouldHaveSingleItem().Id.ShouldBe(Build.Commit('2'));
        change.Unknown.ShouldBe(["files"]);
    }

    [Fact]
    public async Task A_created_branch_tells_its_head_and_does_not_claim_all_its_files()
    {
        var change = (await EnrichAsync(Build.Event(before: null)))[0];

        change.Commits.ShouldHaveSingleItem().Message.ShouldBe("message 2");
        change.CommitCount.ShouldBeNull();
        change.Unknown.ShouldBe(["files"]);
    }

    [Fact]
    public async Task A_deletion_is_never_asked_about()
    {
        var change = (await EnrichAsync(Build.Event(after: null)))[0];

        change.Unknown.ShouldBeEmpty();
        forge.Asked.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_mass_change_costs_ten_questions_with_the_default_branch_among_them()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2', withFiles: true)], 1, false);
        var changes = Enumerable.Range(0, 40).Select(index => Build.Event($"b{index}")).Append(Build.Event("main")).ToArray();

        var enriched = await EnrichAsync(changes);

        forge.Asked.Count.ShouldBe(10);
        enriched.Select(change => change.Id).ShouldBe(changes.Select(change => change.Id));
        enriched[^1].Unknown.ShouldBeEmpty();
        enriched[20].Unknown.ShouldBe(Everything);
    }

    [Fact]
    public async Task A_failing_forge_fails_no_look()
    {
        forge.Ranges = (_, _) => throw new RefSourceException(RefSourceError.RateLimited, "no more");

        var change = (await EnrichAsync(Build.Event()))[0];

        change.Unknown.ShouldBe(Everything);
        change.CompareUrl.ShouldNotBeNull();
    }

    [Fact]
    public async Task What_was_learnt_before_the_time_was_up_is_kept()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('1'), Commit('2')], 2, false);
        forge.Before = async (asked, token) =>
        {
            if (asked == Build.Commit('2'))
            {
                time.Advance(TimeSpan.FromSeconds(5));
                await Task.Delay(Timeout.InfiniteTimeSpan, time, token);
            }
        };

        var change = (await EnrichAsync(Build.Event()))[0];

        change.Forced.ShouldBe(false);
        change.Commits.Count.ShouldBe(2);
        change.Unknown.ShouldBe(["files"]);
    }

    [Theory]
    [InlineData("github", "https://github.com/acme/web.git", "https://github.com/acme/web/compare/")]
    [InlineData("github", "ssh://git@github.com/acme/web", "https://github.com/acme/web/compare/")]
    [InlineData("gitlab", "https://gitlab.corp:8443/a/b/c.git", "https://gitlab.corp:8443/a/b/c/-/compare/")]
    [InlineData("git", "https://git.example/acme/web", null)]
    public async Task The_page_of_the_difference_needs_no_question(string provider, string url, string? page)
    {
        var change = Build.Event() with { Repository = new RepositoryInfo("web", new Uri(url), provider) };

        var enriched = (await LearnAsync(Build.Repository(), new FakeRefSource(), [change]))[0].Event;

        enriched.CompareUrl.ShouldBe(page is null ? null : $"{page}{Build.Commit('1')}...{Build.Commit('2')}");
        enriched.Unknown.ShouldBe(Everything);
    }

    [Fact]
    public async Task A_rule_is_answered_by_the_comparison_alone()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('3'), Commit('2')], 2, false) { Files = ["docs/a.md"] };

        var change = (await LearnAsync(OnlySource, forge, [Build.Event()]))[0].Event;

        change.Skipped.ShouldNotBeNull().By.ShouldBe("paths");
        change.Files.ShouldBe(["docs/a.md"]);
        change.FileCount.ShouldBe(1);
        forge.Asked.Count.ShouldBe(1); // what nobody gets needs no more
    }

    [Theory]
    [InlineData(true)]
    [InlineData(null)]
    public async Task What_a_comparison_from_the_common_ancestor_leaves_out_fires(bool? forced)
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2', withFiles: true)], 1, forced) { Files = ["docs/a.md"] };

        var change = (await LearnAsync(OnlySource, forge, [Build.Event()]))[0].Event;

        change.Skipped.ShouldBeNull();
        change.Files.ShouldBeNull();
        change.Unknown.ShouldContain("files");
    }

    [Fact]
    public async Task Where_the_comparison_tells_no_files_the_difference_is_asked_for()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2', withFiles: true)], 1, true);
        forge.Difference = ["docs/a.md", "docs/b.md"];

        var change = (await LearnAsync(OnlySource, forge, [Build.Event()]))[0].Event;

        change.Skipped.ShouldNotBeNull().Reason.ShouldContain("2 changed files");
    }

    [Fact]
    public async Task What_cannot_be_told_fires_and_says_so()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2', withFiles: true)], 1, false);

        var change = (await LearnAsync(OnlySource, forge, [Build.Event()]))[0].Event;

        change.Skipped.ShouldBeNull();
        change.Unknown.ShouldBe(["files"]);
    }

    [Fact]
    public async Task A_new_branch_is_compared_with_the_default_one()
    {
        forge.Ranges = (before, _) => before == Build.Commit('9') ? new CommitRange([Commit('2')], 1, true) { Files = ["docs/a.md"] } : null;

        var change = (await LearnAsync(OnlySource, forge, [Build.Event("wip", before: null)], Build.Commit('9')))[0].Event;

        change.Skipped.ShouldNotBeNull().By.ShouldBe("paths");
        change.Forced.ShouldBe(false); // nothing was overwritten
        change.CommitCount.ShouldBeNull();
    }

    [Fact]
    public async Task A_hundred_changes_are_judged_where_a_rule_asks_and_ten_told_in_full()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2')], 1, false) { Files = ["src/a.cs"] };

        var learnt = await LearnAsync(OnlySource, forge, [.. Enumerable.Range(0, 120).Select(index => Build.Event($"b{index:000}"))]);

        learnt.Count(one => one.Event.Files is not null).ShouldBe(100);
        learnt.Count(one => one.Event.Unknown.Count == 0).ShouldBe(10);
    }

    [Fact]
    public async Task Git_is_asked_for_commits_only_where_a_rule_needs_them()
    {
        forge.Ranges = (_, _) => new CommitRange([Commit('2')], 1, false) { Files = ["src/a.cs"] };
        var git = new FakeHistorySource(forge);

        (await LearnAsync(Build.Repository(), git, [Build.Event()]))[0].Event.Unknown.ShouldBe(Everything);
        forge.Asked.ShouldBeEmpty();

        (await LearnAsync(OnlySource, git, [Build.Event()]))[0].Event.Commits.ShouldHaveSingleItem();
        (await LearnAsync(Build.Repository(), git, [Build.Event()], wantsCommits: true))[0].Pushed.ShouldNotBeNull().Count.ShouldBe(1);
    }

    private static RepositoryConfig OnlySource => Build.Repository() with { Paths = ["src/**"] };

    private async Task<IReadOnlyList<ChangeEvent>> EnrichAsync(params ChangeEvent[] changes) =>
        [.. (await LearnAsync(Build.Repository(), forge, [.. changes.Select(change => change with { Repository = change.Repository with { Provider = "github" } })])).Select(learnt => learnt.Event)];

    private Task<IReadOnlyList<LearntChange>> LearnAsync(RepositoryConfig repository, IRefSource source, IReadOnlyList<ChangeEvent> changes, string? defaultHead = null, bool wantsCommits = false) =>
        new ChangeEnricher(new EnrichmentSource(source, repository.Url, null, git: null), new ChangeRules(repository), wantsCommits, time)
            .EnrichAsync(changes, defaultHead, TimeSpan.FromSeconds(5), CancellationToken.None);

    private static CommitInfo Commit(char digit, bool withFiles = false) => new()
    {
        Id = Build.Commit(digit),
        Message = $"message {digit}",
        Author = new PersonInfo("Ada", "ada@example.org"),
        Added = withFiles ? [] : null,
        Modified = withFiles ? ["a"] : null,
        Removed = withFiles ? [] : null,
    };

    private sealed class FakeHistorySource(ICommitSource history) : IRefSource, IHistorySource
    {
        public ICommitSource History => history;

        public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();
    }

    private sealed class FakeCommitSource : IRefSource, ICommitSource
    {
        public IReadOnlyList<string>? Difference { get; set; }

        public Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) => Task.FromResult(Difference);

        public List<string> Asked { get; } = [];
        public Func<string, string, CommitRange?> Ranges { get; set; } = (_, _) => null;
        public Func<string, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

        public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
        {
            Asked.Add($"{before}...{after}");
            await Before(Asked[^1], cancellationToken);
            return Ranges(before, after);
        }

        public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
        {
            Asked.Add(commitId);
            await Before(commitId, cancellationToken);
            return Commit(commitId[0], withFiles: true) with { Id = commitId };
        }

        public Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<DateTimeOffset>>([]);

        public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => new("1", null, true);
    }
}
