using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>One repository on a hosting in memory, polled into a real database.</summary>
internal sealed class PollStory : IAsyncDisposable
{
    private readonly SqliteFile file;
    private readonly SqliteDatabase database;
    private readonly Ownership ownership;
    private readonly PollStore store;
    private readonly PollingConfig polling;

    private PollStory(SqliteFile file, SqliteDatabase database, PollingConfig polling, FakeTimeProvider? time)
    {
        Time = time ?? new FakeTimeProvider(Build.Noon);
        this.file = file;
        this.database = database;
        this.polling = polling;
        ownership = new Ownership(database, Time);
        store = new PollStore(database, new Outbox());
    }

    public FakeTimeProvider Time { get; }
    public FakeRefSource Forge { get; } = new FakeRefSource().Push("main", '1');
    public FakeRefSource Git { get; } = new FakeRefSource().Push("main", '1');
    public LiveFeed Feed { get; } = new();

    /// <summary>What the last start polls.</summary>
    public IReadOnlyList<RepositoryAssignment> Assignments { get; private set; } = [];

    public static async Task<PollStory> BeginAsync(PollingConfig? polling = null, FakeTimeProvider? time = null)
    {
        var temporary = new SqliteFile();
        return new PollStory(temporary, await temporary.OpenAsync(), polling ?? new PollingConfig { Strategy = "fixed", MaxWorkers = 4 }, time);
    }

    /// <summary>The credential that repositories of another source are looked at with.</summary>
    public ProviderConfig? Provider
    {
        get => Current.Value.Providers is [var one, ..] ? one : null;
        set => Current.Value = Current.Value with { Providers = value is null ? [] : [value] };
    }

    /// <summary>Where events go.</summary>
    public IReadOnlyList<TriggerConfig> Triggers
    {
        set => Current.Value = Current.Value with { Triggers = value };
    }

    /// <summary>Looked at in the place of <see cref="Forge"/>.</summary>
    public IRefSource? Source { get; set; }

    /// <summary>Refs that the forge tells with one request.</summary>
    public int Page { get; set; } = int.MaxValue;

    /// <summary>What a restart with this configuration polls.</summary>
    public async Task<IReadOnlyList<PolledRepository>> StartAsync(params RepositoryConfig[] repositories)
    {
        var watched = await new RepositoryStore(database, Time).ApplyAsync(repositories, CancellationToken.None);
        await ownership.TakeAsync("node", ["git/1"], "test", CancellationToken.None);
        Assignments = [.. watched.Select(repository => new RepositoryAssignment(repository, new RefSources(Provider?.Name ?? "forge", Source ?? Forge, "github", Source is null ? Git : null) { Page = Page }, "git/1"))];
        return [.. Assignments.Select(assignment => new PolledRepository(assignment.Watched, assignment.Sources, assignment.Shard))];
    }

    /// <summary>What the last look recorded.</summary>
    public IReadOnlyList<ChangeEvent> Last { get; private set; } = [];

    /// <summary>Looks once and returns what was recorded, as <c>type ref</c>.</summary>
    /// <param name="fallback">By Git, as if the forge's interface had failed.</param>
    public async Task<IReadOnlyList<string>> LookAsync(PolledRepository repository, bool fallback = false) =>
        [.. (await PollAsync(repository, fallback)).Events.Select(routed => $"{routed.Event.Change.Type.Name()} {routed.Event.Change.Ref}")];

    public async Task<PollResult> PollAsync(PolledRepository repository, bool fallback = false)
    {
        var result = await Poller().PollAsync(repository, fallback ? Git : Forge, fallback ? "git" : "github", told: null, CancellationToken.None);
        Last = [.. result.Events.Select(routed => routed.Event)];
        repository.LastLookedAt = result.Outcome.StartedAt;
        Time.Advance(TimeSpan.FromSeconds(10));
        return result;
    }

    public Task<int> ReleaseAsync(PolledRepository repository) => new RepositoryStore(database, Time).ReleaseAsync(repository.Id, CancellationToken.None);

    /// <summary>Other settings from now on.</summary>
    public void Change(PollingConfig polling) => Current.Value = Current.Value with { Polling = polling };

    public PollWorker Worker()
    {
        var runner = new LookRunner(Current, Poller(), store, ownership, Feed, new RecentLooks(Time), Time, NullLogger<LookRunner>.Instance);
        return new PollWorker(Current, runner, new CompanyRunner(Current, runner, Time), new RepositoryStore(database, Time), Time, NullLogger<PollWorker>.Instance);
    }

    public Task<T> ScalarAsync<T>(string sql) => database.ReadAsync(async connection => (await connection.ExecuteScalarAsync<T>(sql))!, TestContext.Current.CancellationToken);

    /// <summary>What the deliveries of all events so far came to.</summary>
    public Task<int> DeliverAsync() => database.WriteAsync(
        scope => scope.Connection.ExecuteAsync("UPDATE deliveries SET status = 'delivered', finished_at = @now WHERE status = 'waiting'", new { now = Time.GetUtcNow() }, scope.Transaction), TestContext.Current.CancellationToken);

    public async ValueTask DisposeAsync()
    {
        await database.DisposeAsync();
        file.Dispose();
    }

    private CurrentConfig Current => field ??= new CurrentConfig(new SentryConfig { Polling = polling, Triggers = [Build.Trigger()] });

    private RepositoryPoller Poller() => new(Current, store, ownership, Time);
}
