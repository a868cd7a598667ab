using System.Text;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using Shouldly;
using Xunit;
using static RepoSentry.Tests.Providers.PlainGit.ScriptedGitServer;

namespace RepoSentry.Tests.Providers.PlainGit;

public sealed class HttpTests
{
    private const string Web = "https://forge.test/acme/web";
    private const string InfoRefs = "/info/refs?service=git-upload-pack";

    [Theory]
    [InlineData(401, RefSourceError.Unauthorized, "give provider \"forge\" a token")]
    [InlineData(403, RefSourceError.Unauthorized, "give provider \"forge\" a token")]
    [InlineData(404, RefSourceError.NotFound, "no such repository")]
    [InlineData(410, RefSourceError.NotFound, "no such repository")]
    [InlineData(429, RefSourceError.RateLimited, "asks to wait")]
    [InlineData(500, RefSourceError.Unavailable, "fails")]
    [InlineData(503, RefSourceError.Unavailable, "fails")]
    [InlineData(418, RefSourceError.Malformed, "418")]
    public async Task A_status_says_what_it_means_and_what_to_do(int status, RefSourceError expected, string advice)
    {
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => Status(status));

        var failure = await server.Source().FailureOf(Web);

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(advice);
    }

    [Theory]
    [InlineData(429, "7", 7)]
    [InlineData(503, "Fri, 01 Jan 2027 00:02:00 GMT", 120)]
    [InlineData(429, "Thu, 31 Dec 2026 00:00:00 GMT", 0)]
    [InlineData(403, "30", 30)]
    public async Task A_server_that_asks_to_wait_is_heard(int status, string retryAfter, int seconds)
    {
        var server = new ScriptedGitServer { Time = new FakeTimeProvider(new DateTimeOffset(2027, 1, 1, 0, 0, 0, TimeSpan.Zero)) }
            .On($"GET {Web}{InfoRefs}", () => Status(status, ("Retry-After", retryAfter)));

        (await server.Source().FailureOf(Web)).RetryAfter.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public async Task A_login_page_is_no_repository()
    {
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => Answer("text/html", "<html>"u8.ToArray()));

        var failure = await server.Source().FailureOf(Web);

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("text/html");
    }

    [Fact]
    public async Task A_compressed_answer_that_nobody_asked_for_is_refused()
    {
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () =>
        {
            var answer = Answer(Advertisement, []);
            answer.Content.Headers.ContentEncoding.Add("gzip");
            return answer;
        });

        (await server.Source().FailureOf(Web)).Message.ShouldContain("compresses");
    }

    [Fact]
    public async Task A_move_on_the_same_server_is_followed_and_remembered()
    {
        var moved = "https://forge.test/acme/website";
        var server = new ScriptedGitServer()
            .On($"GET {Web}{InfoRefs}", () => Status(301, ("Location", "/acme/website" + InfoRefs)))
            .OnGet(moved, Captured.Version2).OnPost(moved, Captured.LsRefs).OnPost(moved, Captured.LsRefs);
        var source = server.Source();

        await source.LookAsync(Looks.At(Web), Looks.Never);
        await source.LookAsync(Looks.At(Web), Looks.Never);

        server.ShouldBeDone();
    }

    [Fact]
    public async Task A_repository_that_moves_later_is_found_again()
    {
        var moved = "https://forge.test/acme/website";
        var server = new ScriptedGitServer()
            .OnGet(Web, Captured.Version2).OnPost(Web, Captured.LsRefs)
            .On($"POST {Web}/git-upload-pack", () => Status(308, ("Location", moved + "/git-upload-pack")))
            .On($"GET {Web}{InfoRefs}", () => Status(308, ("Location", moved + InfoRefs)))
            .OnGet(moved, Captured.Version2).OnPost(moved, Captured.LsRefs);
        var source = server.Source();

        await source.LookAsync(Looks.At(Web), Looks.Never);
        await source.LookAsync(Looks.At(Web), Looks.Never);

        server.ShouldBeDone();
    }

    [Theory]
    [InlineData(301, "https://evil.test/acme/web/info/refs?service=git-upload-pack", RefSourceError.NotFound, "https://evil.test")]
    [InlineData(302, "https://evil.test/acme/web/info/refs?service=git-upload-pack", RefSourceError.Unavailable, "https://evil.test")]
    [InlineData(302, "http://forge.test/acme/web/info/refs?service=git-upload-pack", RefSourceError.Unavailable, "http://forge.test")]
    [InlineData(302, "https://forge.test:8443/acme/web/info/refs", RefSourceError.Unavailable, "https://forge.test:8443")]
    [InlineData(302, "https://TOKEN-canary.evil.test/info/refs", RefSourceError.Unavailable, "https://")]
    [InlineData(302, "/users/sign_in", RefSourceError.Malformed, "login page")]
    public async Task A_redirect_to_elsewhere_is_never_followed(int status, string location, RefSourceError expected, string told)
    {
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => Status(status, ("Location", location)));

        var failure = await server.Source(new PlainGitOptions { Provider = "forge", Token = new Secret("token-canary") }).FailureOf(Web);

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(told);
        failure.ToString().ShouldNotContain("token-canary", Case.Insensitive);
        server.ShouldBeDone();
    }

    [Fact]
    public async Task A_redirect_loop_ends_after_three_turns()
    {
        var server = new ScriptedGitServer();
        for (var turn = 0; turn < 4; turn++)
        {
            server.On($"GET {Web}{InfoRefs}", () => Status(302, ("Location", Web + InfoRefs)));
        }

        (await server.Source().FailureOf(Web)).Message.ShouldContain("more than 3 times");
    }

    [Theory]
    [InlineData(null, "AKIDEXAMPLE:")]
    [InlineData("s3ssion", "AKIDEXAMPLE%s3ssion:")]
    public async Task CodeCommit_gets_a_password_that_signs_the_repository_and_never_the_key(string? session, string user)
    {
        // The signature was computed beside, by the rules of AWS' Signature Version 4, over the text that git-remote-codecommit signs.
        const string Url = "https://git-codecommit.eu-central-1.amazonaws.com/v1/repos/web";
        const string Password = "20261124T120000Z463212c1e5c53591a594a36fe0e73553b3a76af5f146ea18389dd4c191bd326f";
        var server = new ScriptedGitServer().OnGet(Url, Captured.Version0);
        var aws = new AwsConfig("AKIDEXAMPLE", new Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), session is null ? null : new Secret(session));
        var provider = new ProviderConfig { Name = "aws", Type = "git", Url = new Uri("https://git-codecommit.eu-central-1.amazonaws.com"), Aws = aws };
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));

        await server.Source(PlainGitOptions.For(provider), time).LookAsync(Looks.At(Url), Looks.Never);

        var sent = server.Requests.Single().Authorization!;
        Encoding.UTF8.GetString(Convert.FromBase64String(sent["Basic ".Length..])).ShouldBe(user + Password);
    }

    [Theory]
    [InlineData("github", "", "https://github.com/acme/web", "Basic x-access-token:t0ken")]
    [InlineData("gitlab", "", "https://gitlab.com/acme/web", "Basic oauth2:t0ken")]
    [InlineData("git", "bot", "https://forge.test/acme/web", "Basic bot:t0ken")]
    [InlineData("git", "", "https://forge.test/acme/web", "Bearer t0ken")]
    [InlineData("gitea", "", "https://gitea.com/acme/web", "Basic oauth2:t0ken")]
    [InlineData("azure", "", "https://dev.azure.com/acme/web/_git/web", "Basic pat:t0ken")]
    [InlineData("bitbucket", "", "https://bitbucket.org/acme/web", "Basic x-token-auth:t0ken")]
    [InlineData("bitbucket", "ada@example.org", "https://bitbucket.org/acme/web", "Basic x-bitbucket-api-token-auth:t0ken")]
    [InlineData("bitbucket", "ada", "https://bitbucket.org/acme/web", "Basic ada:t0ken")]
    [InlineData("github", "", "https://forge.test/acme/web", null)]
    public async Task The_token_goes_at_once_to_its_own_server_in_the_form_that_it_expects(string type, string user, string url, string? expected)
    {
        var server = new ScriptedGitServer().OnGet(url, Captured.Version0);
        var provider = new ProviderConfig { Name = "forge", Type = type, Username = user, Token = new Secret("t0ken") };

        await server.Source(PlainGitOptions.For(provider)).LookAsync(Looks.At(url), Looks.Never);

        var sent = server.Requests.Single().Authorization;
        (sent is ['B', 'a', 's', 'i', 'c', ' ', .. var basic] ? "Basic " + Encoding.UTF8.GetString(Convert.FromBase64String(basic)) : sent).ShouldBe(expected);
    }

    [Fact]
    public async Task A_rotated_token_holds_from_the_next_look_on()
    {
        var token = "old";
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version0).OnGet(Web, Captured.Version0);
        var source = server.Source(new PlainGitOptions { Provider = "forge", Token = new Secret(() => token) });

        await source.LookAsync(Looks.At(Web), Looks.Never);
        token = "new";
        await source.LookAsync(Looks.At(Web), Looks.Never);

        server.Requests.Select(request => request.Authorization).ShouldBe(["Bearer old", "Bearer new"]);
    }

    [Fact]
    public async Task A_refused_token_is_named_by_its_provider_and_origin_and_never_shown()
    {
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => Status(401));

        var failure = await server.Source(new PlainGitOptions { Provider = "forge", Token = new Secret(() => "canary", "env:FORGE_TOKEN") }).FailureOf(Web);

        failure.Message.ShouldContain("\"forge\" (env:FORGE_TOKEN)");
        failure.ToString().ShouldNotContain("canary");
    }

    [Theory]
    [InlineData("bot", "canary")]
    [InlineData("", "canary")]
    public async Task A_server_that_echoes_the_credential_does_not_get_it_into_a_message(string user, string token)
    {
        var basic = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{token}"));
        var server = new ScriptedGitServer().OnGet(Web, Packets($"ERR you sent {token} and {basic}"));

        var failure = await server.Source(new PlainGitOptions { Provider = "forge", Username = user, Token = new Secret(token) }).FailureOf(Web);

        failure.Message.ShouldContain("you sent *** and ***");
        failure.ToString().ShouldNotContain(token);
        failure.ToString().ShouldNotContain(basic);
    }

    [Fact]
    public async Task A_token_with_a_line_end_is_refused_before_it_is_sent()
    {
        var server = new ScriptedGitServer();

        var failure = await server.Source(new PlainGitOptions { Provider = "forge", Token = new Secret("canary\r\nX-Evil: 1") }).FailureOf(Web);

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldNotContain("canary");
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_silent_server_is_given_up_after_fifteen_seconds()
    {
        var time = new FakeTimeProvider();
        using var silence = new SilentStream("001e# ser"u8.ToArray());
        var server = new ScriptedGitServer { Time = time }.On($"GET {Web}{InfoRefs}", () => Answer(Advertisement, silence));

        var look = server.Source().LookAsync(Looks.At(Web), Looks.Never);
        await silence.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        time.Advance(TimeSpan.FromSeconds(15));

        var failure = await Should.ThrowAsync<RefSourceException>(() => look.WaitAsync(TimeSpan.FromMinutes(2)));
        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("nothing for 15 s");
    }

    [Fact]
    public async Task The_callers_own_limit_is_no_failure_of_the_server()
    {
        using var silence = new SilentStream([]);
        using var limit = new CancellationTokenSource();
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => Answer(Advertisement, silence));

        var look = server.Source().LookAsync(Looks.At(Web), limit.Token);
        await silence.Reached.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
        await limit.CancelAsync();

        (await Should.ThrowAsync<OperationCanceledException>(() => look.WaitAsync(TimeSpan.FromMinutes(2)))).CancellationToken.ShouldBe(limit.Token);
    }

    [Theory]
    [InlineData(PlainGitLimits.MaxRefs, null)]
    [InlineData(PlainGitLimits.MaxRefs + 1, "500,000 refs")]
    public async Task The_number_of_refs_is_capped(int count, string? refusal)
    {
        using var refs = new EndlessStream(index => index < count ? $"003e{Captured.First} refs/heads/{index:d6}" : index == count ? "0000" : null);
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).On($"POST {Web}/git-upload-pack", () => Answer(Result, refs));

        var look = server.Source().LookAsync(Looks.At(Web), Looks.Never);

        if (refusal is null)
        {
            (await look).Of(RefKind.Branch)!.Refs.Count.ShouldBe(count);
        }
        else
        {
            (await Should.ThrowAsync<RefSourceException>(() => look)).Message.ShouldContain(refusal);
        }
    }

    [Fact]
    public async Task An_endless_answer_ends_at_the_cap()
    {
        var filler = new string('x', 4000);
        using var endless = new EndlessStream(index => $"0fe1{Captured.First} refs/heads/{index:d9}{filler}");
        var server = new ScriptedGitServer().OnGet(Web, Captured.Version2).On($"POST {Web}/git-upload-pack", () => Answer(Result, endless));

        (await server.Source().FailureOf(Web)).Message.ShouldContain("more than 64 MiB");
    }

    [Fact]
    public async Task Connection_failures_say_which_host_and_why()
    {
        var refused = new HttpRequestException(HttpRequestError.NameResolutionError, "x");
        var server = new ScriptedGitServer().On($"GET {Web}{InfoRefs}", () => throw refused);

        var failure = await server.Source().FailureOf(Web);

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldBe("the name forge.test cannot be resolved");
    }
}
