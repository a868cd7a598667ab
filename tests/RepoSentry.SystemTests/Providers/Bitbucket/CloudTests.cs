using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.Bitbucket;

/// <summary>What holds for every forge, and what is Bitbucket Cloud's own: small answers, addresses of pages in bodies, ids in braces, two ways to sign in.</summary>
public sealed class CloudTests : ForgeContract
{
    private protected override string Type => "bitbucket";

    private protected override string Branches => "refs/branches";

    private protected override string[] NoLists =>
    [
        "{}", "{\"values\":[{\"name\":\"main\"}]}", "{\"values\":[{\"name\":\"main\",\"target\":{\"hash\":\"canary\"}}]}", "{\"values\":[null]}",
        "{\"values\":[{\"target\":{\"hash\":\"1111111111111111111111111111111111111111\"}}]}", "{\"values\":[],\"next\":\"https://evil.example/2.0/repositories?page=2\"}",
    ];

    private protected override async Task<FakeForge> StartAsync() => await FakeBitbucket.StartNewAsync();

    private protected override Uri Url(string name = "acme/web") => new("https://bitbucket.org/" + name);

    private protected override ProviderConfig Provider(FakeForge of) => new() { Name = "forge", Type = Type, ApiBaseUrl = ApiBase(of) };

    private protected override Uri ApiBase(FakeForge of) => new(of.Root, "2.0");

    [Fact]
    public async Task A_look_asks_for_names_and_commits_only()
    {
        forge.Add("acme/web").Push("main", 1).Tag("v1", 1, tagObject: 7);

        var look = await Source("t0ken").LookAsync(Looks.At(Url("acme/web.git")), Token);

        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v1", FakeRepository.Sha(1))]);
        look.DefaultBranch.ShouldBe("refs/heads/main");
        look.ForgeId.ShouldBe("{00000000-0000-4000-8000-000000000001}");
        forge.TakeRequests().ShouldBe(
        [
            "repositories/acme/web?fields=uuid%2Cfull_name%2Cis_private%2Cmainbranch.name%2Clinks.html.href 200",
            "repositories/acme/web/refs/branches?pagelen=100&sort=name&fields=next%2Cvalues.name%2Cvalues.target.hash 200",
            "repositories/acme/web/refs/tags?pagelen=100&sort=name&fields=next%2Cvalues.name%2Cvalues.target.hash 200",
        ]);
    }

    [Fact]
    public async Task When_less_than_a_fifth_of_the_limit_is_left_there_is_a_request_a_minute()
    {
        forge.Add("acme/web").Push("main", 1);
        var source = SourceOf(Provider(forge), time);
        await source.LookAsync(Looks.At(Url()), Token);
        forge.Next("refs/branches", 200, "{\"values\":[]}", "application/json", ("X-RateLimit-Limit", "1000"), ("X-RateLimit-Resource", "api-repository-data"), ("X-RateLimit-NearLimit", "true"));

        (await source.FailureOf(Url())).RetryAfter.ShouldBe(TimeSpan.FromMinutes(1)); // for the tags
        forge.TakeRequests();
        time.Advance(TimeSpan.FromSeconds(59));
        (await source.FailureOf(Url())).Error.ShouldBe(RefSourceError.RateLimited);
        forge.TakeRequests().ShouldBeEmpty();
        time.Advance(TimeSpan.FromSeconds(1));
        (await source.LookAsync(Looks.At(Url()), Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData("", "ada:app-password", "ada:app-password")]
    [InlineData("ada@example.org", "api-token", "ada@example.org:api-token")]
    [InlineData("", "access-token", "access-token")]
    public async Task A_password_has_a_user_and_an_access_token_none(string user, string token, string wanted)
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Token = wanted;
        var source = SourceOf(Provider(forge) with { Username = user, Token = new Secret(token) }, time);

        (await source.LookAsync(Looks.At(Url()), Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData("https://bitbucket.org/acme")]
    [InlineData("https://bitbucket.org/acme/web/src/main")]
    public async Task A_URL_that_names_no_repository_is_refused_without_a_request(string url)
    {
        (await Source().FailureOf(new Uri(url))).Error.ShouldBe(RefSourceError.NotFound);
        forge.TakeRequests().ShouldBeEmpty();
    }
}
