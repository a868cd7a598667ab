using RepoSentry.Abstractions;
using Shouldly;
using Xunit;
using static RepoSentry.Tests.Providers.PlainGit.ScriptedGitServer;

namespace RepoSentry.Tests.Providers.PlainGit;

public sealed class ProtocolTests
{
    private const string Web = "https://forge.test/acme/web";
    private const string Api = "https://forge.test/acme/api";

    [Fact]
    public async Task Every_protocol_version_gives_the_same_refs_and_the_same_validators()
    {
        foreach (var server in (ScriptedGitServer[])
                 [
                     new ScriptedGitServer().OnGet(Web, Captured.Version0),
                     new ScriptedGitServer().OnGet(Web, Captured.Version1),
                     new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs),
                 ])
        {
            var look = await server.Source().LookAsync(Looks.At(Web), Looks.Never);

            look.DefaultBranch.ShouldBe("refs/heads/main");
            look.Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/feature/x", Captured.First), new GitRef("refs/heads/main", Captured.Second)]);
            look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v0", Captured.First), new GitRef("refs/tags/v1", Captured.Second, Captured.TagObject)]);
            look.Of(RefKind.Branch)!.Validator!.ShouldBe("g1:ff3ab5d2a0a9ba4a0219a0d91737fc7972ce073102e05400fe391ec1d65823a1");
            server.ShouldBeDone();
        }
    }

    [Fact]
    public async Task A_look_at_an_unchanged_repository_is_one_request_and_no_snapshot()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs).OnPost(Web, Captured.LsRefs);
        var source = server.Source();
        var first = await source.LookAsync(Looks.At(Web), Looks.Never);

        var second = await source.LookAsync(Looks.At(Web, first.Of(RefKind.Branch)!.Validator, first.Of(RefKind.Tag)!.Validator), Looks.Never);

        second.Of(RefKind.Branch).ShouldBeNull();
        second.Of(RefKind.Tag).ShouldBeNull();
        second.DefaultBranch.ShouldBe("refs/heads/main");
        server.ShouldBeDone();
    }

    [Fact]
    public async Task Each_kind_has_a_validator_of_its_own()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs).OnPost(Web, Captured.LsRefs);
        var source = server.Source();
        var first = await source.LookAsync(Looks.At(Web), Looks.Never);

        var second = await source.LookAsync(Looks.At(Web, branches: first.Of(RefKind.Branch)!.Validator, tags: "g1:other"), Looks.Never);

        second.Of(RefKind.Branch).ShouldBeNull();
        second.Of(RefKind.Tag)!.Refs.Count.ShouldBe(2);
    }

    [Fact]
    public async Task What_one_repository_taught_of_a_host_serves_the_next()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs).OnPost(Api, Captured.LsRefs);
        var source = server.Source();

        await source.LookAsync(Looks.At(Web), Looks.Never);
        await source.LookAsync(Looks.At(Api), Looks.Never);

        server.ShouldBeDone();
    }

    [Theory]
    [InlineData("")]
    [InlineData("0000000000")]
    [InlineData("0019ERR cannot understand")]
    public async Task An_old_server_behind_the_same_host_is_asked_its_own_way_and_remembered(string answerToVersion2)
    {
        var server = new ScriptedGitServer()
            .OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs)
            .OnPost(Api, answerToVersion2).OnGet(Api, Captured.Version0)
            .OnGet(Api, Captured.Version0);
        var source = server.Source();

        await source.LookAsync(Looks.At(Web), Looks.Never);
        (await source.LookAsync(Looks.At(Api), Looks.Never)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(2);
        (await source.LookAsync(Looks.At(Api), Looks.Never)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(2);

        server.ShouldBeDone();
    }

    [Fact]
    public async Task A_sha256_repository_on_a_mixed_host_costs_one_discovery_only()
    {
        var id = new string('a', 64);
        var list = Packets($"{id} refs/heads/main\n", "0000");
        var server = new ScriptedGitServer()
            .OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs)
            .OnPost(Api, "").OnGet(Api, Captured.Version2.Replace("0017object-format=sha1", "0019object-format=sha256", StringComparison.Ordinal)).OnPost(Api, list)
            .OnPost(Api, list)
            .OnPost(Web, Captured.LsRefs);
        var source = server.Source();

        await source.LookAsync(Looks.At(Web), Looks.Never);
        await source.LookAsync(Looks.At(Api), Looks.Never);
        var look = await source.LookAsync(Looks.At(Api), Looks.Never);
        await source.LookAsync(Looks.At(Web), Looks.Never);

        look.Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/main", id)]);
        server.Requests[^2].Body.ShouldContain("object-format=sha256");
        server.Requests[^1].Body.ShouldNotContain("object-format");
        server.ShouldBeDone();
    }

    [Fact]
    public async Task A_look_asks_for_what_is_watched_only()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs);

        var look = await server.Source().LookAsync(new RefLookRequest(new Uri(Web), [new KindRequest(RefKind.Branch, ["refs/heads/feature/"], null)]), Looks.Never);

        server.Requests[^1].Body.ShouldBe("0014command=ls-refs\n0001000csymrefs\n0014ref-prefix HEAD\n0023ref-prefix refs/heads/feature/\n0000");
        look.Kinds.ShouldHaveSingleItem().Snapshot!.Refs.ShouldBe([new GitRef("refs/heads/feature/x", Captured.First)]);
    }

    [Fact]
    public async Task Pull_requests_are_left_out_because_Git_does_not_know_them()
    {
        var server = new ScriptedGitServer();

        var look = await server.Source().LookAsync(new RefLookRequest(new Uri(Web), [new KindRequest(RefKind.PullRequest, [], null)]), Looks.Never);

        look.Kinds.ShouldBeEmpty();
        server.Requests.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(Captured.Service + "0000")]
    [InlineData(Captured.Service + "00580000000000000000000000000000000000000000 capabilities^{}\0symref=HEAD:refs/heads/main0000")]
    public async Task An_empty_repository_has_no_refs(string advertisement)
    {
        var server = new ScriptedGitServer().OnGet(Web, advertisement);

        var look = await server.Source().LookAsync(Looks.At(Web), Looks.Never);

        look.Of(RefKind.Branch)!.Refs.ShouldBeEmpty();
        look.Of(RefKind.Tag)!.Refs.ShouldBeEmpty();
    }

    [Fact]
    public async Task Refs_in_an_odd_order_are_sorted()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2)
            .OnPost(Web, Packets($"{Captured.First} refs/heads/b\n", $"{Captured.First} refs/heads/a\n", $"{Captured.First} refs/heads/c\n", "0000"));

        var look = await server.Source().LookAsync(Looks.At(Web), Looks.Never);

        look.Of(RefKind.Branch)!.Refs.Select(item => item.ShortName).ShouldBe(["a", "b", "c"]);
    }

    [Theory]
    [InlineData("zzzz")]
    [InlineData("0003")]
    [InlineData("fff1")]
    [InlineData("00")]
    [InlineData("003d" + Captured.Second + " refs/heads/main")]
    [InlineData("003d" + Captured.Second + " refs/heads/main\n")]
    [InlineData("003d" + Captured.Second + " refs/heads/main\n0001")]
    [InlineData("003d" + Captured.Second + " refs/heads/main\n00000000")]
    [InlineData("003d" + Captured.Second + " refs/heads/main\n003d" + Captured.Second + " refs/heads/main\n0000")]
    [InlineData("003dB9CBCE339EB2A2E8CEEE0F6ED5A23E57E0DFE881 refs/heads/main\n0000")]
    [InlineData("0018b9cb refs/heads/mai\n0000")]
    [InlineData("002d" + Captured.Second + "\n0000")]
    [InlineData("003d" + Captured.Second + " refs/heads/ma\0n\n0000")]
    [InlineData("0004" + "0000")]
    [InlineData("<html>Please log in</html>")]
    public async Task A_list_that_is_not_whole_and_well_formed_counts_for_nothing(string answer)
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).OnPost(Web, answer);

        (await server.Source().FailureOf(Web)).Error.ShouldBe(RefSourceError.Malformed);
    }

    [Fact]
    public async Task The_same_name_twice_counts_for_nothing_in_any_order()
    {
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2)
            .OnPost(Web, Packets($"{Captured.First} refs/heads/b\n", $"{Captured.First} refs/heads/a\n", $"{Captured.First} refs/heads/b\n", "0000"));

        (await server.Source().FailureOf(Web)).Message.ShouldBe("a ref is listed twice");
    }

    [Theory]
    [InlineData("ERR Repository not found.", RefSourceError.NotFound)]
    [InlineData("ERR access denied or repository not exported: /x", RefSourceError.NotFound)]
    [InlineData("ERR upload-pack: internal\u001b[2J", RefSourceError.Malformed)]
    public async Task A_servers_own_error_is_told_apart_and_shown_harmlessly(string text, RefSourceError expected)
    {
        var server = new ScriptedGitServer().OnGet(Web, Packets(text));

        var failure = await server.Source().FailureOf(Web);

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldNotContain("\u001b");
    }
}
