using System.Diagnostics;
using Microsoft.Playwright;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>The pictures of the documents: each page of `reposentry demo`, taken anew with REPOSENTRY_REGENERATE=1.</summary>
public sealed class ScreenshotTests
{
    private const int MostBytes = 200_000;

    private static readonly (string Name, string Path)[] Pages =
    [
        ("fleet", "/"), ("repositories", "/repositories"), ("repository", "/repositories/shop"), ("events", "/events"), ("event", ""), ("triggers", "/triggers"), ("trigger", "/triggers/audit"),
        ("rules", "/rules?repository=shop&refs=main%0Afeature/login%0Av1.0"), ("budget", "/budget"), ("system", "/system"), ("settings", "/settings"),
    ];

    [Fact]
    public async Task Each_page_has_its_picture()
    {
        var folder = SourceTree.At("docs/images");
        if (Environment.GetEnvironmentVariable("REPOSENTRY_REGENERATE") == "1")
        {
            await TakeAsync(folder);
        }

        foreach (var (name, _) in Pages)
        {
            var picture = new FileInfo(Path.Combine(folder, name + "-light.png"));
            picture.Exists.ShouldBeTrue(picture.Name);
            picture.Length.ShouldBeLessThanOrEqualTo(MostBytes, picture.Name);
        }
    }

    private static async Task TakeAsync(string folder)
    {
        Directory.CreateDirectory(folder);
        using var demo = Process.Start(new ProcessStartInfo(Service.Executable, ["demo"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        try
        {
            _ = demo.StandardOutput.ReadToEndAsync(CancellationToken.None);
            var address = "";
            while (!address.StartsWith("Dashboard: ", StringComparison.Ordinal))
            {
                address = (await demo.StandardError.ReadLineAsync(CancellationToken.None))!;
            }

            address = address["Dashboard: ".Length..];
            _ = demo.StandardError.ReadToEndAsync(CancellationToken.None);
            await Task.Delay(TimeSpan.FromSeconds(150), TimeProvider.System, CancellationToken.None); // charts need some history
            using var playwright = await Playwright.CreateAsync();
            await using var browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Site.Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
            await ShootAsync(browser, address, folder, "light", "en", 1280, Pages);
            await ShootAsync(browser, address, folder, "dark", "en", 1280, [Pages[0], Pages[4]]);
            await ShootAsync(browser, address, folder, "light", "zh-CN", 1280, [Pages[0]]);
            await ShootAsync(browser, address, folder, "light", "en", 360, [Pages[0], Pages[3]]);
        }
        finally
        {
            using var interrupt = Process.Start("kill", ["-INT", demo.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await demo.WaitForExitAsync(CancellationToken.None);
        }
    }

    private static async Task ShootAsync(IBrowser browser, string address, string folder, string theme, string language, int width, (string Name, string Path)[] pages)
    {
        await using var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = width < 500 ? 1400 : 900 },
            ColorScheme = theme == "dark" ? ColorScheme.Dark : ColorScheme.Light,
            ExtraHTTPHeaders = [KeyValuePair.Create("Accept-Language", language)],
        });
        var page = await context.NewPageAsync();
        foreach (var (name, path) in pages)
        {
            await page.GotoAsync(address + (name == "event" ? await EventAsync(context, address) : path), new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
            await page.WaitForSelectorAsync("#live-state:not([hidden])");
            var file = $"{name}-{theme}{(language == "en" ? "" : "-zh")}{(width < 500 ? "-narrow" : "")}.png";
            await page.ScreenshotAsync(new PageScreenshotOptions { Path = Path.Combine(folder, file) });
        }
    }

    // One that had to be tried again tells more.
    private static async Task<string> EventAsync(IBrowserContext context, string address)
    {
        var answer = await (await context.APIRequest.GetAsync(address + "/api/v1/events?limit=100")).JsonAsync();
        var items = answer!.Value.GetProperty("items").EnumerateArray().ToList();
        var told = items.OrderByDescending(item => item.GetProperty("deliveries").EnumerateArray().Sum(delivery => delivery.GetProperty("attempts").GetInt32())).First();
        return "/events/" + told.GetProperty("id").GetString();
    }
}
