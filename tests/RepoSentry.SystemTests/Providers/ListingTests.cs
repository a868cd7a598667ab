using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers;

/// <summary>What holds for every forge that lists an organization's repositories: all pages, or an error; what they are called, and where they are cloned from.</summary>
public sealed class ListingTests
{
    private const string Secret = "t0ken-canary";

    public static TheoryData<string> Forges => ["github", "gitlab", "gitea", "bitbucket", "bitbucket-server", "azure"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Forges))]
    public async Task Every_page_is_read_and_each_repository_has_its_id_its_path_and_our_own_address(string type)
    {
        await using var forge = await StartAsync(type);
        var count = type == "bitbucket-server" ? 250 : 230; // the stand-in gives 100 a page there, though 1000 are asked for
        for (var number = 1; number <= count; number++)
        {
            forge.Add($"acme/r{number:000}");
        }

        forge.Repositories["acme/r001"].IsArchived = true;
        forge.Repositories["acme/r002"].IsFork = true;

        var listed = await Lister(forge, type).ListAsync("acme", Token);

        listed.Count.ShouldBe(count);
        listed.Select(one => one.Id).Distinct().Count().ShouldBe(count);
        var first = listed.Single(one => one.Path.EndsWith("/r001", StringComparison.Ordinal));
        first.ShortName.ShouldBe("r001");
        first.Name.ShouldBe(type == "azure" ? "shop/r001" : "r001");
        first.Url.ShouldBe(type switch
        {
            "github" => new Uri(forge.Root, "acme/r001"),
            "bitbucket" => new Uri("https://bitbucket.org/acme/r001.git"),
            "bitbucket-server" => new Uri(forge.Root, "scm/acme/r001.git"),
            "azure" => new Uri(forge.Root, "acme/shop/_git/r001"),
            _ => new Uri(forge.Root, "acme/r001.git"),
        });
        first.Archived.ShouldBe(type != "bitbucket"); // which has no such state
        listed.Where(one => one.Fork).Select(one => one.ShortName).ShouldBe(["r002"]);
    }

    [Theory]
    [MemberData(nameof(Forges))]
    public async Task Its_ids_are_those_that_looks_tell(string type)
    {
        await using var forge = await StartAsync(type);
        forge.Add("acme/web").Push("main", 1);
        var lister = Lister(forge, type);

        var listed = (await lister.ListAsync("acme", Token)).ShouldHaveSingleItem();
        var look = await ((IRefSource)lister).LookAsync(new RefLookRequest(listed.Url, [new KindRequest(RefKind.Branch, [], null)]), Token);

        look.ForgeId.ShouldBe(listed.Id);
        look.MovedTo.ShouldBeNull();
    }

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("gitea")]
    [InlineData("bitbucket")]
    [InlineData("bitbucket-server")]
    public async Task An_organization_that_is_not_there_is_named_and_is_no_empty_list(string type)
    {
        await using var forge = await StartAsync(type);
        forge.Add("acme/web");

        var failure = await Should.ThrowAsync<RefSourceException>(() => Lister(forge, type).ListAsync("nobody", Token));

        failure.Error.ShouldBe(RefSourceError.NotFound);
        failure.Message.ShouldContain("\"nobody\"");
    }

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("gitea")]
    public async Task A_user_has_repositories_too_and_is_asked_for_at_once_the_second_time(string type)
    {
        await using var forge = await StartAsync(type);
        forge.Add("ada/web");
        forge.Users.Add("ada");
        var lister = Lister(forge, type);

        (await lister.ListAsync("ada", Token)).ShouldHaveSingleItem().Name.ShouldBe("web");
        forge.TakeRequests().Length.ShouldBe(2);
        await lister.ListAsync("ada", Token);
        forge.TakeRequests().ShouldHaveSingleItem().ShouldContain("users/ada/");
    }

    [Theory]
    [MemberData(nameof(Forges))]
    public async Task What_is_no_whole_answer_is_an_error_that_says_what_and_never_the_token(string type)
    {
        await using var forge = await StartAsync(type, Secret);
        forge.Add("acme/web");
        var part = type is "bitbucket" ? "/repositories/acme" : type is "azure" ? "/git/repositories" : "/acme/";
        foreach (var (status, body, expected) in ((int, string, RefSourceError)[])[
            (401, "{}", RefSourceError.Unauthorized), (403, "{}", RefSourceError.Unauthorized), (429, "{}", RefSourceError.RateLimited), (500, "{}", RefSourceError.Unavailable),
            (200, "", RefSourceError.Malformed), (200, "null", RefSourceError.Malformed), (200, "[null]", RefSourceError.Malformed), (200, "{}", RefSourceError.Malformed),
            (200, """[{"id":1,"full_na""", RefSourceError.Malformed), (200, """{"values":[{}],"value":[{}],"count":1,"isLastPage":true}""", RefSourceError.Malformed)])
        {
            forge.Next(part, status, body);

            var failure = await Should.ThrowAsync<RefSourceException>(() => Lister(forge, type, Secret).ListAsync("acme", Token));

            failure.Error.ShouldBe(expected, $"{status} {body}");
            failure.ToString().ShouldNotContain("canary");
        }
    }

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("gitea")]
    [InlineData("bitbucket")]
    public async Task A_second_page_that_fails_makes_no_short_list(string type)
    {
        await using var forge = await StartAsync(type);
        Enumerable.Range(1, 130).ToList().ForEach(number => forge.Add($"acme/r{number:000}"));
        forge.Next("page=2", 500);

        (await Should.ThrowAsync<RefSourceException>(() => Lister(forge, type).ListAsync("acme", Token))).Error.ShouldBe(RefSourceError.Unavailable);
    }

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("bitbucket")]
    public async Task One_that_comes_while_the_pages_are_read_stands_there_once(string type)
    {
        await using var forge = await StartAsync(type);
        Enumerable.Range(1, 100).ToList().ForEach(number => forge.Add($"acme/r{number:000}"));
        forge.Add("acme/last");
        forge.Answered = target =>
        {
            forge.Answered = null;
            forge.Repositories["acme/first"] = new FakeRepository("acme/first", 0); // before all others: each page ends one later
        };

        var listed = await Lister(forge, type).ListAsync("acme", Token);

        listed.Select(one => one.Id).ShouldBeUnique();
        listed.Select(one => one.Name).ShouldContain("last");
    }

    [Fact]
    public async Task A_total_that_does_not_come_together_is_no_complete_listing()
    {
        await using var forge = await StartAsync("gitea");
        Enumerable.Range(1, 60).ToList().ForEach(number => forge.Add($"acme/r{number:000}"));
        forge.Answered = target =>
        {
            forge.Answered = null;
            forge.Repositories.TryRemove("acme/r001", out _); // the second page begins one later now: it hides one
        };

        var failure = await Should.ThrowAsync<RefSourceException>(() => Lister(forge, "gitea").ListAsync("acme", Token));

        failure.Message.ShouldContain("no complete listing");
        (await Lister(forge, "gitea").ListAsync("acme", Token)).Count.ShouldBe(59);
    }

    [Fact]
    public async Task What_is_as_it_was_costs_nothing_on_GitHub_and_is_still_whole()
    {
        await using var forge = await StartAsync("github", Secret);
        Enumerable.Range(1, 150).ToList().ForEach(number => forge.Add($"acme/r{number:000}"));
        var lister = Lister(forge, "github", Secret);
        await lister.ListAsync("acme", Token);
        var left = forge.Remaining;

        (await lister.ListAsync("acme", Token)).Count.ShouldBe(150);
        forge.Remaining.ShouldBe(left);

        forge.Repositories["acme/r120"].IsArchived = true;
        (await lister.ListAsync("acme", Token)).Single(one => one.Name == "r120").Archived.ShouldBeTrue();
        forge.Remaining.ShouldBe(left - 1);
    }

    [Fact]
    public async Task A_renamed_organization_is_followed_by_its_redirect()
    {
        await using var forge = await StartAsync("github");
        Enumerable.Range(1, 150).ToList().ForEach(number => forge.Add($"acme-corp/r{number:000}"));
        forge.Renamed["acme"] = "acme-corp";

        var listed = await Lister(forge, "github").ListAsync("acme", Token);

        listed.Count.ShouldBe(150);
        listed[0].Path.ShouldBe("acme-corp/r001");
        listed[0].Name.ShouldBe("r001");
    }

    [Fact]
    public async Task Subgroups_of_GitLab_are_named_below_the_group_and_what_is_being_deleted_is_left_out()
    {
        await using var forge = await StartAsync("gitlab");
        forge.Add("acme/shop/web");
        forge.Add("acme/tool");
        forge.Add("acme/old-deletion_scheduled-7");
        forge.Repositories["acme/shop/web"].Topics = ["ci", "two words"];

        var listed = await Lister(forge, "gitlab").ListAsync("acme", Token);

        listed.Select(one => one.Name).ShouldBe(["shop/web", "tool"]);
        listed[0].ShortName.ShouldBe("shop/web");
        listed[0].HasTopic("CI").ShouldBeTrue();
        listed[0].HasTopic("two words").ShouldBeTrue();
        listed[0].HasTopic("two").ShouldBeFalse();
        (await Lister(forge, "gitlab").ListAsync("acme/shop", Token)).ShouldHaveSingleItem().Name.ShouldBe("web");
    }

    [Fact]
    public async Task A_project_of_Bitbucket_and_one_of_Azure_are_listed_alone()
    {
        await using var cloud = await StartAsync("bitbucket");
        cloud.Add("acme/web").Topics = ["SHOP"];
        cloud.Add("acme/tool").Topics = ["OTHER"];
        (await Lister(cloud, "bitbucket").ListAsync("acme/SHOP", Token)).ShouldHaveSingleItem().Name.ShouldBe("web");

        await using var azure = await StartAsync("azure");
        azure.Add("acme/web");
        (await Lister(azure, "azure").ListAsync("acme/shop", Token)).ShouldHaveSingleItem().Name.ShouldBe("web");
    }

    private static async Task<FakeForge> StartAsync(string type, string? token = null)
    {
        FakeForge forge = type switch
        {
            "github" => await FakeGitHub.StartNewAsync(),
            "gitlab" => await FakeGitLab.StartNewAsync(),
            "gitea" => await FakeGitea.StartNewAsync(),
            "bitbucket" => await FakeBitbucket.StartNewAsync(),
            "bitbucket-server" => await FakeBitbucketServer.StartNewAsync(),
            _ => await FakeAzure.StartNewAsync(),
        };
        forge.Token = token;
        return forge;
    }

    private static IRepositoryLister Lister(FakeForge forge, string type, string? token = null)
    {
        var provider = new ProviderConfig
        {
            Name = "forge",
            Type = type == "bitbucket-server" ? "bitbucket" : type,
            Url = type == "bitbucket" ? null : new Uri(forge.Root.GetLeftPart(UriPartial.Authority)),
            ApiBaseUrl = type == "bitbucket" ? new Uri(forge.Root, "2.0") : null,
            Token = token is null ? null : new Secret(token),
            RequestsPerHour = 10_000_000,
            Burst = 100_000,
        };
        return new RefSourceCatalog(new CurrentConfig(new SentryConfig { Providers = [provider] }), TimeProvider.System).ListerOf("forge")!;
    }
}
