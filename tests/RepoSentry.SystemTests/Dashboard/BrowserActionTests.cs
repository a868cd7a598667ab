using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>What one does on the pages, with scripts and without, and what moves by itself.</summary>
public sealed class BrowserActionTests(Site site) : IClassFixture<Site>, IAsyncDisposable
{
    public ValueTask DisposeAsync() => site.CloseAllAsync();

    [Fact]
    public async Task A_push_comes_to_an_open_page_by_the_stream_and_without_a_reload()
    {
        var page = await site.OpenAsync("/events");
        await page.AddInitScriptAsync("(every => { window.setInterval = (act, wait) => wait === 5000 ? 0 : every(act, wait); })(window.setInterval)"); // without its reads every five seconds
        await page.ReloadAsync();
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
        await page.EvaluateAsync("window.same = true");
        var commit = site.Push("live", "live");
        await page.WaitForSelectorAsync($"code[title='{commit}']");
        (await page.EvaluateAsync<bool>("window.same")).ShouldBeTrue();
    }

    [Fact]
    public async Task The_tail_can_be_paused_and_goes_on()
    {
        var page = await site.OpenAsync("/events");
        await page.ClickAsync("#pause-tail");
        var commit = "";
        for (var number = 1; !(await page.TextContentAsync("#live-state"))!.Contains(" new", StringComparison.Ordinal); number++) // what came before a page follows the stream is not counted
        {
            number.ShouldBeLessThan(30);
            commit = site.Push($"paused {number}", $"paused-{number}");
            await site.UntilAsync(async () => (await site.ApiAsync($"/api/v1/events?ref=paused-{number}")).GetProperty("items").GetArrayLength() == 1, "seen");
            await page.WaitForTimeoutAsync(600);
            (await page.QuerySelectorAsync($"code[title='{commit}']")).ShouldBeNull();
        }

        await page.ClickAsync("#pause-tail");
        await page.WaitForSelectorAsync($"code[title='{commit}']");
    }

    [Fact]
    public async Task What_somebody_else_does_changes_what_can_be_done_on_an_open_page()
    {
        var page = await site.OpenAsync("/repositories/web");
        var other = await site.OpenAsync("/repositories/web");
        await other.ClickAsync("#pause > summary");
        await Site.ActAsync(other, "form[action$='/pause'] button");
        await page.WaitForSelectorAsync("form[action$='/resume'] button");
        (await page.QuerySelectorAsync("form[action$='/poll']")).ShouldBeNull();
        await Site.ActAsync(page, "form[action$='/resume'] button");
        await other.WaitForSelectorAsync("form[action$='/poll'] button");
    }

    [Fact]
    public async Task All_that_a_page_shows_are_chosen_at_once_and_one_of_them_is_left_out()
    {
        var page = await site.OpenAsync("/repositories");
        await page.CheckAsync("#choose-all");
        (await page.Locator("td.pick input:checked").CountAsync()).ShouldBe(3);
        await page.UncheckAsync("td.pick input[value='lost']");
        (await page.EvaluateAsync<bool>("document.getElementById('choose-all').indeterminate")).ShouldBeTrue();
        await Site.ActAsync(page, "#bulk button[value='poll']");
        (await page.TextContentAsync(".flash")).ShouldNotBeNull().ShouldContain("team/shop, web");
        var bare = await site.OpenAsync("/repositories", scripts: false);
        (await bare.Locator("#choose-all").IsVisibleAsync()).ShouldBeFalse("it needs scripts");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_repository_is_looked_at_paused_and_resumed(bool scripts)
    {
        var page = await site.OpenAsync("/repositories/team%2Fshop", scripts: scripts);
        await Site.ActAsync(page, "form[action$='/poll'] button");
        await page.ClickAsync("#pause > summary");
        await Site.ActAsync(page, "form[action$='/pause'] button");
        await site.UntilAsync(async () => (await site.ApiAsync("/api/v1/repositories/team%2Fshop")).GetProperty("status").GetString() == "paused", "paused");
        await page.ReloadAsync();
        await Site.ActAsync(page, "form[action$='/resume'] button");
        await site.UntilAsync(async () => (await site.ApiAsync("/api/v1/repositories/team%2Fshop")).GetProperty("status").GetString() == "active", "active");
        (await ActionsAsync()).ShouldBe(["repository.resume", "repository.pause", "repository.poll"], "the newest first");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_event_is_replayed_and_a_dead_letter_tried_again(bool scripts)
    {
        await site.UntilAsync(async () => (await DeliveriesAsync()).Any(delivery => delivery.GetProperty("status").GetString() == "dead"), "dead, again after the other case");
        var page = await site.OpenAsync($"/events/{site.EventId}", scripts: scripts);
        var before = (await DeliveriesAsync()).Length;
        await page.ClickAsync("#replay > summary");
        await page.SelectOptionAsync("#replay select", "tekton");
        await Site.ActAsync(page, "#replay button");
        (await DeliveriesAsync()).Length.ShouldBe(before + 1);
        await Site.ActAsync(page, "form[action*='/retry'] button >> nth=0");
        (await ActionsAsync()).Take(2).ShouldBe(["delivery.retry", "event.replay"]);

        async Task<JsonElement[]> DeliveriesAsync() => [.. (await site.ApiAsync($"/api/v1/events/{site.EventId}")).GetProperty("deliveries").EnumerateArray()];
    }

    [Fact]
    public async Task A_trigger_is_tested_paused_resumed_and_recovered()
    {
        var page = await site.OpenAsync("/triggers/tekton", scripts: false);
        await page.ClickAsync("#test > summary");
        await page.ClickAsync("form[action$='/test'] button");
        (await page.TextContentAsync(".result")).ShouldNotBeNull().ShouldContain("202");
        await page.ClickAsync("#recover > summary");
        await page.ClickAsync("#recover button");
        await Assertions.Expect(page.Locator(".result h2")).ToContainTextAsync("would be tried again"); // not what came of the test
        await page.GotoAsync(site.Address + "/triggers/tekton");
        await page.ClickAsync("#pause > summary");
        await Site.ActAsync(page, "form[action$='/pause'] button");
        await site.UntilAsync(async () => (await site.ApiAsync("/api/v1/triggers")).GetProperty("items").EnumerateArray().Any(item => item.GetProperty("state").GetString() == "paused" && item.GetProperty("name").GetString() == "tekton"), "paused");
        await page.ReloadAsync();
        await page.ClickAsync("form[action$='/resume'] button");
        await site.UntilAsync(async () => (await site.ApiAsync("/api/v1/triggers")).GetProperty("items").EnumerateArray().Any(item => item.GetProperty("state").GetString() == "running" && item.GetProperty("name").GetString() == "tekton"), "running");
    }

    [Fact]
    public async Task A_token_is_made_used_and_revoked_and_its_holder_sees_no_button_too_many()
    {
        var page = await site.OpenAsync("/settings");
        await page.FillAsync("input[name='name']", "watcher");
        await page.ClickAsync("form[action='/settings/tokens'] button");
        var token = (await page.TextContentAsync("#new-token"))!;
        token.ShouldStartWith("rst_");
        var viewer = await site.OpenAsync("/repositories/web", state: await site.SignInAsync(token));
        (await viewer.QuerySelectorAllAsync("main form[method='post']")).ShouldBeEmpty();
        await page.GotoAsync(site.Address + "/settings");
        await page.ClickAsync("tr:has-text('watcher') details summary");
        await Site.ActAsync(page, "tr:has-text('watcher') form button");
        await viewer.ReloadAsync();
        viewer.Url.ShouldContain("/sign-in");
    }

    [Fact]
    public async Task The_configuration_is_read_again()
    {
        var page = await site.OpenAsync("/system");
        await page.ClickAsync("#reload > summary");
        await page.ClickAsync("#reload button");
        (await page.TextContentAsync(".result h2")).ShouldBe("The file says the same as before");
        (await ActionsAsync())[0].ShouldBe("config.reload");
    }

    [Fact]
    public async Task A_page_says_when_it_is_stale_and_goes_on_by_itself()
    {
        var page = await site.OpenAsync("/");
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
        await page.Context.SetOfflineAsync(true);
        await page.WaitForSelectorAsync("#live-state.stale");
        (await page.TextContentAsync("#live-state")).ShouldNotBeNull().ShouldContain("Stale since");
        await page.Context.SetOfflineAsync(false);
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
    }

    [Fact]
    public async Task A_page_whose_reads_hang_says_so()
    {
        var page = await site.OpenAsync("/events");
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
        await page.RouteAsync("**/events", _ => { }); // never answered
        await page.WaitForSelectorAsync("#live-state.stale");
        (await page.TextContentAsync("#live-state")).ShouldNotBeNull().ShouldContain(" UTC");
        await page.UnrouteAllAsync(new PageUnrouteAllOptions { Behavior = UnrouteBehavior.IgnoreErrors });
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
    }

    [Fact]
    public async Task Ten_pages_of_one_browser_share_one_stream_and_all_move()
    {
        var first = await site.OpenAsync("/events");
        var streams = new ConcurrentDictionary<IRequest, bool>();
        first.Context.Request += (context, request) => _ = request.Url.EndsWith("/stream", StringComparison.Ordinal) && streams.TryAdd(request, true);
        first.Context.RequestFailed += (context, request) => streams.TryRemove(request, out _);
        first.Context.RequestFinished += (context, request) => streams.TryRemove(request, out _);
        await first.ReloadAsync(); // what it may have begun already is not counted
        var pages = new List<IPage> { first };
        while (pages.Count < 10)
        {
            var page = await first.Context.NewPageAsync();
            await page.GotoAsync(site.Address + "/events", new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            pages.Add(page);
        }

        var commit = site.Push("shared", "shared");
        foreach (var page in pages)
        {
            await page.WaitForSelectorAsync($"code[title='{commit}']");
        }

        await site.UntilAsync(() => Task.FromResult(streams.Count == 1), "read by one stream"); // several may begin at once before all but one give way
        await first.CloseAsync();
        commit = site.Push("next", "next");
        await pages[5].WaitForSelectorAsync($"code[title='{commit}']");
    }

    [Fact]
    public async Task What_came_of_a_form_stays_live_and_reading_it_again_sends_nothing_again()
    {
        var page = await site.OpenAsync("/triggers/audit");
        await page.ClickAsync("#test > summary");
        await page.ClickAsync("form[action$='/test'] button");
        await page.WaitForSelectorAsync(".result");
        page.Url.ShouldBe(site.Address + "/triggers/audit");
        await page.WaitForTimeoutAsync(7_000); // longer than the page waits between two reads
        await Assertions.Expect(page.Locator("#live-state")).ToHaveClassAsync("live");
        (await page.IsVisibleAsync(".result")).ShouldBeTrue();
        await page.ReloadAsync();
        (await page.QuerySelectorAsync(".result")).ShouldBeNull();
        (await ActionsAsync()).Count(action => action == "trigger.test").ShouldBe(1);
    }

    [Fact]
    public async Task A_page_that_nobody_answers_says_so_at_its_top_and_claims_no_more_that_all_is_well()
    {
        var page = await site.OpenAsync("/");
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
        await page.Context.SetOfflineAsync(true);
        await page.WaitForSelectorAsync("#out-of-touch:not([hidden])");
        (await page.TextContentAsync("#out-of-touch")).ShouldNotBeNull().ShouldContain("does not answer");
        (await page.EvaluateAsync<string>("getComputedStyle(document.querySelector('main .badge')).filter")).ShouldBe("grayscale(1)");
        await page.Context.SetOfflineAsync(false);
        await page.WaitForSelectorAsync("#out-of-touch", new PageWaitForSelectorOptions { State = WaitForSelectorState.Hidden });
    }

    [Fact]
    public async Task Who_is_signed_out_elsewhere_is_told_so_and_led_back()
    {
        var state = await site.SignInAsync(await site.TokenAsync("elsewhere", "viewer"));
        var page = await site.OpenAsync("/settings", state: state);
        await page.WaitForSelectorAsync("#live-state:not(.stale)");
        await page.EvaluateAsync("fetch('/sign-out', { method: 'POST', body: new URLSearchParams({ csrf: document.querySelector('input[name=csrf]').value }) })");
        await page.WaitForSelectorAsync("#out-of-touch a:not([hidden])");
        (await page.TextContentAsync("#out-of-touch")).ShouldNotBeNull().ShouldContain("You are signed out");
        (await page.TextContentAsync("#live-state")).ShouldNotBeNull().ShouldContain("Signed out");
        (await page.GetAttributeAsync("#out-of-touch a", "href")).ShouldBe("/sign-in?next=%2Fsettings");
    }

    [Fact]
    public async Task What_was_said_of_an_action_goes_when_somebody_else_undoes_it()
    {
        var page = await site.OpenAsync("/triggers/audit");
        await page.ClickAsync("#pause > summary");
        await Site.ActAsync(page, "form[action$='/pause'] button");
        await site.UntilAsync(async () => (await site.ApiAsync("/api/v1/triggers")).GetProperty("items").EnumerateArray().Any(item => item.GetProperty("state").GetString() == "paused" && item.GetProperty("name").GetString() == "audit"), "paused");
        var other = await site.OpenAsync("/triggers/audit", scripts: false);
        (await other.QuerySelectorAsync(".flash")).ShouldBeNull();
        await other.ClickAsync("form[action$='/resume'] button");
        await page.WaitForSelectorAsync(".flash", new PageWaitForSelectorOptions { State = WaitForSelectorState.Detached });
    }

    [Fact]
    public async Task What_is_open_and_where_one_is_stays_while_the_page_moves()
    {
        var page = await site.OpenAsync($"/events/{site.EventId}");
        await page.ClickAsync("details[id^='curl-'] summary >> nth=0");
        await page.FocusAsync("h3 a >> nth=0");
        site.Push("again", "again");
        await page.WaitForTimeoutAsync(6_000); // longer than the page waits between two reads
        (await page.EvaluateAsync<bool>("document.querySelector(\"details[id^='curl-']\").open")).ShouldBeTrue();
        (await page.EvaluateAsync<string>("document.activeElement.closest('h3') ? 'there' : 'gone'")).ShouldBe("there");
    }

    private async Task<IReadOnlyList<string?>> ActionsAsync() =>
        [.. (await site.ApiAsync("/api/v1/audit?limit=3")).GetProperty("items").EnumerateArray().Select(row => row.GetProperty("action").GetString())];
}
