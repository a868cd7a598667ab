using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Dashboard;

/// <summary>A service that asks for tokens, with repositories that move, a trigger that accepts and one that refuses, and a real browser.</summary>
public sealed class Site : IAsyncLifetime
{
    public const string Chromium = "/usr/bin/chromium";
    private const string AdminToken = "admin-token-of-the-browser-tests";

    /// <summary>Milliseconds that anything may take.</summary>
    private const int Patience = 60_000;

    // What was said of an action may go again before somebody who comes late has seen it.
    private const string Remember = "new MutationObserver(() => { if (document.querySelector('.flash')) document.documentElement.dataset.flashed = ''; }).observe(document, { childList: true, subtree: true })";

    private readonly TemporaryFolder folder = new();
    private readonly HttpClient api = new();
    private readonly List<string> complaints = [];
    private readonly List<IBrowserContext> open = [];
    private TestRepository web = null!;
    private Receiver receiver = null!;
    private EventListener refuser = null!;
    private Service service = null!;
    private IPlaywright playwright = null!;
    private IBrowser browser = null!;
    private string session = null!;

    public string Address => $"http://127.0.0.1:{service.Port}";

    /// <summary>An event that was delivered to one trigger and refused by the other.</summary>
    public string EventId { get; private set; } = "";

    /// <summary>What browsers complained of: breaches of the policy, errors of scripts.</summary>
    public IReadOnlyList<string> Complaints => complaints;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(File.Exists(Chromium), "chromium is not installed");
        web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        web.Push("main", "first");
        var shop = TestRepository.Create(Path.Combine(folder.Path, "shop.git"));
        shop.Push("main", "first");
        receiver = await new Receiver().StartAsync();
        refuser = await EventListener.StartAsync(new ReceiverOptions { Secret = new Secret(Receiver.SecretText), Fail = IsRefused }, CancellationToken.None);
        service = new Service(
            $$"""
            security: { master_key: "env:SENTRY_MASTER_KEY" }
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            triggers:
              - { name: tekton, type: tekton, url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
              - { name: audit, type: tekton, url: "{{refuser.Url}}", secret: "env:RECEIVER_SECRET" }
            repositories:
              - { name: web, url: "{{web.Url}}" }
              - { name: team/shop, url: "{{shop.Url}}", tags: ["v*"], triggers: [tekton] }
              - { name: lost, url: "file://{{folder.Path}}/lost.git", triggers: [tekton] }
            """,
            "auth: token, bootstrap_token: \"env:SENTRY_ADMIN_TOKEN\"");
        service.Environment["SENTRY_MASTER_KEY"] = Convert.ToBase64String(new byte[32]);
        service.Environment["SENTRY_ADMIN_TOKEN"] = AdminToken;
        await service.StartReadyAsync();
        api.BaseAddress = new Uri(Address);
        api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", AdminToken);
        await service.UntilAsync(async () => (await ApiAsync("/api/v1/repositories")).GetProperty("items").EnumerateArray().Count(item => item.GetProperty("status").GetString() == "active") == 2, "watching");
        Push("second");
        await service.UntilAsync(
            async () => (await ApiAsync("/api/v1/events?repository=web")).GetProperty("items").EnumerateArray().Any(item =>
                item.GetProperty("deliveries").EnumerateArray().Count(delivery => delivery.GetProperty("status").GetString() is "delivered" or "dead") == 2),
            "delivered");
        EventId = (await ApiAsync("/api/v1/events?repository=web")).GetProperty("items")[0].GetProperty("id").GetString()!;
        Assertions.SetDefaultExpectTimeout(Patience);
        playwright = await Playwright.CreateAsync();
        browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions { ExecutablePath = Chromium, Args = ["--no-sandbox", "--disable-gpu"] });
        session = await SignInAsync(AdminToken);
    }

    public string Push(string message, string branch = "main") => web.Push(branch, message);

    public async Task<JsonElement> ApiAsync(string path) => await api.GetFromJsonAsync<JsonElement>(new Uri(path, UriKind.Relative));

    public Task UntilAsync(Func<Task<bool>> holds, string what) => service.UntilAsync(holds, what);

    public async Task<string> TokenAsync(string name, string role)
    {
        using var answer = await api.PostAsJsonAsync(new Uri("/api/v1/tokens", UriKind.Relative), new { name, role });
        return (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString()!;
    }

    /// <summary>Signs in through the page; the state of the browser after it.</summary>
    public async Task<string> SignInAsync(string token)
    {
        await using var context = await browser.NewContextAsync();
        context.SetDefaultTimeout(Patience);
        var page = await context.NewPageAsync();
        await page.GotoAsync(Address + "/events");
        await page.FillAsync("#token", token);
        await page.ClickAsync("button.primary");
        await AtAsync(page, "/events");
        return await context.StorageStateAsync();
    }

    public async Task<IPage> OpenAsync(string path, string language = "en", int width = 1280, bool scripts = true, string? state = null)
    {
        var context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            StorageState = state ?? session,
            JavaScriptEnabled = scripts,
            ViewportSize = new ViewportSize { Width = width, Height = 900 },
            Locale = language,
            ColorScheme = ColorScheme.Light,
            ReducedMotion = ReducedMotion.Reduce,
            ExtraHTTPHeaders = [KeyValuePair.Create("Accept-Language", language)],
        });
        open.Add(context);
        context.SetDefaultTimeout(Patience);
        await context.AddInitScriptAsync(Remember);
        var page = await context.NewPageAsync();
        page.Console += (_, message) => Note(message.Type == "error" ? $"{path}: {message.Text}" : null);
        page.PageError += (_, error) => Note($"{path}: {error}");
        await page.GotoAsync(Address + path, new PageGotoOptions { WaitUntil = WaitUntilState.DOMContentLoaded });
        return page;
    }

    /// <summary>Waits until the page stands at a path. WaitForURLAsync misses what happens between its look at the address and its wait for the next.</summary>
    /// <param name="path">With <c>*</c> for any part of a segment.</param>
    public static Task AtAsync(IPage page, string path) =>
        Assertions.Expect(page).ToHaveURLAsync(new Regex($"^http://[^/]+{Regex.Escape(path).Replace("\\*", "[^/]*", StringComparison.Ordinal)}$", RegexOptions.None, TimeSpan.FromSeconds(1)), new PageAssertionsToHaveURLOptions { Timeout = Patience });

    /// <summary>Waits until an expression is true. WaitForFunctionAsync asks again by eval, which the pages' policy refuses and the browser complains of.</summary>
    public static async Task HoldsAsync(IPage page, string expression)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMilliseconds(Patience));
        while (!await page.EvaluateAsync<bool>(expression))
        {
            limit.IsCancellationRequested.ShouldBeFalse($"{expression} never held on {page.Url}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Clicks on a button that does something, and waits until the page says that it was done; what it said of an action before does not count.</summary>
    public static async Task ActAsync(IPage page, string button)
    {
        await page.EvaluateAsync("for (const said of document.querySelectorAll('.flash')) said.remove(); delete document.documentElement.dataset.flashed");
        await page.ClickAsync(button);
        await page.WaitForSelectorAsync(".flash, html[data-flashed]", new PageWaitForSelectorOptions { State = WaitForSelectorState.Attached });
    }

    /// <summary>What a test has opened; else its pages go on reading beside the next test.</summary>
    public async ValueTask CloseAllAsync()
    {
        foreach (var context in open)
        {
            await context.CloseAsync();
        }

        open.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        if (browser is not null)
        {
            await browser.CloseAsync();
        }

        playwright?.Dispose();
        api.Dispose();
        if (service is not null)
        {
            await service.DisposeAsync();
            await receiver.DisposeAsync();
            await refuser.DisposeAsync();
        }

        folder.Dispose();
    }

    // Not everything: after five refusals in a row the trigger would be paused, and no dead letter be tried again.
    private static int? IsRefused(Arrival arrival) => arrival.Body.AsSpan().IndexOf("refs/heads/main"u8) >= 0 ? 400 : null;

    private void Note(string? complaint)
    {
        if (complaint is not null)
        {
            lock (complaints)
            {
                complaints.Add(complaint);
            }
        }
    }
}
