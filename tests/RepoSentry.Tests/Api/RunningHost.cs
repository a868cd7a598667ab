using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Support;
using Shouldly;

namespace RepoSentry.Tests.Api;

/// <summary>The whole service in this process, on a free port, with repositories that nothing answers for.</summary>
internal sealed class RunningHost : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("host-").FullName;
    private WebApplication app = null!;

    public HttpClient Http { get; private set; } = null!;

    public IServiceProvider Services => app.Services;

    /// <summary>Of the only trigger.</summary>
    public static string TriggerName => Build.Trigger().Name;

    public string DatabasePath => Path.Combine(folder, "reposentry.db");

    /// <param name="ready">Whether to wait until it runs.</param>
    public static async Task<RunningHost> StartAsync(Func<SentryConfig, SentryConfig>? change = null, bool ready = true, Action<RunningHost>? before = null)
    {
        var host = new RunningHost();
        before?.Invoke(host);
        var config = new SentryConfig
        {
            App = new AppConfig { LogLevel = "fatal", ShutdownTimeout = TimeSpan.FromSeconds(1) },
            Api = new ApiConfig { Listen = "127.0.0.1:0", RateLimit = null },
            Polling = new PollingConfig { Strategy = "fixed", RetryAttempts = 1 },
            Storage = new StorageConfig { SqlitePath = host.DatabasePath },
            Providers = [new ProviderConfig { Name = "git", Type = "git" }],
            Triggers = [Build.Trigger()],
            Repositories = [Unreachable("web"), Unreachable("group/api")],
        };
        host.app = SentryHost.Build(change?.Invoke(config) ?? config);
        await host.app.StartAsync();
        host.Http = new HttpClient { BaseAddress = new Uri(host.app.Urls.First()) };
        if (ready)
        {
            await UntilAsync(() => Task.FromResult(host.app.Services.GetRequiredService<Lifecycle>().State == LifecycleState.Running));
        }

        return host;
    }

    public static async Task UntilAsync(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!await holds())
        {
            limit.IsCancellationRequested.ShouldBeFalse("it never came to that");
            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System, CancellationToken.None);
        }
    }

    /// <summary>Records events as the poller would.</summary>
    public async Task RecordAsync(int count, string repository = "web", IReadOnlyList<string>? triggers = null)
    {
        var store = app.Services.GetRequiredService<PollStore>();
        var owner = app.Services.GetRequiredService<PollWorker>().Repositories[repository];
        var claim = app.Services.GetRequiredService<Ownership>().Claim(owner.Shard);
        foreach (var number in Enumerable.Range(1, count))
        {
            await store.CommitAsync(
                new PollCommit
                {
                    Fence = claim,
                    RepositoryId = owner.Id,
                    Kinds = [new KindCommit(Build.Branches(($"b{number}", '2')), RefDigest.Of([]), "[]", [])],
                    Events = [new RoutedEvent(Build.Event($"b{number}", repository: repository) with { Id = Guid.CreateVersion7(), DetectedAt = TimeProvider.System.GetUtcNow() }, triggers ?? [])],
                    Outcome = new PollOutcome(Build.Noon, TimeSpan.FromMilliseconds(1), "changed", "git", 1),
                },
                CancellationToken.None);
        }
    }

    public async Task<JsonElement> JsonAsync(string path)
    {
        var response = await Http.GetAsync(new Uri(path, UriKind.Relative));
        response.IsSuccessStatusCode.ShouldBeTrue($"{path}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync()}");
        return JsonDocument.Parse(await response.Content.ReadAsStreamAsync()).RootElement;
    }

    public async Task<HttpResponseMessage> SendAsync(string path, string? token = null, string? host = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(path, UriKind.Relative));
        request.Headers.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        request.Headers.Host = host;
        return await Http.SendAsync(request);
    }

    public Task StopAsync() => app.StopAsync();

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    private static RepositoryConfig Unreachable(string name) =>
        Build.Repository(name) with { Url = new Uri($"http://127.0.0.1:1/{name}.git"), Provider = "git", PollingInterval = TimeSpan.FromHours(1) };
}
