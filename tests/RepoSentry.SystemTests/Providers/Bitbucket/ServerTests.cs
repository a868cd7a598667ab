using RepoSentry.Abstractions;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.Bitbucket;

/// <summary>What holds for every forge, and what is Data Center's own: projects with keys, three shapes of URLs, pages by their start, a bucket of requests.</summary>
public sealed class ServerTests : ForgeContract
{
    private protected override string Type => "bitbucket";

    private protected override bool KnowsIds => false;

    private protected override bool MarksDefaultInList => true;

    private protected override string[] NoLists =>
    [
        "{}", "{\"values\":[]}", "{\"values\":[],\"isLastPage\":false}", "{\"isLastPage\":true}", "{\"values\":[null],\"isLastPage\":true}",
        "{\"isLastPage\":true,\"values\":[{\"displayId\":\"main\"}]}", "{\"isLastPage\":true,\"values\":[{\"displayId\":\"main\",\"latestCommit\":\"canary\"}]}",
    ];

    private FakeBitbucketServer Server => (FakeBitbucketServer)forge;

    private protected override async Task<FakeForge> StartAsync() => await FakeBitbucketServer.StartNewAsync();

    private protected override Uri Url(string name = "acme/web") => new(forge.Root, "scm/" + name + ".git");

    private protected override Uri ApiBase(FakeForge of) => new(of.Root, "rest/api/1.0");

    [Theory]
    [InlineData("scm/acme/web.git")]
    [InlineData("projects/acme/repos/web")]
    [InlineData("projects/acme/repos/web/browse")]
    public async Task A_repository_is_known_by_its_page_and_by_its_clone_and_tags_are_peeled(string path)
    {
        forge.Add("acme/web").Push("main", 1).Tag("v1", 1, tagObject: 7).IsArchived = true;

        var look = await Source("t0ken").LookAsync(Looks.At(new Uri(forge.Root, path)), Token);

        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v1", FakeRepository.Sha(1), FakeRepository.Sha(7))]);
        (look.DefaultBranch, look.ForgeId, look.Archived, look.MovedTo).ShouldBe(("refs/heads/main", "1", true, null));
        forge.TakeRequests().ShouldBe(
            ["projects/acme/repos/web 200", "projects/acme/repos/web/branches?limit=1000&orderBy=ALPHABETICAL 200", "projects/acme/repos/web/tags?limit=1000&orderBy=ALPHABETICAL 200"]);
    }

    [Fact]
    public async Task A_users_own_repository_stands_in_a_project_of_its_own()
    {
        forge.Add("~ada/web").Push("main", 1);

        (await Source().LookAsync(Looks.At(new Uri(forge.Root, "users/ada/repos/web")), Token)).Names().ShouldBe(["main"]);
        (await Source().LookAsync(Looks.At(new Uri(forge.Root, "scm/~ada/web.git")), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task An_instance_below_a_path_is_asked_there()
    {
        await using var below = await FakeBitbucketServer.StartNewAsync("/git");
        below.Add("acme/web").Push("main", 1);
        var source = SourceOf(Provider(below) with { Url = new Uri(below.Root, "git") }, time);

        (await source.LookAsync(Looks.At(new Uri(below.Root, "git/scm/acme/web.git")), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task An_emptied_bucket_is_waited_for_and_its_level_is_told()
    {
        forge.Add("acme/web").Push("main", 1);
        Server.HasLimit = true;
        var source = Source();
        await source.LookAsync(Looks.At(Url()), Token);

        ((IRateLimited)source).Current.ShouldBe(new RateLimitState(60, 57, time.GetUtcNow().AddSeconds(5), null));
        forge.Remaining = 5;
        await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(Looks.At(Url()), Token));
        (await source.FailureOf(Url())).Message.ShouldContain("left to others");
        forge.Remaining = 60;
        time.Advance(TimeSpan.FromSeconds(6));
        (await source.LookAsync(Looks.At(Url()), Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData("https://bitbucket.corp/acme/web")]
    [InlineData("https://bitbucket.corp/projects/acme/web")]
    public async Task A_URL_that_names_no_repository_is_refused_without_a_request(string url)
    {
        (await Source().FailureOf(new Uri(url))).Error.ShouldBe(RefSourceError.NotFound);
        forge.TakeRequests().ShouldBeEmpty();
    }
}
