using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.AzureDevOps;

/// <summary>What holds for every forge, and what is Azure DevOps' own: organizations in URLs, peeled tags, tokens for the rest, pages to sign in.</summary>
public sealed class LookTests : ForgeContract
{
    private protected override string Type => "azure";

    private protected override string Branches => "refs?filter=heads/";

    private protected override string[] NoLists =>
    [
        "{}", "{\"value\":[]}", "{\"value\":[],\"count\":1}", "{\"value\":[null],\"count\":1}", "{\"value\":[{\"name\":\"refs/heads/main\"}],\"count\":1}",
        "{\"value\":[{\"name\":\"main\",\"objectId\":\"1111111111111111111111111111111111111111\"}],\"count\":1}", "{\"value\":[{\"name\":\"refs/heads/main\",\"objectId\":\"canary\"}],\"count\":1}",
    ];

    private protected override async Task<FakeForge> StartAsync() => await FakeAzure.StartNewAsync();

    private protected override Uri Url(string name = "acme/web") => new(forge.Root, "acme/shop/_git/" + name.Split('/')[1]);

    private protected override Uri ApiBase(FakeForge of) => of.Root;

    [Fact]
    public async Task A_look_is_one_question_for_each_kind_and_tags_are_peeled()
    {
        forge.Add("acme/web").Push("main", 1).Tag("v1", 1, tagObject: 7).IsPrivate = true;
        var source = Source("t0ken");

        var look = await source.LookAsync(Looks.At(Url()), Token);

        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v1", FakeRepository.Sha(1), FakeRepository.Sha(7))]);
        (look.DefaultBranch, look.MovedTo, look.Archived).ShouldBe(("refs/heads/main", null, false));
        ((ICommitSource)source).Known(Url(), null)!.Private.ShouldBe(true);
        forge.TakeRequests().ShouldBe(
        [
            "shop/_apis/git/repositories/web?api-version=7.1 200",
            "shop/_apis/git/repositories/web/refs?filter=heads/&peelTags=true&api-version=7.1 200",
            "shop/_apis/git/repositories/web/refs?filter=tags/&peelTags=true&api-version=7.1 200",
        ]);
    }

    [Theory]
    [InlineData(203, null)]
    [InlineData(302, "https://spsprodweu1.vssps.visualstudio.com/_signin?realm=dev.azure.com")]
    public async Task A_page_to_sign_in_means_that_the_token_is_wrong(int status, string? location)
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Next("repositories/web", status, "<html>canary</html>", "text/html", ("Location", location ?? "/"));

        var failure = await Source("t0ken-canary").FailureOf(Url());

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldContain("a page to sign in: check that the token");
        failure.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public async Task A_history_that_is_not_told_takes_nothing_of_what_the_comparison_told()
    {
        forge.Add("acme/web").Push("main", 3).Commit(1, null, "root").Commit(2, 1, "second").Commit(3, 2, "third");
        forge.Next("/commits?searchCriteria", 500);

        var range = (await ((ICommitSource)Source()).CompareAsync(Url(), null, FakeRepository.Sha(1), FakeRepository.Sha(3), Token))!;

        (range.Count, range.Forced).ShouldBe((2, false));
        range.Commits.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_a_change_was_is_told_by_its_commits_and_a_count()
    {
        forge.Add("acme/web").Push("main", 3).Commit(1, null, "root", added: ["a"]).Commit(2, 1, "second", modified: ["a"]).Commit(3, 2, "third", added: ["b"], removed: ["a"]).Commit(4, 1, "other");
        var source = (ICommitSource)Source();

        var range = (await source.CompareAsync(Url(), null, FakeRepository.Sha(1), FakeRepository.Sha(3), Token))!;
        var forced = (await source.CompareAsync(Url(), null, FakeRepository.Sha(3), FakeRepository.Sha(4), Token))!;
        var commit = (await source.CommitAsync(Url(), null, FakeRepository.Sha(3), Token))!;

        (range.Count, range.Forced, forced.Forced).ShouldBe((2, false, true));
        range.Commits.Select(one => one.Message).ShouldBe(["second", "third"]);
        (commit.Message, commit.Author!.Name, commit.Timestamp).ShouldBe(("third", "Ada", new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero)));
        commit.Added.ShouldBe(["b"]);
        commit.Modified.ShouldBeEmpty();
        commit.Removed.ShouldBe(["a"]);
        (await source.CompareAsync(Url(), null, FakeRepository.Sha(99), FakeRepository.Sha(3), Token)).ShouldBeNull();
        (await source.CommitAsync(Url(), null, FakeRepository.Sha(99), Token)).ShouldBeNull();
        (await source.RecentAsync(Url(), null, Token)).Count.ShouldBe(3);
    }

    [Theory]
    [InlineData(2, "a,b")]
    [InlineData(1200, null)]
    public async Task The_files_of_a_push_are_told_as_a_whole_unless_there_are_too_many(int count, string? expected)
    {
        var names = count == 2 ? ["a", "b"] : Enumerable.Range(0, count).Select(number => $"f{number}").ToArray();
        forge.Add("acme/web").Push("main", 3).Commit(1, null, "root").Commit(2, 1, "second", added: ["x"]).Commit(3, 2, "third", added: names, removed: ["x"]);
        var source = (ICommitSource)Source();

        var files = await source.DifferenceAsync(Url(), null, FakeRepository.Sha(1), FakeRepository.Sha(3), Token);

        (files is null ? null : string.Join(',', files)).ShouldBe(expected);
        (await source.CommitAsync(Url(), null, FakeRepository.Sha(3), Token))!.Parents.ShouldBe([FakeRepository.Sha(2)]);
    }

    [Fact]
    public async Task A_project_whose_repository_has_its_name_may_be_left_out()
    {
        forge.Add("acme/shop").Push("main", 1);

        (await Source().LookAsync(Looks.At(new Uri(forge.Root, "acme/_git/shop")), Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData("https://dev.azure.com/acme/web")]
    [InlineData("https://dev.azure.com/_git/web")]
    [InlineData("https://dev.azure.com/acme/shop/_git/web/commits")]
    public async Task A_URL_that_names_no_repository_is_refused_without_a_request(string url)
    {
        (await Source().FailureOf(new Uri(url))).Error.ShouldBe(RefSourceError.NotFound);
        forge.TakeRequests().ShouldBeEmpty();
    }
}
