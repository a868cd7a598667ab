using Dapper;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Xunit;

namespace RepoSentry.Tests.Storage;

/// <summary>One repository and one trigger, owned, over any engine.</summary>
public abstract class StoreContract : IAsyncLifetime
{
    private protected const string Shard = "git/1";

    private protected IDatabase Database { get; private set; } = null!;
    private protected FakeTimeProvider Time { get; } = new(Build.Noon);
    private protected Outbox Outbox { get; } = new();
    private protected Ownership Ownership { get; private set; } = null!;
    private protected PollStore Polls { get; private set; } = null!;
    private protected DeliveryStore Deliveries { get; private set; } = null!;
    private protected RepositoryStore Repositories { get; private set; } = null!;
    private protected long RepositoryId { get; private set; }

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    private protected abstract Task<IDatabase> OpenAsync();

    public async ValueTask InitializeAsync()
    {
        Database = await OpenAsync();
        Ownership = new Ownership(Database, Time);
        Polls = new PollStore(Database, Outbox);
        Deliveries = new DeliveryStore(Database, Time);
        Repositories = new RepositoryStore(Database, Time);
        RepositoryId = (await Repositories.ApplyAsync([Build.Repository()], Token))[0].Stored.Id;
        await Ownership.TakeAsync("node", [Shard, Shards.Trigger("tekton"), Shards.Trigger("audit")], "test", Token);
    }

    public virtual async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    private protected PollCommit Commit(RefSnapshot snapshot, IReadOnlyList<RoutedEvent>? events = null, IReadOnlyList<GitRef>? previous = null) => new()
    {
        Fence = Ownership.Claim(Shard),
        RepositoryId = RepositoryId,
        Kinds = [new KindCommit(snapshot, RefDigest.Of(snapshot.Refs), """["**"]""", previous)],
        Events = events ?? [],
        Outcome = new PollOutcome(Time.GetUtcNow(), TimeSpan.FromMilliseconds(20), "changed", "git", events?.Count ?? 0),
        BranchCount = snapshot.Refs.Count,
    };

    private protected Task<T> ScalarAsync<T>(string sql) => Database.ReadAsync(async connection => (await connection.ExecuteScalarAsync<T>(sql))!, Token);
}
