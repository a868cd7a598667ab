using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.Gitea;

/// <summary>What holds for every forge, and what is Gitea's own: pages as large as the instance likes, totals, relative roots, no entity tags.</summary>
public sealed class LookTests : ForgeContract
{
    private protected override string Type => "gitea";

    private protected override string[] NoLists =>
    [
        "[{\"name\":\"main\"}]", "[{\"name\":\"main\",\"commit\":{\"id\":\"canary\"}}]", "[{\"commit\":{\"id\":\"1111111111111111111111111111111111111111\"}}]",
        "[{\"name\":\"a\",\"commit\":{\"id\":\"1111111111111111111111111111111111111111\"}},{\"name\":\"a\",\"commit\":{\"id\":\"1111111111111111111111111111111111111111\"}}]",
    ];

    private FakeGitea Gitea => (FakeGitea)forge;

    private protected override async Task<FakeForge> StartAsync() => await FakeGitea.StartNewAsync();

    private protected override Uri ApiBase(FakeForge of) => new(of.Root, "api/v1");

    [Fact]
    public async Task A_look_is_one_question_for_each_kind_and_tags_are_peeled()
    {
        forge.Add("acme/web").Push("main", 1).Tag("v1", 1, tagObject: 7).Tag("v0", 1);

        var look = await Source("t0ken").LookAsync(Looks.At(Url()), Token);

        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v0", FakeRepository.Sha(1)), new GitRef("refs/tags/v1", FakeRepository.Sha(1), FakeRepository.Sha(7))]);
        look.Of(RefKind.Tag)!.Validator.ShouldBeNull();
        forge.TakeRequests().ShouldBe(["repos/acme/web 200", "repos/acme/web/branches?limit=50 200", "repos/acme/web/tags?limit=50 200"]);
    }

    [Theory]
    [InlineData(30, true)]
    [InlineData(50, true)]
    [InlineData(30, false)]
    public async Task An_instance_with_small_pages_is_read_to_its_end(int most, bool tellsTotal)
    {
        (Gitea.MostOnPage, Gitea.TellsTotal) = (most, tellsTotal);
        Gitea.LinkRoot = tellsTotal ? Gitea.LinkRoot : null;
        forge.Add("acme/web").PushMany(101);

        (await Source().LookAsync(Looks.At(Url()), Token)).Names().Length.ShouldBe(101);
    }

    [Fact]
    public async Task A_list_that_ends_before_its_total_is_no_complete_look()
    {
        forge.Add("acme/web").Push("main", 1);
        foreach (var _ in Enumerable.Range(0, 2))
        {
            forge.Next("branches", 200, "[{\"name\":\"main\",\"commit\":{\"id\":\"1111111111111111111111111111111111111111\"}}]", "application/json", ("X-Total-Count", "3"));
            forge.Next("branches", 200, "[]", "application/json", ("X-Total-Count", "3"));
        }

        var failure = await Source().FailureOf(Url());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("no complete look");
    }

    [Fact]
    public async Task Too_many_branches_are_left_to_Git_after_one_request()
    {
        forge.Add("acme/web").PushMany(5001);

        var failure = await Source().FailureOf(Url());

        failure.RetryAfter.ShouldBe(TimeSpan.Zero);
        failure.Message.ShouldContain("more than 100 pages of branches");
        forge.TakeRequests().Length.ShouldBe(2);
    }

    [Fact]
    public async Task An_instance_below_a_path_is_asked_there()
    {
        await using var below = await FakeGitea.StartNewAsync("/git");
        below.Add("acme/web").Push("main", 1);

        (await SourceOf(Provider(below) with { Url = new Uri(below.Root, "git") }, time).LookAsync(Looks.At(below.Web("git/acme/web.git")), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task A_repository_without_a_push_whose_lists_are_missing_is_a_complete_look()
    {
        forge.Add("acme/web");
        forge.Next("branches", 404, "{\"message\":\"Not Found\"}");

        (await Source().LookAsync(Looks.At(Url()), Token)).Of(RefKind.Branch)!.Refs.ShouldBeEmpty();
        (await ((ICommitSource)Source()).RecentAsync(Url(), null, Token)).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("https://codeberg.org/acme")]
    [InlineData("https://codeberg.org/acme/web/src")]
    [InlineData("https://codeberg.org/../web")]
    public async Task A_URL_that_names_no_repository_is_refused_without_a_request(string url)
    {
        (await Source().FailureOf(new Uri(url))).Error.ShouldBe(RefSourceError.NotFound);
        forge.TakeRequests().ShouldBeEmpty();
    }
}
