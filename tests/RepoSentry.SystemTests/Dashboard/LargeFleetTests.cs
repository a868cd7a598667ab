using System.Text;
using Microsoft.Playwright;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>Ten thousand repositories: a page is as small as with ten. How fast it is, <c>./bench api</c> tells.</summary>
public sealed class LargeFleetTests
{
    private const int Repositories = 10_000;
    private const int MostBytes = 100_000;

    [Fact]
    public async Task A_list_of_ten_thousand_is_searched_sorted_and_paged_on_the_server()
    {
        Assert.SkipUnless(File.Exists(Site.Chromium), "chromium is not installed");
        var entries = new StringBuilder("repositories:\n");
        foreach (var number in Enumerable.Range(0, Repositories))
        {
            entries.Append(System.Globalization.CultureInfo.InvariantCulture, $"  - {{ name: team-{number % 50}/svc-{number:00000}, url: \"https://git.example/{number:00000}\", enabled: false }}\n");
        }

        await using var service = new Service(entries.ToString());
        await service.StartReadyAsync();
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/repositories?limit=1")).GetProperty("items").GetArrayLength() == 1, "stored");
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{service.Port}") };
        foreach (var path in new[] { "/repositories", "/repositories?sort=changed", "/repositories?q=svc-09999", "/repositories?q=nothing", "/repositories?status=paused", "/" })
        {
            var html = await http.GetStringAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Encoding.UTF8.GetByteCount(html).ShouldBeLessThanOrEqualTo(MostBytes, path);
        }

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Site.Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        var page = await browser.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        await page.GotoAsync(http.BaseAddress + "repositories", new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        await Site.HoldsAsync(page, "performance.getEntriesByName('first-contentful-paint').length > 0");
        var paint = await page.EvaluateAsync<double>("performance.getEntriesByName('first-contentful-paint')[0].startTime");
        TestContext.Current.TestOutputHelper?.WriteLine($"first paint {paint:0} ms");
        await page.ClickAsync("a[rel='next']");
        await page.WaitForSelectorAsync("text=team-0/svc-02500");
        await page.FillAsync("#search", "09999");
        await page.PressAsync("#search", "Enter");
        await page.WaitForSelectorAsync("text=team-49/svc-09999");
        (await page.Locator("tbody tr").CountAsync()).ShouldBe(1);
    }
}
