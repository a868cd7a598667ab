using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Api.Access;
using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class SessionTests
{
    private const string Pause = "/api/v1/triggers/tekton/pause";
    private static readonly string Master = new('m', 40);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_browser_signs_in_with_a_token_and_keeps_a_cookie_that_does_not_hold_it()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var secret = await story.CreateAsync("ada", Role.Operator, TimeSpan.FromDays(1));
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        (await browser.StatusAsync()).ShouldBe(401);

        var answer = await browser.SignInAsync(secret);

        (answer.GetProperty("name").GetString(), answer.GetProperty("role").GetString()).ShouldBe(("ada", "operator"));
        (answer.GetProperty("expires_at").GetDateTimeOffset() - TimeProvider.System.GetUtcNow()).TotalHours.ShouldBeInRange(11.9, 12);
        var cookie = browser.Cookie.ShouldNotBeNull();
        (cookie.Name, cookie.HttpOnly, cookie.Secure, cookie.Path).ShouldBe(("reposentry_session", true, false, "/"));
        (cookie.Value + answer).ShouldNotContain(secret[4..]);
        (await browser.StatusAsync()).ShouldBe(200);
        var (_, session) = await browser.SendAsync(HttpMethod.Get, "/api/v1/session");
        (session.GetProperty("name").GetString(), session.GetProperty("csrf_token").ValueKind).ShouldBe(("ada", System.Text.Json.JsonValueKind.String));
        (await browser.StatusAsync("/api/v1/tokens")).ShouldBe(403);
    }

    [Fact]
    public async Task A_session_does_not_outlive_its_token()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var gone = await story.CreateAsync("gone", Role.Viewer);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        await browser.SignInAsync(gone);
        (await browser.StatusAsync()).ShouldBe(200);
        (await story.StatusAsync(HttpMethod.Delete, "/api/v1/tokens/gone", AccessStory.Bootstrap)).ShouldBe(204);
        (await browser.StatusAsync()).ShouldBe(401);
        browser.Cookie.ShouldBeNull();
    }

    [Fact]
    public async Task A_session_ends_with_its_token_or_after_twelve_hours()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var book = story.Host.Services.GetRequiredService<TokenBook>();
        var caller = (await book.FindAsync(await story.CreateAsync("day", Role.Viewer, TimeSpan.FromDays(1)), null, Token)).Caller.ShouldNotBeNull();
        var now = TimeProvider.System.GetUtcNow();
        var ticket = SessionTicket.Of(caller, "", now);
        ticket.ExpiresAt.ShouldBe(now.AddHours(12));
        SessionTicket.Of(caller, "", caller.ExpiresAt!.Value.AddHours(-1)).ExpiresAt.ShouldBe(caller.ExpiresAt!.Value);

        (await book.ResumeAsync(ticket, null, Token)).Caller.ShouldNotBeNull().Name.ShouldBe("day");
        (await book.ResumeAsync(ticket with { ExpiresAt = now.AddSeconds(-1) }, null, Token)).ShouldBe(new TokenVerdict(null, "session has ended"));
    }

    [Theory]
    [InlineData(true, "same-origin", null, 202, null)]
    [InlineData(true, "none", null, 202, null)]
    [InlineData(true, null, "ours", 202, null)]
    [InlineData(false, "same-origin", null, 403, "anti-forgery")]
    [InlineData(true, null, null, 403, "anti-forgery")]
    [InlineData(true, "cross-site", null, 403, "cross-site")]
    [InlineData(true, "same-site", null, 403, "cross-site")]
    [InlineData(true, null, "http://evil.example", 403, "cross-site")]
    public async Task A_write_of_a_session_needs_its_proof_and_a_page_of_ours(bool proof, string? site, string? origin, int status, string? problem)
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var server = story.Host.Http.BaseAddress!;
        using var browser = new Browser(server);
        await browser.SignInAsync(AccessStory.Bootstrap);
        browser.Proof = proof ? browser.Proof : null;

        var (answered, json) = await browser.SendAsync(HttpMethod.Post, Pause, site: site, origin: origin == "ours" ? server.GetLeftPart(UriPartial.Authority) : origin);

        answered.ShouldBe(status);
        if (problem is not null)
        {
            json.GetProperty("type").GetString().ShouldBe("https://reposentry.dev/problems/" + problem);
            (await story.AuditAsync("&action=trigger.pause")).ShouldHaveSingleItem().GetProperty("outcome").GetString().ShouldBe("refused");
        }
    }

    [Fact]
    public async Task The_proof_of_another_session_is_none_and_a_token_needs_none()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var secret = await story.CreateAsync("ops", Role.Operator);
        using var one = new Browser(story.Host.Http.BaseAddress!);
        using var other = new Browser(story.Host.Http.BaseAddress!);
        await one.SignInAsync(secret);
        await other.SignInAsync(secret);
        (one.Proof, other.Proof) = (other.Proof, one.Proof);
        (await one.SendAsync(HttpMethod.Post, Pause)).Status.ShouldBe(403);
        one.Proof = browserCookieOf(one);
        (await one.SendAsync(HttpMethod.Post, Pause)).Status.ShouldBe(403);

        (await story.StatusAsync(HttpMethod.Post, Pause, secret)).ShouldBe(202);

        static string browserCookieOf(Browser browser) => browser.Cookie!.Value;
    }

    [Fact]
    public async Task Who_signs_out_has_ended_every_copy_of_the_cookie()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var secret = await story.CreateAsync("ada", Role.Viewer);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        using var thief = new Browser(story.Host.Http.BaseAddress!);
        using var elsewhere = new Browser(story.Host.Http.BaseAddress!);
        await browser.SignInAsync(secret);
        await elsewhere.SignInAsync(secret);
        thief.Take(browser.Cookie!);
        (await thief.StatusAsync()).ShouldBe(200);

        (await browser.SendAsync(HttpMethod.Delete, "/api/v1/session")).Status.ShouldBe(204);

        browser.Cookie.ShouldBeNull();
        (await thief.StatusAsync()).ShouldBe(401);
        (await elsewhere.StatusAsync()).ShouldBe(200);
        (await story.AuditAsync()).Select(row => $"{row.GetProperty("actor")} {row.GetProperty("action")} {row.GetProperty("outcome")}")
            .ShouldBe(["ada sign_out done", "ada sign_in done", "ada sign_in done"]);
    }

    [Fact]
    public async Task Wrong_tokens_are_counted_and_stand_in_the_audit_log()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        foreach (var _ in Enumerable.Range(0, 10))
        {
            (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", new { token = TokenSecret.Create() })).Status.ShouldBe(401);
        }

        (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", new { token = TokenSecret.Create() })).Status.ShouldBe(429);
        browser.Cookie.ShouldBeNull();
        var (rows, _) = await story.Host.Services.GetRequiredService<AuditLog>().ListAsync(new AuditQuery(100), Token);
        rows.Select(row => (row.Action, row.Outcome, row.Object)).Distinct().ShouldHaveSingleItem().ShouldBe(("sign_in", AuditOutcome.Refused, "POST /api/v1/session"));
        rows.Count.ShouldBe(10);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("""{"token":""}""")]
    [InlineData("""{"token":"x","role":"admin"}""")]
    [InlineData("not json")]
    public async Task What_is_no_sign_in_is_refused(string body)
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        using var content = new StringContent(body, System.Text.Encoding.UTF8, "application/json");
        using var response = await story.Host.Http.PostAsync(new Uri("/api/v1/session", UriKind.Relative), content, Token);
        ((int)response.StatusCode).ShouldBe(400);
    }

    [Fact]
    public async Task A_page_of_another_site_does_not_sign_anybody_in()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        (await browser.SendAsync(HttpMethod.Post, "/api/v1/session", new { token = AccessStory.Bootstrap }, site: "cross-site")).Status.ShouldBe(403);
        browser.Cookie.ShouldBeNull();
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("CfDJ8AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task A_cookie_that_is_none_of_ours_is_nobody(string value)
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        foreach (var _ in Enumerable.Range(0, 12))
        {
            browser.Take(new System.Net.Cookie("reposentry_session", value, "/", "127.0.0.1"));
            (await browser.StatusAsync()).ShouldBe(401); // never 429: it locks nobody out
        }

        (await browser.SignInAsync(AccessStory.Bootstrap)).GetProperty("name").GetString().ShouldBe("bootstrap");
        (await browser.StatusAsync()).ShouldBe(200);
    }

    [Fact]
    public async Task Another_bootstrap_token_ends_the_sessions_of_the_one_before()
    {
        var bootstrap = "the first bootstrap token";
        await using var story = await AccessStory.StartAsync(api => api with { BootstrapToken = new Secret(() => bootstrap, "file:bootstrap") }, Master);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        await browser.SignInAsync(bootstrap);
        (await browser.StatusAsync()).ShouldBe(200);
        bootstrap = "the second bootstrap token";
        (await browser.StatusAsync()).ShouldBe(401);
    }

    [Fact]
    public async Task Without_a_master_key_sessions_are_refused_with_a_hint_and_all_else_works()
    {
        await using var story = await AccessStory.StartAsync();
        using var browser = new Browser(story.Host.Http.BaseAddress!);

        var (status, problem) = await browser.SendAsync(HttpMethod.Post, "/api/v1/session", new { token = AccessStory.Bootstrap });

        (status, problem.GetProperty("type").GetString()).ShouldBe((409, "https://reposentry.dev/problems/sessions-unavailable"));
        problem.GetProperty("detail").GetString()!.ShouldContain("set it (openssl rand -base64 32 makes one)");
        browser.Cookie.ShouldBeNull();
        var told = await story.JsonAsync(HttpMethod.Get, "/api/v1/session", AccessStory.Bootstrap);
        (told.GetProperty("name").GetString(), told.GetProperty("csrf_token").ValueKind).ShouldBe(("bootstrap", System.Text.Json.JsonValueKind.Null));
    }

    [Fact]
    public async Task Where_no_token_is_asked_for_everybody_is_the_local_admin()
    {
        await using var host = await RunningHost.StartAsync();
        using var browser = new Browser(host.Http.BaseAddress!);
        var (status, json) = await browser.SendAsync(HttpMethod.Post, "/api/v1/session");
        (status, json.GetProperty("name").GetString(), json.GetProperty("role").GetString()).ShouldBe((200, "local", "admin"));
        browser.Cookie.ShouldBeNull();
        (await browser.SendAsync(HttpMethod.Post, Pause)).Status.ShouldBe(202);
    }

    [Fact]
    public async Task The_key_ring_is_not_touched_before_the_first_sign_in()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        var keys = story.Host.Services.GetRequiredService<SealedStore>();
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", AccessStory.Bootstrap)).ShouldBe(200);
        (await keys.CountKeysAsync(Token)).ShouldBe(0);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        await browser.SignInAsync(AccessStory.Bootstrap);
        await browser.SignInAsync(AccessStory.Bootstrap);
        (await keys.CountKeysAsync(Token)).ShouldBe(1);
    }

    [Fact]
    public async Task A_stream_is_read_with_the_cookie()
    {
        await using var story = await AccessStory.StartAsync(masterKey: Master);
        using var browser = new Browser(story.Host.Http.BaseAddress!);
        await browser.SignInAsync(await story.CreateAsync("eye", Role.Viewer));
        await story.Host.RecordAsync(1);

        using var response = await browser.Http.GetAsync(new Uri("/api/v1/events/stream?since=2020-01-01T00:00:00Z", UriKind.Relative), HttpCompletionOption.ResponseHeadersRead, Token);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Token));
        var lines = new List<string>();
        while (!lines.Exists(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            lines.Add((await reader.ReadLineAsync(Token)).ShouldNotBeNull());
        }

        lines.ShouldContain("event: event");
    }

    [Fact]
    public async Task Where_the_public_address_is_one_of_TLS_the_cookie_is_for_TLS_only_whatever_a_proxy_says()
    {
        await using var story = await AccessStory.StartAsync(api => api with { PublicUrl = "https://reposentry.example" }, Master);
        using var response = await story.SendAsync(HttpMethod.Post, "/api/v1/session", null, new { token = AccessStory.Bootstrap });
        response.Headers.GetValues("Set-Cookie").Single().ShouldContain("; secure; samesite=lax; httponly", Case.Insensitive);
    }

    [Fact]
    public async Task Behind_a_trusted_proxy_that_speaks_TLS_the_cookie_is_for_that_host_and_TLS_only()
    {
        await using var story = await AccessStory.StartAsync(api => api with { TrustedProxies = [System.Net.IPNetwork.Parse("127.0.0.0/8")] }, Master);
        using var response = await story.SendAsync(HttpMethod.Post, "/api/v1/session", null, new { token = AccessStory.Bootstrap }, ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.7"));
        var set = response.Headers.GetValues("Set-Cookie").Single();
        set.ShouldStartWith("__Host-reposentry_session=");
        set.ShouldContain("; path=/; secure; samesite=lax; httponly", Case.Insensitive);
        set.ShouldNotContain("domain", Case.Insensitive);

        var pair = set.Split(';')[0];
        using var over = await story.SendAsync(HttpMethod.Get, "/api/v1/session", null, null, ("Cookie", pair), ("X-Forwarded-Proto", "https"), ("X-Forwarded-For", "192.0.2.7"));
        ((int)over.StatusCode).ShouldBe(200);
        using var plain = await story.SendAsync(HttpMethod.Get, "/api/v1/session", null, null, ("Cookie", pair));
        ((int)plain.StatusCode).ShouldBe(401); // a cookie of TLS is not taken from plain HTTP
    }
}
