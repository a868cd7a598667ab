using System.Data.Common;
using Dapper;

namespace RepoSentry.Storage;

/// <summary>
/// Forgets what is old, a few rows at a time: candidates are found on a reader, and the transaction that deletes them is short. What is undelivered or dead
/// is never forgotten.
/// </summary>
internal sealed class RetentionStore(IDatabase database)
{
    private const int WindowSize = 1_000;
    private const int BatchSize = 200;
    private const int RepositoriesAtOnce = 5;

    /// <summary>Each repository keeps so many looks however old they are.</summary>
    public const int PollsKept = 50;

    /// <summary>Events with all that belongs to them, and then removed repositories that have no events left.</summary>
    public async Task<long> PruneEventsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var (pruned, from) = (0L, "");
        while (true)
        {
            var rows = await database.ReadAsync(connection => OldEventsAsync(connection, before, from), cancellationToken);
            var deleted = await DeleteAsync("DELETE FROM events WHERE id IN @ids AND status NOT IN ('pending', 'failed')", rows.Select(row => row.Id), cancellationToken);
            pruned += deleted;
            if (rows.Count < BatchSize || deleted == 0)
            {
                break;
            }

            from = rows[^1].CreatedAt;
        }

        await PruneRepositoriesAsync(before, cancellationToken);
        await database.WriteAsync(
            scope => scope.Connection.ExecuteAsync("DELETE FROM tekton_outcomes WHERE updated_at < @before", new { before }, scope.Transaction), cancellationToken);
        return pruned;
    }

    /// <summary>Attempts at deliveries that are over, and the spans in which triggers did not send that nobody's age depends on.</summary>
    public async Task<long> PruneAttemptsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                """
                DELETE FROM trigger_halts WHERE ended_at < @before AND NOT EXISTS (
                    SELECT 1 FROM deliveries d WHERE d.trigger_name = trigger_halts.trigger_name AND d.status IN ('waiting', 'in_flight')
                        AND COALESCE(d.age_from, d.created_at) < trigger_halts.ended_at)
                """,
                new { before },
                scope.Transaction),
            cancellationToken);
        return await PruneWindowsAsync(
            $"""
            SELECT a.id, a.started_at, d.status IN ('delivered', 'superseded') AS over
            FROM delivery_attempts a JOIN deliveries d ON d.id = a.delivery_id WHERE a.id > @after ORDER BY a.id LIMIT {WindowSize}
            """,
            "DELETE FROM delivery_attempts WHERE id IN @ids",
            before,
            cancellationToken);
    }

    public Task<long> PrunePollsAsync(DateTimeOffset before, CancellationToken cancellationToken) => PruneWindowsAsync(
        $"""
        SELECT p.id, p.started_at, {PollsKept} <= (
            SELECT COUNT(*) FROM (SELECT 1 FROM poll_outcomes newer WHERE newer.repository_id = p.repository_id AND newer.id > p.id LIMIT {PollsKept})) AS over
        FROM poll_outcomes p WHERE p.id > @after ORDER BY p.id LIMIT {WindowSize}
        """,
        "DELETE FROM poll_outcomes WHERE id IN @ids",
        before,
        cancellationToken);

    /// <summary>What was done long ago, and tokens revoked before that.</summary>
    public async Task<long> PruneAuditAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        await database.WriteAsync(scope => scope.Connection.ExecuteAsync("DELETE FROM api_tokens WHERE revoked_at < @before", new { before }, scope.Transaction), cancellationToken);
        return await PruneWindowsAsync(
            $"SELECT id, started_at, 1 AS over FROM audit_log WHERE id > @after ORDER BY id LIMIT {WindowSize}", "DELETE FROM audit_log WHERE id IN @ids", before, cancellationToken);
    }

    // Rows are in the order of their times, nearly: the first window that ends with a young one is the last.
    private async Task<long> PruneWindowsAsync(string window, string delete, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var (pruned, after) = (0L, 0L);
        while (true)
        {
            var rows = (await database.ReadAsync(connection => connection.QueryAsync<WindowRow>(window, new { after }), cancellationToken)).AsList();
            foreach (var batch in rows.Where(row => row.Over && row.StartedAt < before).Select(row => row.Id).Chunk(BatchSize))
            {
                pruned += await DeleteAsync(delete, batch, cancellationToken);
            }

            if (rows.Count < WindowSize || rows[^1].StartedAt >= before)
            {
                return pruned;
            }

            after = rows[^1].Id;
        }
    }

    private static async Task<List<EventRow>> OldEventsAsync(DbConnection connection, DateTimeOffset before, string from) => (await connection.QueryAsync<EventRow>(
        $"""
        SELECT id, created_at FROM events
        WHERE created_at < @before AND created_at >= @from AND status NOT IN ('pending', 'failed') ORDER BY created_at LIMIT {BatchSize}
        """,
        new { before, from })).AsList();

    private async Task PruneRepositoriesAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        int pruned;
        do
        {
            pruned = await database.WriteAsync(
                scope => scope.Connection.ExecuteAsync(
                    $"""
                    DELETE FROM repository_states WHERE id IN (
                        SELECT r.id FROM repository_states r WHERE r.status = 'removed' AND r.updated_at < @before
                            AND NOT EXISTS (SELECT 1 FROM events e WHERE e.repository_name = r.name) LIMIT {RepositoriesAtOnce})
                    """,
                    new { before },
                    scope.Transaction),
                cancellationToken);
        }
        while (pruned == RepositoriesAtOnce);
    }

    private async Task<int> DeleteAsync<T>(string sql, IEnumerable<T> ids, CancellationToken cancellationToken)
    {
        var list = ids.ToList();
        return list.Count == 0 ? 0 : await database.WriteAsync(scope => scope.Connection.ExecuteAsync(sql, new { ids = list }, scope.Transaction), cancellationToken);
    }

    private sealed record EventRow
    {
        public string Id { get; init; } = "";

        /// <summary>As stored, which sorts.</summary>
        public string CreatedAt { get; init; } = "";
    }

    private sealed record WindowRow
    {
        public long Id { get; init; }
        public DateTimeOffset StartedAt { get; init; }
        public bool Over { get; init; }
    }
}
