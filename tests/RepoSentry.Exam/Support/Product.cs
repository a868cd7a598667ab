using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Hosting;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Exam.Support;

/// <summary>
/// The whole product in this process, with one repository that is not looked at: its changes are committed by the exam, so that they come at a chosen moment.
/// Its clock may be a virtual one; its sockets are real.
/// </summary>
internal sealed class Product : IAsyncDisposable
{
    /// <summary>As webhooks name the repository.</summary>
    public const string Repository = "acme/lanes";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("exam-product-");
    private readonly TimeProvider time;
    private readonly Dictionary<string, string> heads = new(StringComparer.Ordinal);
    private WebApplication? app;
    private int commits;

    private Product(TimeProvider time) => this.time = time;

    public IEnumerable<TriggerView> Triggers => Get<DeliveryWorkers>().All.Select(worker => worker.View);

    /// <summary>Where its API listens.</summary>
    public Uri Url => new(app!.Urls.First());

    public string DatabasePath => Path.Combine(folder.FullName, "data", "reposentry.db");

    /// <param name="sections">YAML with the triggers.</param>
    public static async Task<Product> StartAsync(string sections, TimeProvider? time = null, Func<SentryConfig, SentryConfig>? change = null)
    {
        var product = new Product(time ?? TimeProvider.System);
        var loaded = ConfigLoader.LoadText($$"""
            app: { data_dir: "{{product.folder.FullName}}/data" }
            api: { listen: "127.0.0.1:0" }
            repositories: [{ name: lanes, url: "https://git.example/{{Repository}}.git", enabled: false }]

            """ + sections, "exam.yaml");
        var config = loaded.Config ?? throw new InvalidOperationException(string.Join('\n', loaded.Errors));
        product.app = SentryHost.Build(change?.Invoke(config) ?? config, builder => builder.Services.AddSingleton(product.time).AddSingleton<ILoggerFactory>(NullLoggerFactory.Instance));
        await product.app.StartAsync();
        var lifecycle = product.Get<Lifecycle>();
        for (var wait = 0; lifecycle.State != LifecycleState.Running; wait++)
        {
            await Task.Delay(5);
            if (wait > 24_000 || lifecycle.HasFailed)
            {
                throw new TimeoutException($"the product is {lifecycle.State}: {lifecycle.Reason}");
            }
        }

        return product;
    }

    /// <summary>Commits that these refs have moved, in one look, as the poller does.</summary>
    /// <returns>Each ref and the commit that it stands at now.</returns>
    public async Task<IReadOnlyList<(string Ref, string Commit)>> MoveAsync(IReadOnlyCollection<string> refs, IReadOnlyList<string> triggers)
    {
        var watched = Get<PollWorker>().Repositories["lanes"];
        var now = time.GetUtcNow();
        var moved = refs.Select(name => (Ref: name, Commit: (++commits).ToString("x40", System.Globalization.CultureInfo.InvariantCulture))).ToList();
        var events = moved.ConvertAll(move => new RoutedEvent(
            new ChangeEvent
            {
                Id = Guid.CreateVersion7(),
                Change = new RefChange(RefKind.Branch, move.Ref, heads.GetValueOrDefault(move.Ref, Baseline), move.Commit),
                Repository = new RepositoryInfo("lanes", watched.Config.Url, "git", "main"),
                DetectedAt = now,
                DetectionDelay = TimeSpan.FromSeconds(1),
            },
            triggers));
        moved.ForEach(move => heads[move.Ref] = move.Commit);
        await Get<PollStore>().CommitAsync(
            new PollCommit
            {
                Fence = Get<Ownership>().Claim(watched.Shard),
                RepositoryId = watched.Id,
                Kinds = [],
                Events = events,
                Outcome = new PollOutcome(now, TimeSpan.Zero, "changed", "git", events.Count),
            },
            CancellationToken.None);
        return moved;
    }

    /// <summary>Where each ref stands before it first moves.</summary>
    public static string Baseline { get; } = new('f', 40);

    public T Get<T>()
        where T : notnull => app!.Services.GetRequiredService<T>();

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            await app.StopAsync(limit.Token);
            await app.DisposeAsync();
        }

        folder.Delete(recursive: true);
    }
}
