using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Hosting;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;

namespace RepoSentry.Tests.Hosting;

/// <summary>The whole service in this process, started from a configuration file that a test may edit.</summary>
internal sealed class FileHost : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("reload-").FullName;
    private bool watches;
    private string? bootstrap;
    private Action<IServiceCollection>? customize;
    private WebApplication app = null!;
    private HttpClient http = null!;

    /// <summary>The clock of what looks at the file, where the test moves it.</summary>
    public FakeTimeProvider WatchClock { get; } = new();

    public string File => Path.Combine(folder, "reposentry.yaml");

    public PollWorker Polling => app.Services.GetRequiredService<PollWorker>();

    public DeliveryWorkers Triggers => app.Services.GetRequiredService<DeliveryWorkers>();

    public CurrentConfig Current => app.Services.GetRequiredService<CurrentConfig>();

    public Serilog.Events.LogEventLevel LogLevel => app.Services.GetRequiredService<LogThreshold>().Switch.MinimumLevel;

    /// <summary>Why the last start failed.</summary>
    public string? Reason { get; private set; }

    public IReadOnlyList<string> Names => [.. Polling.Repositories.Keys.Order(StringComparer.Ordinal)];

    public Uri Server => http.BaseAddress!;

    public IServiceProvider Services => app.Services;

    public string Database => Path.Combine(folder, "reposentry.db");

    /// <param name="masterKey">Lines of <c>security.master_key</c>; null leaves it out.</param>
    /// <param name="watches">Whether the service sees by itself that the file has changed; else only what is asked for is read, so that its answer is the test's.</param>
    /// <param name="bootstrap">A token that it asks for; null asks for none.</param>
    /// <param name="customize">Puts services of the test in the place of the product's.</param>
    public static async Task<FileHost> StartAsync(string rest, string? masterKey = null, bool watches = false, string? bootstrap = null, Action<IServiceCollection>? customize = null)
    {
        var host = new FileHost { watches = watches, bootstrap = bootstrap, customize = customize };
        host.WriteMasterKey(masterKey);
        host.Write(rest);
        await host.StartAsync();
        return host;
    }

    public void Write(string rest)
    {
        var target = new FileInfo(File) is { LinkTarget: { } link } ? link : File;
        System.IO.File.WriteAllText(target, Text(rest));
    }

    public void WriteMasterKey(string? lines)
    {
        if (lines is not null)
        {
            System.IO.File.WriteAllText(MasterKey, lines);
        }
    }

    private string MasterKey => Path.Combine(folder, "master");

    public string Text(string rest) => $$"""
        app: { data_dir: "{{folder}}", log_level: error, shutdown_timeout: 1s }
        api: { listen: "127.0.0.1:0", rate_limit: off{{(bootstrap is null ? "" : $", auth: token, bootstrap_token: {bootstrap}")}} }
        security: { require_https: false{{(System.IO.File.Exists(MasterKey) ? ", master_key: \"file:master\"" : "")}} }

        """ + rest;

    public async Task StartAsync()
    {
        (await BeginAsync()).ShouldBe(LifecycleState.Running);
    }

    /// <returns>What became of the start.</returns>
    public async Task<LifecycleState> BeginAsync()
    {
        var loaded = ConfigLoader.Load(File);
        loaded.Errors.ShouldBeEmpty();
        app = SentryHost.Build(new StartedWith(loaded, new ConfigSource(File, new Dictionary<string, string>())), builder =>
        {
            builder.Services.AddSingleton(
                services => new ConfigWatcher(services.GetRequiredService<StartedWith>(), services.GetRequiredService<CurrentConfig>(), services.GetRequiredService<ConfigRequests>(), watches ? TimeProvider.System : WatchClock));
            customize?.Invoke(builder.Services);
        });
        var lifecycle = app.Services.GetRequiredService<Lifecycle>();
        try
        {
            await app.StartAsync();
        }
        catch (OperationCanceledException) when (lifecycle.HasFailed)
        {
            // it failed before it listened
        }

        http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await RunningHost.UntilAsync(() => Task.FromResult(lifecycle.State is LifecycleState.Running or LifecycleState.Failed));
        Reason = lifecycle.Reason;
        return lifecycle.State;
    }

    public async Task StopAsync()
    {
        http.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
    }

    public Task<(int Status, JsonElement Json)> SendAsync(HttpMethod method, string path, object? body = null) => SendAsync(method, path, body is null ? null : JsonContent.Create(body));

    public Task<(int Status, JsonElement Json)> SendJsonAsync(HttpMethod method, string path, string json) =>
        SendAsync(method, path, new StringContent(json, System.Text.Encoding.UTF8, "application/json"));

    private async Task<(int Status, JsonElement Json)> SendAsync(HttpMethod method, string path, HttpContent? content)
    {
        using var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative)) { Content = content };
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return ((int)response.StatusCode, text.Length == 0 ? default : JsonDocument.Parse(text).RootElement);
    }

    public Task<(int Status, JsonElement Json)> ReloadAsync() => SendAsync(HttpMethod.Post, "/api/v1/reload");

    /// <summary>Records an event as a look would, with the triggers of the configuration in force.</summary>
    public async Task RecordAsync(string repository, params string[] triggers)
    {
        var owner = Polling.Repositories[repository];
        await app.Services.GetRequiredService<PollStore>().CommitAsync(
            new PollCommit
            {
                Fence = app.Services.GetRequiredService<Ownership>().Claim(owner.Shard),
                RepositoryId = owner.Id,
                Kinds = [new KindCommit(Build.Branches(("main", '2')), RefDigest.Of([]), "[]", [])],
                Events = [new RoutedEvent(Build.Event("main", repository: repository) with { Id = Guid.CreateVersion7(), DetectedAt = TimeProvider.System.GetUtcNow() }, triggers)],
                Outcome = new PollOutcome(Build.Noon, TimeSpan.FromMilliseconds(1), "changed", "git", 1),
            },
            CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(folder, recursive: true);
    }
}
