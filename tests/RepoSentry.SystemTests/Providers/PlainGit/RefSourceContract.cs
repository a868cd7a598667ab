using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

/// <summary>What holds for every ref source that looks at a Git repository of ours.</summary>
public abstract class RefSourceContract : IAsyncDisposable
{
    /// <summary>Starts a server with one empty repository and a source that reads it.</summary>
    private protected abstract Task<(IRefSource Source, TestRepository Repository)> OpenAsync();

    /// <summary>GitHub's lists name the commit of a tag only.</summary>
    private protected virtual bool TellsTagObjects => true;

    /// <summary>Without any, each look is answered in full.</summary>
    private protected virtual bool HasValidators => true;

    public abstract ValueTask DisposeAsync();

    [Fact]
    public async Task Branches_and_tags_are_seen_with_the_commits_they_finally_point_to()
    {
        var (source, repository) = await OpenAsync();
        var first = repository.Push("main", "one", ("a.txt", "a"));
        var second = repository.Push("feature/x", "two");
        var tag = repository.Tag("v1", "main");
        repository.Tag("light", "feature/x", annotated: false);

        var look = await source.LookAsync(Looks.At(repository.Url), Token);

        look.DefaultBranch.ShouldBe("refs/heads/main");
        look.Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/feature/x", second), new GitRef("refs/heads/main", first)]);
        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/light", second), new GitRef("refs/tags/v1", first, TellsTagObjects ? tag : null)]);
    }

    [Fact]
    public async Task An_unchanged_repository_has_no_snapshot_and_a_changed_kind_has()
    {
        var (source, repository) = await OpenAsync();
        repository.Push("main", "one");
        repository.Tag("v1");
        var first = await source.LookAsync(Looks.At(repository.Url), Token);
        var request = Looks.At(repository.Url, first.Of(RefKind.Branch)!.Validator, first.Of(RefKind.Tag)!.Validator);

        var unchanged = await source.LookAsync(request, Token);
        var moved = repository.Push("main", "two");
        var changed = await source.LookAsync(request, Token);

        unchanged.Kinds.ShouldAllBe(kind => kind.Snapshot == null == HasValidators);
        changed.Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/main", moved)]);
        (changed.Of(RefKind.Tag) is null).ShouldBe(HasValidators);
    }

    [Fact]
    public async Task An_empty_repository_is_a_complete_look_without_refs()
    {
        var (source, repository) = await OpenAsync();

        var look = await source.LookAsync(Looks.At(repository.Url), Token);

        look.Kinds.ShouldAllBe(kind => kind.Snapshot!.Refs.Count == 0);
    }

    [Fact]
    public async Task Five_thousand_refs_are_the_same_as_git_lists_them()
    {
        var (source, repository) = await OpenAsync();
        var commit = repository.Push("main", "one");
        repository.SetMany(Enumerable.Range(0, 4000).Select(index => $"refs/heads/b{index}"), commit);
        repository.SetMany(Enumerable.Range(0, 1000).Select(index => $"refs/tags/t{index}"), commit);
        repository.SetMany(["refs/pull/1/head", "refs/heads/grüße", "refs/heads/100%25"], commit);
        repository.Tag("annotated");

        var look = await source.LookAsync(Looks.At(repository.Url), Token);

        Looks.Lines(look).ShouldBe(TellsTagObjects ? Looks.GitLines(repository.Folder) : Looks.PeeledGitLines(repository.Folder));
        look.Of(RefKind.Branch)!.Refs.Count.ShouldBe(4003);
    }

    [Fact]
    public async Task A_narrow_look_sees_what_it_asked_for_only()
    {
        var (source, repository) = await OpenAsync();
        var commit = repository.Push("main", "one");
        repository.SetMany(["refs/heads/release/1", "refs/heads/release/2", "refs/tags/v1"], commit);

        var look = await source.LookAsync(new RefLookRequest(repository.Url, [new KindRequest(RefKind.Branch, ["refs/heads/release/"], null)]), Token);

        look.Kinds.ShouldHaveSingleItem().Snapshot!.Refs.Select(item => item.ShortName).ShouldBe(["release/1", "release/2"]);
    }

    [Fact]
    public async Task Another_default_branch_is_told_of()
    {
        var (source, repository) = await OpenAsync();
        repository.Push("trunk", "one");
        repository.SetDefaultBranch("trunk");

        (await source.LookAsync(Looks.At(repository.Url), Token)).DefaultBranch.ShouldBe("refs/heads/trunk");
    }

    [Fact]
    public async Task A_missing_repository_is_not_found()
    {
        var (source, repository) = await OpenAsync();

        (await source.FailureOf(new Uri(repository.Url + "-gone"))).Error.ShouldBe(RefSourceError.NotFound);
    }

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;
}
