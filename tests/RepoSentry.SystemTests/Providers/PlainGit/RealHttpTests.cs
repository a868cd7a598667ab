using RepoSentry.Abstractions;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

public sealed class RealHttpTests
{
    private static readonly PlainGitOptions Bot = new() { Provider = "forge", Username = "bot", Token = new Secret(() => "canary-token", "env:FORGE_TOKEN") };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_look_is_one_request_once_the_host_is_known()
    {
        await using var server = await NginxGitServer.StartAsync();
        var (web, api) = (server.CreateRepository("web"), server.CreateRepository("api"));
        var source = Looks.Source();

        await source.LookAsync(Looks.At(web.Url), Token);
        await source.LookAsync(Looks.At(web.Url), Token);
        await source.LookAsync(Looks.At(api.Url), Token);

        await server.UntilLoggedAsync(4);
        server.Requests.ShouldBe(
        [
            "GET /web/info/refs?service=git-upload-pack 200 \"version=2\"",
            "POST /web/git-upload-pack 200 \"version=2\"",
            "POST /web/git-upload-pack 200 \"version=2\"",
            "POST /api/git-upload-pack 200 \"version=2\"",
        ]);
    }

    [Fact]
    public async Task Sha1_and_sha256_repositories_live_on_one_host()
    {
        await using var server = await NginxGitServer.StartAsync();
        var (old, young) = (server.CreateRepository("old"), server.CreateRepository("young", "sha256"));
        var (first, second) = (old.Push("main", "one"), young.Push("main", "one"));
        var source = Looks.Source();

        foreach (var _ in Enumerable.Range(0, 2))
        {
            (await source.LookAsync(Looks.At(old.Url), Token)).Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/main", first)]);
            (await source.LookAsync(Looks.At(young.Url), Token)).Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/main", second)]);
        }

        second.Length.ShouldBe(64);
        server.Requests.Count(line => line.StartsWith("GET", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task A_push_over_HTTP_is_seen()
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var commit = repository.Push("main", "one");
        var source = Looks.Source();

        TestGit.Run(repository.Folder, "push", "--quiet", repository.Url.ToString(), "main:refs/heads/pushed");

        (await source.LookAsync(Looks.At(repository.Url), Token)).Of(RefKind.Branch)!.Refs.ShouldContain(new GitRef("refs/heads/pushed", commit));
    }

    [Fact]
    public async Task The_right_credential_opens_and_goes_along_from_the_first_request()
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Account = ("bot", "canary-token") });
        var repository = server.CreateRepository("web");
        repository.Push("main", "one");

        (await Looks.Source(Bot).LookAsync(Looks.At(repository.Url), Token)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);

        server.Requests.ShouldAllBe(line => line.Contains(" 200 ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_or_missing_credential_is_said_to_be_so()
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Account = ("bot", "other") });
        var url = server.CreateRepository("web").Url;

        var wrong = await Looks.Source(Bot).FailureOf(url);
        var missing = await Looks.Source().FailureOf(url);

        wrong.Error.ShouldBe(RefSourceError.Unauthorized);
        wrong.Message.ShouldContain("env:FORGE_TOKEN");
        wrong.ToString().ShouldNotContain("canary-token");
        missing.Error.ShouldBe(RefSourceError.Unauthorized);
        missing.Message.ShouldContain("give provider \"forge\" a token");
    }

    [Fact]
    public async Task A_private_authority_is_trusted_where_it_is_named_and_refused_with_a_hint_where_not()
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Tls = true });
        var repository = server.CreateRepository("web");
        repository.Push("main", "one");

        var trusted = await Looks.Source(caFile: server.CaFile).LookAsync(Looks.At(repository.Url), Token);
        var failure = await Looks.Source().FailureOf(repository.Url);

        trusted.Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("unknown authority");
        failure.Message.ShouldContain("ca_file");
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused_even_from_the_right_authority()
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Tls = true });
        var url = new Uri($"https://127.0.0.2:{server.Port}/web");
        await using var relay = new TcpRelay("127.0.0.2", server.Port);

        (await Looks.Source(caFile: server.CaFile).FailureOf(url)).Message.ShouldContain("for another name");
    }

    [Fact]
    public async Task A_redirect_to_another_host_is_refused_and_gets_no_credential()
    {
        await using var canary = RawServer.Text("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Extra = $"location /moved/ {{ return 301 {canary.Root}$request_uri; }}" });
        var source = Looks.Source(Bot);
        await source.LookAsync(Looks.At(server.CreateRepository("web").Url), Token);

        foreach (var name in (string[])["moved/first", "moved/second"])
        {
            var failure = await source.FailureOf(new Uri(server.Root, name));
            failure.Error.ShouldBe(RefSourceError.NotFound);
            failure.Message.ShouldContain(canary.Root.GetLeftPart(UriPartial.Authority));
        }

        canary.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_move_within_the_server_is_followed()
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Extra = "location /old/ { rewrite ^/old/(.*)$ /$1 permanent; }" });
        server.CreateRepository("web").Push("main", "one");

        (await Looks.Source().LookAsync(Looks.At(new Uri(server.Root, "old/web")), Token)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Nobody_listening_is_said_to_be_so()
    {
        var failure = await Looks.Source().FailureOf(new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}/web"));

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("refused");
    }

    [Fact]
    public async Task A_name_without_an_address_is_said_to_be_so()
    {
        var failure = await Looks.Source().FailureOf(new Uri("https://no-such-host.invalid/web"));

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("no-such-host.invalid");
    }
}
