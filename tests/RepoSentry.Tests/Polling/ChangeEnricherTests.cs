using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
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

        var enriched = await ChangeEnricher.EnrichAsync([change], new FakeRefSource(), change.Repository.Url, null, TimeSpan.FromSeconds(5), time, CancellationToken.None);

        enriched[0].CompareUrl.ShouldBe(page is null ? null : $"{page}{Build.Commit('1')}...{Build.Commit('2')}");
        enriched[0].Unknown.ShouldBe(Everything);
    }

    private Task<IReadOnlyList<ChangeEvent>> EnrichAsync(params ChangeEvent[] changes) => ChangeEnricher.EnrichAsync(
        [.. changes.Select(change => change with { Repository = change.Repository with { Provider = "github" } })],
        forge, Build.Repository().Url, null, TimeSpan.FromSeconds(5), time, CancellationToken.None);

    private static CommitInfo Commit(char digit, bool withFiles = false) => new()
    {
        Id = Build.Commit(digit),
        Message = $"message {digit}",
        Author = new PersonInfo("Ada", "ada@example.org"),
        Added = withFiles ? [] : null,
        Modified = withFiles ? ["a"] : null,
        Removed = withFiles ? [] : null,
    };

    private sealed class FakeCommitSource : IRefSource, ICommitSource
    {
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
