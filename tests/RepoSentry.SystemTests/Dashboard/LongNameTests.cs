using Microsoft.Playwright;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>The longest names there may be, without a place to break them, and a receiver that answers at length.</summary>
public sealed class LongNameTests : IAsyncLifetime
{
    private static readonly string Long = new('n', 128);

    private readonly TemporaryFolder folder = new();
    private Service service = null!;
    private string eventId = "";

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Site.Chromium), "chromium is not installed");
        var source = TestRepository.Create(Path.Combine(folder.Path, "long.git"));
        source.Push("main", "first");
        service = new Service(
            $$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            triggers:
              - { name: {{Long}}, type: tekton, url: "http://127.0.0.1:1/{{Long}}{{Long}}", secret: "env:RECEIVER_SECRET" }
            repositories:
              - { name: {{Long}}, url: "{{source.Url}}" }
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        source.Push(Long, "a branch");
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/events")).GetProperty("items").EnumerateArray().Any(item => item.GetProperty("deliveries")[0].GetProperty("attempts").GetInt32() > 0), "tried");
        eventId = (await service.GetAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString()!;
    }

    [Theory]
    [InlineData(360)]
    [InlineData(1440)]
    public async Task They_take_their_lines_and_hide_nothing(int width)
    {
        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Site.Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        var page = await browser.NewPageAsync(new BrowserNewPageOptions { ViewportSize = new ViewportSize { Width = width, Height = 900 } });
        page.SetDefaultTimeout(60_000);
        var wide = new List<string>();
        foreach (var path in new[] { "/", "/repositories", $"/repositories/{Long}", "/events", $"/events/{eventId}", "/triggers", $"/triggers/{Long}?status=waiting", $"/rules?repository={Long}&refs={Long}", "/budget", "/system" })
        {
            await page.GotoAsync($"http://127.0.0.1:{service.Port}{path}", new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            var over = await page.EvaluateAsync<string[]>("[document.documentElement, ...document.querySelectorAll('.scroll, .panel, .head, .steps, .facts')].filter(e => e.checkVisibility() && e.scrollWidth > e.clientWidth + 1).map(e => `${e.tagName}.${e.className}: ${e.scrollWidth} of ${e.clientWidth}`)");
            wide.AddRange(over.Select(one => $"{path[..Math.Min(20, path.Length)]} {one}"));
        }

        wide.ShouldBeEmpty();
    }

    public async ValueTask DisposeAsync()
    {
        if (service is not null)
        {
            await service.DisposeAsync();
        }

        folder.Dispose();
    }
}
