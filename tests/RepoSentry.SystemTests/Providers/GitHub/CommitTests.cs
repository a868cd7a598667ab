using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitHub;

public sealed class CommitTests : CommitContract
{
    private protected override async Task<(FakeForge Forge, ICommitSource Source)> OpenAsync()
    {
        var forge = await FakeGitHub.StartNewAsync();
        return (forge, forge.Source());
    }
}

/// <summary>What holds for every forge that tells of commits.</summary>
public abstract class CommitContract : IAsyncLifetime
{
    private FakeForge forge = null!;
    private ICommitSource source = null!;

    private protected abstract Task<(FakeForge Forge, ICommitSource Source)> OpenAsync();

    /// <summary>Most forges tell the files of a commit only if asked for it alone.</summary>
    private protected virtual bool TellsFilesOfMany => false;

    /// <summary>A comparison tells the files too, which are those of the commit where there is one only.</summary>
    private protected virtual bool TellsFilesAtOnce => true;

    /// <summary>Some tell a comparison commit by commit only: then a file that came and went again is among those that changed.</summary>
    private protected virtual bool AddsUp => false;

    private protected virtual Uri Url => forge.Web();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        (forge, source) = await OpenAsync();
        forge.Add("acme/web").Push("main", 3)
            .Commit(1, null, "root", added: ["a"])
            .Commit(2, 1, "second", modified: ["a"])
            .Commit(3, 2, "third", added: ["b"], removed: ["a"])
            .Commit(4, 1, "other", added: ["c"])
            .Commit(5, 3, "there", added: ["x"])
            .Commit(6, 5, "and back", added: ["y"], removed: ["x"])
            .Commit(7, 3, "vendored", added: [.. Enumerable.Range(0, 1200).Select(number => $"vendor/{number}")]);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await forge.DisposeAsync();
    }

    [Fact]
    public async Task A_push_of_one_commit_tells_its_files_at_once()
    {
        var range = (await CompareAsync(2, 3))!;

        range.Forced.ShouldBe(false);
        range.Count.ShouldBe(1);
        var commit = range.Commits.ShouldHaveSingleItem();
        (commit.Modified is null).ShouldBe(!TellsFilesAtOnce);
        commit = TellsFilesAtOnce ? commit : (await source.CommitAsync(Url, null, commit.Id, Token))!;
        commit.Id.ShouldBe(FakeRepository.Sha(3));
        commit.Message.ShouldBe("third");
        commit.Timestamp.ShouldBe(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
        (commit.Author!.Name, commit.Author.Email).ShouldBe(("Ada", "ada@example.org"));
        (commit.Added, commit.Modified, commit.Removed).ShouldSatisfyAllConditions(
            files => files.Added.ShouldBe(["b"]), files => files.Modified.ShouldBeEmpty(), files => files.Removed.ShouldBe(["a"]));
    }

    [Fact]
    public async Task The_commits_of_a_push_come_oldest_first()
    {
        var range = (await CompareAsync(1, 3))!;

        range.Commits.Select(commit => commit.Message).ShouldBe(["second", "third"]);
        range.Commits.ShouldAllBe(commit => commit.Modified != null == TellsFilesOfMany);
        range.Count.ShouldBe(2);
    }

    [Fact]
    public async Task The_last_commits_tell_when_they_were_made()
    {
        var recent = await source.RecentAsync(Url, null, Token);

        recent.Count.ShouldBe(3);
        recent.ShouldAllBe(at => at == new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(3, 1)]
    public async Task A_branch_that_left_its_history_was_forced(int before, int after) => (await CompareAsync(before, after))!.Forced.ShouldBe(true);

    [Fact]
    public async Task The_files_of_a_push_are_told_as_a_whole()
    {
        (await FilesAsync(3, 6)).ShouldNotBeNull().Order(StringComparer.Ordinal).ShouldBe(AddsUp ? ["x", "y"] : ["y"]);
        (await FilesAsync(1, 3)).ShouldNotBeNull().Order(StringComparer.Ordinal).ShouldBe(["a", "b"]);
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_list_of_files_that_is_cut_is_none() => ((await FilesAsync(3, 7))?.Count).ShouldBe(AddsUp ? 1200 : (int?)null);

    [Fact]
    public async Task A_commit_tells_its_parents()
    {
        (await source.CommitAsync(Url, null, FakeRepository.Sha(3), Token))!.Parents.ShouldBe([FakeRepository.Sha(2)]);
        (await source.CommitAsync(Url, null, FakeRepository.Sha(1), Token))!.Parents.ShouldBe([]);
    }

    [Fact]
    public async Task A_commit_that_is_gone_is_unknown_and_no_failure()
    {
        (await CompareAsync(99, 3)).ShouldBeNull();
        (await source.CommitAsync(Url, null, FakeRepository.Sha(99), Token)).ShouldBeNull();
    }

    [Fact]
    public async Task One_commit_tells_its_files()
    {
        var commit = (await source.CommitAsync(Url, null, FakeRepository.Sha(2), Token))!;

        commit.Message.ShouldBe("second");
        commit.Modified.ShouldBe(["a"]);
    }

    [Fact]
    public async Task Whether_a_repository_is_private_is_known_after_a_look()
    {
        forge.Repositories["acme/web"].IsPrivate = true;
        source.Known(Url, null).ShouldBeNull();

        await ((IRefSource)source).LookAsync(Looks.At(Url), Token);

        source.Known(Url, null)!.Private.ShouldBe(true);
    }

    private async Task<IReadOnlyList<string>?> FilesAsync(int before, int after) =>
        (await CompareAsync(before, after))!.Files ?? await source.DifferenceAsync(Url, null, FakeRepository.Sha(before), FakeRepository.Sha(after), Token);

    private Task<CommitRange?> CompareAsync(int before, int after) =>
        source.CompareAsync(Url, null, FakeRepository.Sha(before), FakeRepository.Sha(after), Token);
}
