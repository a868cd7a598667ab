using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>Each page in a real browser: for everybody, at every width, in both themes and languages.</summary>
public sealed class BrowserPageTests(Site site) : IClassFixture<Site>, IAsyncDisposable
{
    public ValueTask DisposeAsync() => site.CloseAllAsync();

    private static readonly AxeRunOptions Contrast = new() { RunOnly = new RunOnlyOptions { Type = "rule", Values = ["color-contrast"] } };

    private string[] Pages =>
    [
        "/", "/repositories", "/repositories/web", "/repositories/team%2Fshop", "/events", $"/events/{site.EventId}", "/triggers", "/triggers/audit",
        "/rules?repository=team%2Fshop&refs=main%0Arefs%2Ftags%2Fv1%0Arefs%2Ftags%2Fx", "/budget", "/system", "/settings", "/sign-in", "/events/nope", "/repositories?q=nothing-is-called-so",
    ];

    [Theory]
    [InlineData("en")]
    [InlineData("zh-CN")]
    public async Task Axe_finds_nothing_in_either_theme_and_the_browser_does_not_complain(string language)
    {
        var found = new List<string>();
        var page = await site.OpenAsync("/", language: language);
        foreach (var path in Pages)
        {
            await page.GotoAsync(site.Address + path, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            found.AddRange(Told(path, await page.RunAxe()));
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Dark }); // the pages follow the system: only colours are others
            found.AddRange(Told(path + " in the dark", await page.RunAxe(Contrast)));
            await page.EmulateMediaAsync(new PageEmulateMediaOptions { ColorScheme = ColorScheme.Light });
            (await page.GetAttributeAsync("html", "lang")).ShouldBe(language);
        }

        found.ShouldBeEmpty();
        site.Complaints.Where(complaint => !complaint.Contains("404", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static IEnumerable<string> Told(string path, AxeResult result) =>
        result.Violations.Select(violation => $"{path}: {violation.Id} {violation.Help}: {string.Join(" | ", violation.Nodes.Take(3).Select(node => node.Html))}");

    [Theory]
    [InlineData(360)]
    [InlineData(820)]
    [InlineData(1440)]
    public async Task No_page_is_wider_than_its_window(int width)
    {
        var wide = new List<string>();
        var page = await site.OpenAsync("/", width: width);
        foreach (var path in Pages)
        {
            await page.GotoAsync(site.Address + path, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            var over = await page.EvaluateAsync<int>("document.documentElement.scrollWidth - document.documentElement.clientWidth");
            if (over > 0)
            {
                wide.Add($"{path}: {over} px");
            }
        }

        wide.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(360, true)]
    [InlineData(360, false)]
    [InlineData(1440, true)]
    public async Task What_is_asked_twice_is_seen_whole_and_can_be_closed(int width, bool scripts)
    {
        await site.TokenAsync($"asked-{width}-{scripts}", "viewer");
        var page = await site.OpenAsync("/", width: width, scripts: scripts);
        await page.SetViewportSizeAsync(width, 640);
        foreach (var path in new[] { "/settings", "/triggers/audit", "/repositories/web", "/system", $"/events/{site.EventId}" })
        {
            await page.GotoAsync(site.Address + path, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            var asked = page.Locator("details.confirm");
            var count = await asked.CountAsync();
            count.ShouldBeGreaterThan(0, path);
            for (var at = 0; at < count; at++)
            {
                await asked.Nth(at).Locator("summary").ClickAsync();
                var box = (await asked.Nth(at).Locator(".pop").BoundingBoxAsync())!;
                (box.X >= 0 && box.Y >= 0 && box.X + box.Width <= width && box.Y + box.Height <= 640).ShouldBeTrue($"{path} {at}: {box.X} {box.Y} {box.Width} {box.Height}");
                await asked.Nth(at).Locator(".pop button").ClickAsync(new LocatorClickOptions { Trial = true }); // it receives a click: nothing cuts it off or lies over it
                await page.Mouse.ClickAsync(2, 2); // what is dimmed around it
                (await asked.Nth(at).Locator(".pop").IsVisibleAsync()).ShouldBeFalse($"{path} {at}");
            }
        }
    }

    [Fact]
    public async Task Where_one_is_stands_in_sight_in_a_narrow_window()
    {
        var page = await site.OpenAsync("/settings", width: 360);
        await Site.HoldsAsync(page, "(() => { const box = document.querySelector('nav a[aria-current]').getBoundingClientRect(); return box.left >= 0 && box.right <= innerWidth; })()");
    }

    [Fact]
    public async Task Everything_is_reached_by_the_tab_key_and_shows_where_one_is()
    {
        var page = await site.OpenAsync("/repositories");
        var wanted = await page.EvaluateAsync<int>("[...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary')].filter(e => e.checkVisibility()).length");
        var seen = new HashSet<string>();
        for (var presses = 0; presses < wanted + 20; presses++)
        {
            await page.Keyboard.PressAsync("Tab");
            var at = await page.EvaluateAsync<string?>("(() => { const e = document.activeElement; if (!e || e === document.body) return null; const s = getComputedStyle(e); const met = window.met ??= []; if (!met.includes(e)) met.push(e); return met.indexOf(e) + '|' + e.matches('a[href], button, input:not([type=hidden]), select, textarea, summary') + '|' + (s.outlineStyle !== 'none'); })()");
            if (at is null)
            {
                continue;
            }

            at.ShouldEndWith("|true");
            if (at.Contains("|true|", StringComparison.Ordinal))
            {
                seen.Add(at);
            }
        }

        seen.Count.ShouldBe(wanted);
    }

    [Fact]
    public async Task Keys_lead_to_pages_rows_search_and_help()
    {
        var page = await site.OpenAsync("/");
        await page.AddInitScriptAsync("(now => { Date.now = () => now; })(Date.now())"); // two keys belong together within three seconds: here no time passes between them
        await page.ReloadAsync();
        await PressAsync("g", "e");
        await Site.AtAsync(page, "/events");
        await PressAsync("/");
        (await page.EvaluateAsync<string>("document.activeElement.id")).ShouldBe("search");
        await PressAsync("g");
        (await page.InputValueAsync("#search")).ShouldBe("g", "keys are letters in a field");
        await page.EvaluateAsync("document.activeElement.blur()");
        await PressAsync("j", "k");
        await Site.HoldsAsync(page, "document.activeElement.classList.contains('row-link')");
        await PressAsync("Enter");
        await Site.AtAsync(page, "/events/*");
        await PressAsync("g", "r");
        await Site.AtAsync(page, "/repositories");
        await PressAsync("?");
        (await page.IsVisibleAsync("#keys")).ShouldBeTrue();
        await PressAsync("Escape");
        await PressAsync("g", "f");
        await Site.AtAsync(page, "/");

        async Task PressAsync(params string[] keys)
        {
            await Site.HoldsAsync(page, "document.readyState === 'complete' && performance.getEntriesByType('paint').length > 0"); // Chromium drops keys before a page's first paint
            foreach (var key in keys)
            {
                await page.Keyboard.PressAsync(key);
            }
        }
    }

    [Fact]
    public async Task Language_and_theme_are_chosen_without_scripts()
    {
        var page = await site.OpenAsync("/settings", scripts: false);
        await page.CheckAsync("input[value='zh-CN']");
        await page.CheckAsync("input[value='dark']");
        await page.ClickAsync(".preferences button");
        await Assertions.Expect(page.Locator("html")).ToHaveAttributeAsync("lang", "zh-CN");
        (await page.GetAttributeAsync("html", "data-theme")).ShouldBe("dark");
        (await page.TitleAsync()).ShouldStartWith("设置");
    }
}
