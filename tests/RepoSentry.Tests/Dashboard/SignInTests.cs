using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Api.Access;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

public sealed class SignInTests
{
    private static readonly string MasterKey = Convert.ToBase64String(new byte[32]);

    private static readonly string[] Writes =
    [
        "/repositories/web/poll", "/repositories/web/pause", "/repositories/web/resume", "/repositories/web/release", "/repositories", "/events/x/replay", "/deliveries/1/retry",
        "/triggers/tekton/pause", "/triggers/tekton/resume", "/triggers/tekton/test", "/triggers/tekton/recover", "/system/reload", "/settings/tokens", "/settings/tokens/x/revoke",
    ];

    [Theory]
    [InlineData("/", "/sign-in")]
    [InlineData("/events?q=repo:web", "/sign-in?next=%2Fevents%3Fq%3Drepo%3Aweb")]
    [InlineData("/settings", "/sign-in?next=%2Fsettings")]
    public async Task Who_is_not_known_is_led_to_where_one_signs_in(string path, string expected)
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        var (status, _, location) = await surfer.GetAsync(path);
        (status, location).ShouldBe((303, expected));
        (await surfer.GetAsync("/sign-in")).Status.ShouldBe(200);
    }

    [Theory]
    [InlineData("/nope", "/sign-in?next=%2Fnope")]
    [InlineData("/signin", "/sign-in?next=%2Fsignin")]
    public async Task Also_where_there_is_no_page_one_signs_in_first(string path, string expected)
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        var (status, _, location) = await surfer.GetAsync(path);
        (status, location).ShouldBe((303, expected));
        await surfer.SignInAsync(AccessStory.Bootstrap);
        (await surfer.GetAsync(path)).Html.ShouldContain("There is no page at this address.");
    }

    [Fact]
    public async Task A_form_of_a_session_that_ended_leads_back_to_its_page()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!) { From = "/repositories/web?kind=tag" };
        (await surfer.PostAsync("/repositories/web/poll", proof: false)).Location.ShouldBe("/sign-in?next=%2Frepositories%2Fweb%3Fkind%3Dtag");
    }

    [Fact]
    public async Task A_zero_in_a_form_is_refused_on_a_page_whoever_sends_it()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        foreach (var signedIn in new[] { false, true })
        {
            if (signedIn)
            {
                await surfer.SignInAsync(AccessStory.Bootstrap);
            }

            var (status, html, _) = await surfer.PostAsync(signedIn ? "/repositories" : "/sign-in", proof: false, ("token", "a\0b"));
            status.ShouldBe(400);
            html.ShouldContain("The form cannot be read");
        }
    }

    [Fact]
    public async Task What_a_person_is_told_at_the_door_names_no_header()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        (await surfer.GetAsync("/sign-in")).Html.ShouldContain("<code>reposentry token create</code>");
        await surfer.SignInAsync(AccessStory.Bootstrap);
        var refused = await surfer.PostAsync("/repositories/web/poll", proof: false);
        refused.Status.ShouldBe(403);
        refused.Html.ShouldContain("This form is of an earlier session");
        refused.Html.ShouldNotContain("X-CSRF-Token");

        var (status, html) = (0, "");
        for (var tries = 0; tries < 20 && status != 429; tries++)
        {
            (status, html, _) = await surfer.PostAsync("/sign-in", proof: false, ("token", "rst_wrong"));
        }

        html.ShouldContain("nothing is tried for ");
        html.ShouldNotContain("Retry-After");
    }

    [Fact]
    public async Task The_api_still_answers_problems()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var response = await story.SendAsync(HttpMethod.Get, "/api/v1/status", null);
        ((int)response.StatusCode).ShouldBe(401);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task While_another_process_has_the_database_who_asks_is_told_which_one()
    {
        PollerLock? held = null;
        await using var host = await Api.RunningHost.StartAsync(
            config => config with { Api = config.Api with { Auth = "token", BootstrapToken = new Secret(AccessStory.Bootstrap) }, Security = config.Security with { MasterKey = new Secret(MasterKey) } },
            ready: false, before: starting => held = PollerLock.TryTake(starting.DatabasePath, Build.Noon));
        using (held)
        {
            var lifecycle = host.Services.GetRequiredService<Lifecycle>();
            await Api.RunningHost.UntilAsync(() => Task.FromResult(lifecycle.Reason is not null));
            lifecycle.Reason!.ShouldContain("which is polled by ");
            using var asked = new HttpRequestMessage(HttpMethod.Get, new Uri("/events", UriKind.Relative));
            asked.Headers.Add("Cookie", "reposentry_session=of-another-time");
            using var page = await host.Http.SendAsync(asked, TestContext.Current.CancellationToken);
            ((int)page.StatusCode).ShouldBe(503);
            page.Headers.GetValues("Refresh").ShouldBe(["2"]);
            System.Net.WebUtility.HtmlDecode(await page.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain(lifecycle.Reason!);

            using var told = await host.SendAsync("/api/v1/events", TokenSecret.Create());
            ((int)told.StatusCode).ShouldBe(503);
            (await told.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("which is polled by ");
        }

        await Api.RunningHost.UntilAsync(async () => (await host.SendAsync("/readyz")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task A_token_signs_in_and_a_form_signs_out()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        await surfer.SignInAsync(AccessStory.Bootstrap);
        (await surfer.GetAsync("/")).Html.ShouldContain("bootstrap");
        (await surfer.PostAsync("/sign-out", proof: true)).Location.ShouldBe("/sign-in");
        (await surfer.GetAsync("/")).Status.ShouldBe(303);
    }

    [Fact]
    public async Task Who_revokes_the_own_token_is_told_so_before_and_after()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        await story.CreateAsync("other", Role.Viewer);
        await surfer.SignInAsync(await story.CreateAsync("mine", Role.Admin));
        var html = (await surfer.GetAsync("/settings")).Html;
        html.ShouldContain("mine is the token that you are signed in with");
        html.ShouldContain("other and all sessions signed in with it end at once.");

        (await surfer.PostAsync("/settings/tokens/other/revoke", proof: true)).Location.ShouldBe("/settings?said=revoked");
        (await surfer.PostAsync("/settings/tokens/mine/revoke", proof: true)).Location.ShouldBe("/sign-in?said=revoked-own");
        (await surfer.GetAsync("/sign-in?said=revoked-own", "zh-CN")).Html.ShouldContain("您吊销了登录所用的令牌");
        (await surfer.GetAsync("/sign-in?said=revoked-own")).Html.ShouldNotContain("You revoked the token", customMessage: "it is said once");
        (await surfer.GetAsync("/settings")).Status.ShouldBe(303);
    }

    [Fact]
    public async Task A_wrong_token_is_told_and_counted()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        var (status, html, _) = await surfer.PostAsync("/sign-in", proof: false, ("token", "rst_wrong"));
        status.ShouldBe(401);
        html.ShouldContain("not known here");
        html.ShouldNotContain("rst_wrong");
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("\\\\evil.example")]
    [InlineData("/\t/evil.example")]
    [InlineData("javascript:alert(1)")]
    [InlineData("evil")]
    public async Task Signing_in_leads_to_no_other_site(string next)
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        (await surfer.PostAsync("/sign-in", proof: false, ("token", AccessStory.Bootstrap), ("next", next))).Location.ShouldBe("/");
        (await surfer.PostAsync("/preferences", proof: false, ("theme", "dark"), ("next", next))).Location.ShouldBe("/");
    }

    [Fact]
    public async Task A_form_without_the_proof_changes_nothing()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        await surfer.SignInAsync(AccessStory.Bootstrap);
        foreach (var path in Writes)
        {
            (await surfer.PostAsync(path, proof: false)).Status.ShouldBe(403, path);
            (await surfer.PostAsync(path, proof: true, "cross-site")).Status.ShouldBe(403, path);
        }
    }

    [Fact]
    public async Task A_page_of_another_site_changes_nothing_where_no_token_is_asked_for()
    {
        await using var host = await Api.RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var path in Writes)
        {
            (await surfer.PostAsync(path, proof: false, "cross-site")).Status.ShouldBe(403, path);
        }
    }

    [Fact]
    public async Task A_viewer_may_not_and_is_not_shown_what_an_operator_may()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var surfer = new Surfer(story.Host.Http.BaseAddress!);
        await surfer.SignInAsync(await story.CreateAsync("looker", Role.Viewer));
        foreach (var path in Writes)
        {
            var (status, html, _) = await surfer.PostAsync(path, proof: true);
            status.ShouldBe(403, path);
            html.ShouldContain("Not permitted");
        }

        foreach (var page in new[] { "/repositories", "/repositories/web", "/triggers/tekton", "/system", "/settings" })
        {
            var html = (await surfer.GetAsync(page)).Html;
            Writes.Where(path => html.Contains($"method=\"post\" action=\"{path}\"", StringComparison.Ordinal)).ShouldBeEmpty(page);
        }
    }

    [Fact]
    public async Task Pages_say_which_scripts_and_forms_a_browser_may_believe()
    {
        await using var host = await Api.RunningHost.StartAsync();
        using var response = await host.SendAsync("/");
        var policy = response.Headers.GetValues("Content-Security-Policy").Single();
        policy.ShouldContain("script-src 'self'");
        policy.ShouldContain("default-src 'none'");
        policy.ShouldNotContain("unsafe");
        response.Headers.GetValues("Referrer-Policy").Single().ShouldBe("same-origin");
        response.Headers.CacheControl!.NoStore.ShouldBeTrue();
    }
}
