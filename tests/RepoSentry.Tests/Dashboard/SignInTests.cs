using RepoSentry.Storage;
using RepoSentry.Tests.Api.Access;
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

    [Fact]
    public async Task The_api_still_answers_problems()
    {
        await using var story = await AccessStory.StartAsync(masterKey: MasterKey);
        using var response = await story.SendAsync(HttpMethod.Get, "/api/v1/status", null);
        ((int)response.StatusCode).ShouldBe(401);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
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
