using System.Data.Common;
using Dapper;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Reads what is known of repositories: their rows, refs and looks.</summary>
internal sealed class RepositoryLog(IDatabase database)
{
    internal const string PollsSql =
        "SELECT id, started_at, duration_ms, outcome, source, changes, error FROM poll_outcomes WHERE repository_id = @repositoryId AND id < @before ORDER BY id DESC LIMIT @limit";

    internal const string RefsSql =
        "SELECT name, kind, commit_sha, tag_object_sha FROM refs WHERE repository_id = @repositoryId AND kind = @kind AND name > @after ORDER BY name LIMIT @limit";

    /// <summary>By name, after a name.</summary>
    public Task<IReadOnlyList<StoredRepository>> ListAsync(string? after, string? status, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<StoredRepository>)(await connection.QueryAsync<StoredRepository>(
                ListSql(status), new { after = after ?? "", status, limit })).AsList(),
            cancellationToken);

    internal static string ListSql(string? status) =>
        $"SELECT * FROM repository_states WHERE name > @after AND {(status is null ? "status <> 'removed'" : "status = @status")} ORDER BY name LIMIT @limit";

    public Task<StoredRepository?> FindAsync(string name, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.QuerySingleOrDefaultAsync<StoredRepository>("SELECT * FROM repository_states WHERE name = @name", new { name }), cancellationToken);

    /// <summary>The refs of the last look, by kind and name. Null if there is no such repository.</summary>
    public async Task<IReadOnlyList<StoredRef>?> RefsAsync(string name, CancellationToken cancellationToken)
    {
        if (await FindAsync(name, cancellationToken) is not { } repository)
        {
            return null;
        }

        return await database.ReadAsync(
            async connection =>
            {
                var refs = new List<StoredRef>();
                foreach (var kind in Enum.GetValues<RefKind>())
                {
                    if (await PollStore.ReadSnapshotAsync(connection, repository.Id, kind) is { } snapshot)
                    {
                        refs.AddRange(snapshot.Refs.Select(item => new StoredRef(item.Name, kind.Name(), item.CommitId, item.TagObjectId)));
                    }
                }

                return (IReadOnlyList<StoredRef>)refs;
            },
            cancellationToken);
    }

    /// <summary>A page of the refs of the last look, by name, after a name. Of a snapshot that is one packed blob all are read, else only those of the page.</summary>
    /// <param name="kind">Only of this kind; null for all.</param>
    public Task<IReadOnlyList<StoredRef>> RefsAsync(long repositoryId, string? kind, string? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var refs = new List<StoredRef>();
                foreach (var one in Enum.GetValues<RefKind>().Where(one => kind is null || one.Name() == kind))
                {
                    refs.AddRange(await ReadPageAsync(connection, repositoryId, one, after ?? "", limit));
                }

                return (IReadOnlyList<StoredRef>)[.. refs.OrderBy(item => item.Name, RefOrder.Instance).Take(limit)];
            },
            cancellationToken);

    private static async Task<IEnumerable<StoredRef>> ReadPageAsync(DbConnection connection, long repositoryId, RefKind kind, string after, int limit)
    {
        var key = new { repositoryId, kind = kind.Name(), after, limit };
        var packed = await connection.QuerySingleOrDefaultAsync<byte[]?>("SELECT packed_refs FROM snapshots WHERE repository_id = @repositoryId AND kind = @kind", key);
        return packed is null
            ? await connection.QueryAsync<StoredRef>(RefsSql, key)
            : PackedRefs.Unpack(packed).Where(item => RefOrder.Instance.Compare(item.Name, after) > 0).OrderBy(item => item.Name, RefOrder.Instance).Take(limit)
                .Select(item => new StoredRef(item.Name, key.kind, item.CommitId, item.TagObjectId));
    }

    /// <summary>Looks that changed something or failed, newest first.</summary>
    public Task<IReadOnlyList<StoredPoll>> PollsAsync(long repositoryId, long before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<StoredPoll>)(await connection.QueryAsync<StoredPoll>(
                PollsSql, new { repositoryId, before, limit })).AsList(),
            cancellationToken);

    public Task<LogCounts> CountAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => await connection.QuerySingleAsync<LogCounts>(
                """
                SELECT (SELECT COUNT(*) FROM repository_states WHERE status <> 'removed') AS repositories,
                       (SELECT value FROM sequences WHERE name = 'events') AS events
                """),
            cancellationToken);
}

/// <param name="Name">Full name.</param>
/// <param name="Kind">branch, tag or pull_request.</param>
/// <param name="CommitSha">Tags peeled.</param>
/// <param name="TagObjectSha">Of an annotated tag, where known.</param>
internal sealed record StoredRef(string Name, string Kind, string CommitSha, string? TagObjectSha);

internal sealed record StoredPoll
{
    public long Id { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public double DurationMs { get; init; }
    public string Outcome { get; init; } = "";
    public string Source { get; init; } = "";
    public int Changes { get; init; }
    public string? Error { get; init; }
}

/// <param name="Repositories">Watched now.</param>
/// <param name="Events">Recorded ever.</param>
internal sealed record LogCounts(long Repositories, long Events);
