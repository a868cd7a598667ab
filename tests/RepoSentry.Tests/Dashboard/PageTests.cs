using System.Text.Json;
using RepoSentry.Configuration;
using RepoSentry.Dashboard.Parts;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>The pages as they come from the server, on a service that asks for no token.</summary>
public sealed class PageTests
{
    public static TheoryData<string> Paths => ["/", "/?span=day", "/repositories", "/repositories/web", "/repositories/group%2Fapi", "/events", "/events?q=repo:web+status:pending+since:2h", "/triggers", $"/triggers/{RunningHost.TriggerName}", "/rules?repository=web&refs=main%0Arefs/tags/v1", "/budget", "/system", "/settings", "/sign-in"];

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Each_page_is_there_in_both_languages(string path)
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(2, triggers: [RunningHost.TriggerName]);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (language, word) in new[] { ("en", "Settings"), ("zh-CN", "设置") })
        {
            var (status, html, _) = await surfer.GetAsync(path, language);
            status.ShouldBe(200, html);
            html.ShouldStartWith("<!DOCTYPE html>");
            html.ShouldContain($"<html lang=\"{language}\"");
            html.ShouldContain(word);
            html.ShouldNotContain("<script>");
            html.ShouldNotContain("style=");
        }
    }

    [Theory]
    [InlineData("/repositories/nope", 404)]
    [InlineData("/events/nope", 404)]
    [InlineData("/triggers/nope", 404)]
    [InlineData("/repositories?status=lost", 400)]
    [InlineData("/repositories?cursor=%21", 400)]
    public async Task What_is_not_there_is_told_on_a_page(string path, int status)
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var answer = await surfer.GetAsync(path);
        answer.Status.ShouldBe(status);
        answer.Html.ShouldContain("role=\"alert\"");
    }

    [Theory]
    [InlineData("/nope", 404)]
    [InlineData("/settings/x", 404)]
    [InlineData("/repositories/web/poll", 405)]
    public async Task A_browser_that_asks_for_what_is_no_page_gets_one_that_says_so(string path, int status)
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (language, text) in new[] { ("en", "There is no page at this address."), ("zh-CN", "此地址没有页面。") })
        {
            var answer = await surfer.GetAsync(path, language);
            answer.Status.ShouldBe(status);
            answer.Html.ShouldContain($"<html lang=\"{language}\"");
            answer.Html.ShouldContain(text);
        }

        using var response = await host.SendAsync(path);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json", "a program asks for no page");
        (await surfer.GetAsync("/api/v1/nope")).Html.ShouldStartWith("{");
    }

    [Fact]
    public async Task Beyond_the_limit_a_browser_is_told_how_long_to_wait()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Api = config.Api with { RateLimit = new RequestRate(3, TimeSpan.FromHours(1)) } });
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            (await surfer.GetAsync("/events")).Status.ShouldBe(200);
        }

        foreach (var (language, text) in new[] { ("en", "Try again in 20 min."), ("zh-CN", "请在 20 分钟后重试。") })
        {
            var (status, html, _) = await surfer.GetAsync("/events", language);
            status.ShouldBe(429);
            html.ShouldContain("role=\"alert\"");
            html.ShouldContain(text);
        }

        using var response = await host.SendAsync("/events");
        response.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromMinutes(20));
        using var program = await host.SendAsync("/api/v1/events");
        program.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
    }

    [Fact]
    public async Task What_is_refused_whoever_asks_is_told_a_browser_on_a_page()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var (status, html, _) = await surfer.PostAsync("/repositories/web/poll", proof: false, "cross-site");
        status.ShouldBe(403);
        html.ShouldContain("role=\"alert\"");
        (status, html, _) = await surfer.PostAsync("/rules", proof: false, ("refs", new string('a', 300 * 1024)));
        status.ShouldBe(413);
        html.ShouldContain("A form here is no larger than 256 KiB.");
        using var elsewhere = await host.SendAsync("/events", host: "evil.example");
        ((int)elsewhere.StatusCode).ShouldBe(421);
        html = await elsewhere.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldContain("role=\"alert\"");
        html.ShouldNotContain("class=\"side\"", customMessage: "nobody is known there");
    }

    [Fact]
    public async Task Pages_answer_head_like_get()
    {
        await using var host = await RunningHost.StartAsync();
        foreach (var path in new[] { "/", "/events", "/sign-in" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, new Uri(path, UriKind.Relative));
            using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
            ((int)response.StatusCode).ShouldBe(200, path);
        }
    }

    [Theory]
    [InlineData(400, "/events?cursor=%21&q=x&limit=0", "请求有误")]
    [InlineData(400, "/repositories?standing=lost", "请求有误")]
    [InlineData(404, "/triggers/nope", "找不到")]
    public async Task Problems_have_a_heading_in_the_readers_language(int status, string path, string heading)
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var answer = await surfer.GetAsync(path, "zh-CN");
        if (path.StartsWith("/events", StringComparison.Ordinal))
        {
            answer.Html.ShouldContain("limit 是 1 到 100 的数字", customMessage: "it stands beside the search");
            return;
        }

        answer.Status.ShouldBe(status);
        answer.Html.ShouldContain($"<h1>{heading}</h1>");
    }

    [Fact]
    public async Task Zeros_in_an_address_break_no_page()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var path in new[] { "/events?q=%00", "/events?q=ref:%00", "/repositories?q=%00", "/repositories?standing=%00", "/rules?repository=web&refs=%00", "/rules?repository=%00&refs=a", "/repositories/web?q=%00", "/sign-in?next=%00", "/?said=%00", "/repositories?cursor=%00" })
        {
            (await surfer.GetAsync(path)).Status.ShouldBeOneOf(200, 400);
        }
    }

    [Fact]
    public async Task Lines_of_git_are_taken_as_the_refs_in_them_and_what_is_no_ref_is_told()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var pasted = $"{new string('a', 40)}\trefs/heads/main\n{new string('b', 40)}\trefs/tags/v1^{{}}\n* dev\nrefs/notes/a\na..b";
        var html = (await surfer.GetAsync("/rules?repository=web&refs=" + Uri.EscapeDataString(pasted))).Html;
        html.ShouldContain("<code class=\"ref\">main</code>");
        html.ShouldContain("<code class=\"ref\">dev</code>");
        html.ShouldNotContain("<code class=\"ref\">v1");
        html.ShouldContain("neither a branch nor a tag nor a pull request");
        html.ShouldContain("Git allows no such name");
        html.ShouldNotContain("main&#10;");
    }

    [Fact]
    public async Task The_tiles_lead_to_what_they_count()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/status")).GetProperty("fleet").GetProperty("failing").GetInt32() == 2);
        (await surfer.GetAsync("/")).Html.ShouldContain("href=\"/repositories?standing=failing\"");
        (await surfer.GetAsync("/repositories?standing=failing")).Html.ShouldContain("/repositories/group%2Fapi");
        (await surfer.GetAsync("/repositories?standing=fresh")).Html.ShouldNotContain("/repositories/group%2Fapi");
        (await host.JsonAsync("/api/v1/repositories?standing=failing&q=web")).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await host.JsonAsync("/api/v1/repositories?standing=late&sort=changed")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await host.JsonAsync("/api/v1/repositories?standing=failing&limit=1")).GetProperty("next_cursor").GetString().ShouldNotBeNull();
    }

    [Fact]
    public async Task Refs_are_searched_by_a_part_of_their_name()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/repositories/web?q=nothing")).Html.ShouldContain("None matches the search.");
        (await surfer.GetAsync("/repositories/web?q=B1")).Html.ShouldNotContain("None matches the search.");
        (await host.JsonAsync("/api/v1/repositories/web/refs?q=B1")).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await host.JsonAsync("/api/v1/repositories/web/refs?q=B2")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_configuration_without_a_file_is_not_offered_to_be_read_again()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/system")).Html.ShouldNotContain("/system/reload");
    }

    [Fact]
    public async Task A_search_that_cannot_be_is_explained_beside_it()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/events?q=status:lost")).Html.ShouldContain("status is one of");
        (await surfer.GetAsync("/events?q=nope:1")).Html.ShouldContain("nope: is not known here");
        (await surfer.GetAsync("/events?q=nope:1")).Html.ShouldNotContain("Nothing has moved that matches");
        (await surfer.GetAsync("/events?q=since:banana")).Html.ShouldContain("such as 2h");
        (await surfer.GetAsync("/events?q=repo:a+repo:b", "zh-CN")).Html.ShouldContain("出现了两次");
        (await surfer.GetAsync("/events?q=%3Cscript%3Ealert(1)%3C/script%3E")).Status.ShouldBe(200);
    }

    [Fact]
    public async Task Numbers_are_those_of_the_api()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(7, triggers: [RunningHost.TriggerName]);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/status")).GetProperty("fleet").GetProperty("failing").GetInt32() == 2);

        var html = (await surfer.GetAsync("/")).Html;
        var status = await host.JsonAsync("/api/v1/status");
        var fleet = status.GetProperty("fleet");
        html.ShouldContain($"{Number(fleet, "fresh")} of {Number(fleet, "watched")} repositories");
        html.ShouldContain($"<span class=\"label\">Failing</span><span class=\"value\">{Number(fleet, "failing")}</span>");
        html.ShouldContain($"<span class=\"label\">Undelivered</span><span class=\"value\">{status.GetProperty("triggers").EnumerateArray().Sum(trigger => trigger.GetProperty("backlog").GetInt32())}</span>");
        html.ShouldContain($"<span class=\"label\">Events</span><span class=\"value\">{Number(await host.JsonAsync("/api/v1/metrics.json"), "event_count")}</span>");
    }

    [Fact]
    public async Task A_page_leads_to_the_next_and_keeps_what_is_filtered_by()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(60);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var html = (await surfer.GetAsync("/events?q=repo:web")).Html;
        html.ShouldContain("rel=\"next\" href=\"/events?q=repo%3Aweb&cursor=");
    }

    [Fact]
    public async Task Another_page_of_the_refs_has_the_same_events_and_looks_beside_it()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(3);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        var html = (await surfer.GetAsync("/repositories/web?limit=1&cursor=YQ")).Html; // after the name "a"
        html.ShouldContain("<code class=\"ref\">b3</code>");
        html.ShouldContain($"/events/{id}");
        html.ShouldContain("changed</span>");
        (await surfer.GetAsync("/repositories/web?cursor=%21")).Status.ShouldBe(400);
        (await surfer.GetAsync("/?cursor=%21")).Html.ShouldContain($"/events/{id}");
    }

    [Fact]
    public async Task A_trigger_that_left_the_configuration_still_shows_what_it_was_owed()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1, triggers: ["down"]);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/deliveries?status=dead&trigger=down")).GetProperty("items").GetArrayLength() == 1);
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        using var surfer = new Surfer(host.Http.BaseAddress!);

        var (status, html, _) = await surfer.GetAsync("/triggers/down");
        status.ShouldBe(200);
        html.ShouldContain("no longer has this trigger");
        html.ShouldContain($"/events/{id}");
        html.ShouldNotContain("action=\"/triggers/down");
        (await surfer.GetAsync("/")).Html.ShouldContain("1 dead letters of a trigger that the configuration no longer has");
        html = (await surfer.GetAsync($"/events/{id}")).Html;
        html.ShouldContain("down was given up:");
        html.ShouldNotContain("/retry");
        (await surfer.GetAsync("/triggers/tekton?status=lost")).Status.ShouldBe(400);
    }

    [Fact]
    public async Task The_script_gets_the_content_without_its_frame()
    {
        await using var host = await RunningHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri("/", UriKind.Relative));
        request.Headers.Add("X-RepoSentry-Part", "live");
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        var html = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        html.ShouldNotContain("<html");
        html.ShouldContain("id=\"fleet-tiles\"");
    }

    [Fact]
    public async Task Before_it_runs_a_page_says_so_and_comes_again_by_itself()
    {
        PollerLock? held = null;
        await using var host = await RunningHost.StartAsync(ready: false, before: starting => held = PollerLock.TryTake(starting.DatabasePath, Build.Noon));
        using (held)
        {
            using var response = await host.SendAsync("/events");
            ((int)response.StatusCode).ShouldBe(503);
            response.Headers.GetValues("Refresh").ShouldBe(["2"]);
            (await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).ShouldContain("Not ready yet");
        }

        await RunningHost.UntilAsync(async () => (await host.SendAsync("/events")).IsSuccessStatusCode);
    }

    [Fact]
    public void A_share_that_is_not_all_is_never_shown_as_all()
    {
        Show.Percent(1).ShouldBe("100 %");
        Show.Percent(0.9999).ShouldBe("99.9 %");
    }

    [Fact]
    public async Task Names_are_shown_and_never_become_markup()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Repositories = [.. config.Repositories, config.Repositories[0] with { Name = "<b>x</b>&\"" }] });
        using var surfer = new Surfer(host.Http.BaseAddress!);
        var raw = await host.Http.GetStringAsync(new Uri("/repositories", UriKind.Relative), TestContext.Current.CancellationToken);
        raw.ShouldNotContain("<b>x</b>");
        (await surfer.GetAsync("/repositories?q=%3Cb%3E")).Html.ShouldContain("<b>x</b>&\"");
    }

    private static string Number(JsonElement element, string name) => Show.Number(element.GetProperty(name).GetInt64());
}
