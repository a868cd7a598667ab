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
        "SELECT name, kind, commit_sha, tag_object_sha FROM refs WHERE repository_id = @repositoryId AND kind = @kind AND name > @after AND (@search IS NULL OR instr(lower(name), lower(@search)) > 0) ORDER BY name LIMIT @limit";

    public Task<IReadOnlyList<StoredRepository>> ListAsync(RepositoryQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<StoredRepository>)(await connection.QueryAsync<StoredRepository>(
                query.ByChange ? ChangedSql(query.Status, query.Search, query.Names is not null) : ListSql(query.Status, query.Search, query.Names is not null),
                new { after = query.After ?? "", changed = query.ByChange ? query.Changed : null, status = query.Status, search = query.Search, names = Json(query.Names), limit = query.Limit })).AsList(),
            cancellationToken);

    internal static string ListSql(string? status, string? search = null, bool named = false) =>
        $"SELECT * FROM repository_states WHERE name > @after AND {Chosen(status, search, named)} ORDER BY name LIMIT @limit";

    // The newest change first; those that never changed come last.
    internal static string ChangedSql(string? status, string? search, bool named = false) =>
        $"""
        SELECT * FROM repository_states WHERE id IN (
            SELECT id FROM repository_states WHERE (@changed IS NULL OR (COALESCE(last_changed, ''), name) < (@changed, @after)) AND {Chosen(status, search, named)}
            ORDER BY COALESCE(last_changed, '') DESC, name DESC LIMIT @limit)
        ORDER BY COALESCE(last_changed, '') DESC, name DESC
        """;

    private static string Chosen(string? status, string? search, bool named) =>
        (status is null ? "status <> 'removed'" : "status = @status") + (search is null ? "" : " AND instr(lower(name), lower(@search)) > 0")
        + (named ? " AND name IN (SELECT value FROM json_each(@names))" : "");

    private static string? Json(IReadOnlyCollection<string>? names) =>
        names is null ? null : System.Text.Json.JsonSerializer.Serialize([.. names], StorageJson.Default.StringArray);

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
    /// <param name="search">Only those whose name has this part, in any case; null for all.</param>
    public Task<IReadOnlyList<StoredRef>> RefsAsync(long repositoryId, string? kind, string? search, string? after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var refs = new List<StoredRef>();
                foreach (var one in Enum.GetValues<RefKind>().Where(one => kind is null || one.Name() == kind))
                {
                    refs.AddRange(await ReadPageAsync(connection, repositoryId, one, search, after ?? "", limit));
                }

                return (IReadOnlyList<StoredRef>)[.. refs.OrderBy(item => item.Name, RefOrder.Instance).Take(limit)];
            },
            cancellationToken);

    private static async Task<IEnumerable<StoredRef>> ReadPageAsync(DbConnection connection, long repositoryId, RefKind kind, string? search, string after, int limit)
    {
        var key = new { repositoryId, kind = kind.Name(), search, after, limit };
        var packed = await connection.QuerySingleOrDefaultAsync<byte[]?>("SELECT packed_refs FROM snapshots WHERE repository_id = @repositoryId AND kind = @kind", key);
        return packed is null
            ? await connection.QueryAsync<StoredRef>(RefsSql, key)
            : PackedRefs.Unpack(packed).Where(item => RefOrder.Instance.Compare(item.Name, after) > 0 && (search is null || item.Name.Contains(search, StringComparison.OrdinalIgnoreCase))).OrderBy(item => item.Name, RefOrder.Instance).Take(limit)
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

/// <summary>Which repositories; null fields do not restrict.</summary>
internal sealed record RepositoryQuery(int Limit)
{
    public string? Status { get; init; }

    /// <summary>Part of the name, in any case.</summary>
    public string? Search { get; init; }

    /// <summary>Only of these.</summary>
    public IReadOnlyCollection<string>? Names { get; init; }

    /// <summary>By the last change, newest first; else by name.</summary>
    public bool ByChange { get; init; }

    /// <summary>Name that the page before ended with.</summary>
    public string? After { get; init; }

    /// <summary>And when that one changed, as it is stored; null for the first page, empty for never.</summary>
    public string? Changed { get; init; }
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
