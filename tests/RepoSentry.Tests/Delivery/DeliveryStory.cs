using System.Collections.Concurrent;
using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Shouldly;

namespace RepoSentry.Tests.Delivery;

/// <summary>One trigger with a receiver in memory, over a real database and a virtual clock.</summary>
internal sealed class DeliveryStory : IAsyncDisposable
{
    private readonly SqliteFile file;
    private readonly SqliteDatabase database;
    private readonly Outbox outbox = new();
    private readonly Ownership ownership;
    private readonly TriggerConfig config;
    private CancellationTokenSource ending = new();
    private Task running = Task.CompletedTask;
    private long repositoryId;
    private DeliveryWorker? worker;

    private DeliveryStory(SqliteFile file, SqliteDatabase database, TriggerConfig config)
    {
        this.file = file;
        this.database = database;
        this.config = config;
        ownership = new Ownership(database, Time);
    }

    public FakeTimeProvider Time { get; } = new(Build.Noon);
    public FakeReceiver Receiver { get; } = new();
    public LiveFeed Feed { get; } = new();
    public DeliveryWorker Worker => worker!;

    public static async Task<DeliveryStory> BeginAsync(TriggerConfig? config = null)
    {
        var temporary = new SqliteFile();
        var story = new DeliveryStory(temporary, await temporary.OpenAsync(), config ?? Build.Trigger());
        story.repositoryId = (await new RepositoryStore(story.database, story.Time).ApplyAsync([Build.Repository()], CancellationToken.None))[0].Stored.Id;
        await story.StartAsync();
        return story;
    }

    /// <summary>A restart: what was owed is taken over.</summary>
    public async Task StartAsync()
    {
        ending = new CancellationTokenSource();
        await ownership.TakeAsync("node", ["git/1", Shards.Trigger(config.Name)], "test", CancellationToken.None);
        var store = new DeliveryStore(database, Time);
        var runner = new AttemptRunner(config, Receiver, store, Feed, Time, NullLogger<AttemptRunner>.Instance);
        worker = new DeliveryWorker(config, runner, store, new TriggerHaltStore(database, Time), outbox, ownership, Time, NullLogger<DeliveryWorker>.Instance);
        running = worker.RunAsync(ending.Token);
    }

    public async Task StopAsync()
    {
        await ending.CancelAsync();
        await running;
        await worker!.DrainAsync(CancellationToken.None);
        worker.Dispose();
        ending.Dispose();
    }

    public async Task<Guid> OweAsync(string branch = "main")
    {
        var change = Build.Event(branch) with { Id = Guid.CreateVersion7(), DetectedAt = Time.GetUtcNow() };
        await new PollStore(database, outbox).CommitAsync(
            new PollCommit
            {
                Fence = ownership.Claim("git/1"),
                RepositoryId = repositoryId,
                Kinds = [new KindCommit(Build.Branches((branch, '2')), RefDigest.Of([]), "[]", [])],
                Events = [new RoutedEvent(change, [config.Name])],
                Outcome = new PollOutcome(Time.GetUtcNow(), TimeSpan.Zero, "changed", "git", 1),
            },
            CancellationToken.None);
        return change.Id;
    }

    /// <summary>As an operator asks for it.</summary>
    public Task<RetryResult> RetryDeadAsync() => new RetryStore(database, outbox, Time).RetryAsync(new RetryFilter(), [config.Name], dryRun: false, CancellationToken.None);

    /// <summary>Waits until it holds, moving the clock on between checks.</summary>
    public async Task UntilAsync(Func<bool> holds, TimeSpan advance = default)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!holds())
        {
            limit.IsCancellationRequested.ShouldBeFalse($"it did not happen; {Receiver.Attempts.Count} attempts, {Worker.View}");
            Time.Advance(advance);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    public Task<T> ScalarAsync<T>(string sql) => database.ReadAsync(async connection => (await connection.ExecuteScalarAsync<T>(sql))!, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await database.DisposeAsync();
        file.Dispose();
    }
}

/// <summary>A receiver in memory that answers as it is told.</summary>
internal sealed class FakeReceiver : ITrigger
{
    public ConcurrentQueue<(Guid Event, int Number, string Body)> Attempts { get; } = [];

    public Func<TriggerAttempt, TriggerOutcome> Answer { get; set; } = _ => new TriggerOutcome.Accepted("receipt") { Status = 202 };

    public Func<Task>? Before { get; set; }

    public TriggerMessage Render(ChangeEvent change) => new(new Dictionary<string, string>(), System.Text.Encoding.UTF8.GetBytes($"{change.Change.Ref} {Guid.NewGuid()}"));

    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        Attempts.Enqueue((attempt.EventId, attempt.Number, System.Text.Encoding.UTF8.GetString(attempt.Message.Body)));
        if (Before is not null)
        {
            await Before().WaitAsync(cancellationToken);
        }

        return Answer(attempt);
    }
}
