using System.Data.Common;
using System.Text.Json;
using Dapper;
using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>Reads what happened, newest first: events, their deliveries, and the attempts at each. Pages are keyed by sequence number, so a deep page costs what the first one does.</summary>
internal sealed class EventLog(IDatabase database)
{
    /// <summary>Above this a page ends early: an answer must stay small whatever its events carry.</summary>
    private const int PageBytes = 200 * 1024;

    private const int TraceLimit = 20;

    private const string EventColumns =
        "e.seq, e.id, e.event_type AS type, e.repository_name AS repository, e.ref, e.branch_name, e.before_sha AS \"before\", e.commit_sha, e.status, e.metadata, e.error_message, e.created_at, e.processed_at";

    private const string DeliveryColumns =
        "d.id, d.event_id, d.trigger_name AS \"trigger\", e.repository_name AS repository, e.ref, d.status, d.attempts, d.replay, d.next_attempt_at, d.receipt_id, d.last_status, d.last_error, d.created_at, d.finished_at";

    public Task<Page<EventView>> ListEventsAsync(EventQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var where = new List<string>();
                Add(where, query.Repository, "e.repository_name = @Repository");
                Add(where, query.Ref, "(e.ref = @Ref OR e.branch_name = @Ref)");
                Add(where, query.Type, "e.event_type = @Type");
                Add(where, query.Status, "e.status = @Status");
                Add(where, query.Since, "e.created_at >= @Since");
                Add(where, query.Until, "e.created_at < @Until");
                Add(where, query.Before, "e.seq < @Before");
                var rows = (await connection.QueryAsync<EventRecord>(
                    $"SELECT {EventColumns} FROM events e {Where(where)} ORDER BY e.seq DESC LIMIT {query.Limit + 1}", query)).AsList();
                return await PageAsync(connection, rows, query.Limit);
            },
            cancellationToken);

    /// <summary>Null if there is none.</summary>
    public Task<EventView?> FindEventAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var row = await connection.QuerySingleOrDefaultAsync<EventRecord>($"SELECT {EventColumns} FROM events e WHERE e.id = @id", new { id });
                return row is null ? null : (await PageAsync(connection, [row], 1)).Items[0];
            },
            cancellationToken);

    /// <summary>The newest events with this id, this commit (or one that begins so), or a delivery that the receiver gave this id.</summary>
    public Task<Page<EventView>> TraceAsync(string id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var isCommit = id.All(char.IsAsciiHexDigit);
                var rows = (await connection.QueryAsync<EventRecord>(
                    $"""
                    SELECT {EventColumns} FROM events e WHERE e.id = @id OR e.id IN (SELECT event_id FROM deliveries WHERE receipt_id = @id)
                        {(isCommit ? "OR (e.commit_sha >= @from AND e.commit_sha < @to)" : "")}
                    ORDER BY e.seq DESC LIMIT {TraceLimit + 1}
                    """,
                    new { id, from = id.ToLowerInvariant(), to = id.ToLowerInvariant() + "g" })).AsList();
                return await PageAsync(connection, rows, TraceLimit);
            },
            cancellationToken);

    public Task<Page<DeliveryView>> ListDeliveriesAsync(DeliveryQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var where = new List<string>();
                Add(where, query.Trigger, "d.trigger_name = @Trigger");
                Add(where, query.Status, "d.status = @Status");
                Add(where, query.Repository, "e.repository_name = @Repository");
                Add(where, query.Event, "d.event_id = @Event");
                Add(where, query.Before, "d.id < @Before");
                var rows = (await connection.QueryAsync<DeliveryView>(
                    $"SELECT {DeliveryColumns} FROM deliveries d JOIN events e ON e.id = d.event_id {Where(where)} ORDER BY d.id DESC LIMIT {query.Limit + 1}", query)).AsList();
                return Cut(rows, query.Limit, row => row.Id);
            },
            cancellationToken);

    /// <summary>One delivery with what was sent and a page of its attempts, oldest first. Null if there is none.</summary>
    public Task<DeliveryDetail?> FindDeliveryAsync(long id, long afterAttempt, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var row = await connection.QuerySingleOrDefaultAsync<DeliveryView>(
                    $"SELECT {DeliveryColumns} FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id = @id", new { id });
                if (row is null)
                {
                    return null;
                }

                var sent = await connection.QuerySingleOrDefaultAsync<(string? Headers, byte[]? Body)>("SELECT headers, body FROM delivery_messages WHERE delivery_id = @id", new { id });
                var attempts = (await connection.QueryAsync<AttemptView>(
                    """
                    SELECT id, number, probes, started_at, duration_ms, outcome, http_status, error, answer, ambiguous, phases AS phases_json FROM delivery_attempts
                    WHERE delivery_id = @id AND id > @afterAttempt ORDER BY id LIMIT @count
                    """,
                    new { id, afterAttempt, count = limit + 1 })).AsList();
                var page = Cut(attempts, limit, attempt => attempt.Id);
                return new DeliveryDetail(row, sent.Headers is null ? null : JsonDocument.Parse(sent.Headers).RootElement, sent.Body is null ? null : System.Text.Encoding.UTF8.GetString(sent.Body), page);
            },
            cancellationToken);

    private static async Task<Page<EventView>> PageAsync(DbConnection connection, List<EventRecord> rows, int limit)
    {
        var kept = new List<EventRecord>();
        var bytes = 0;
        foreach (var row in rows.Take(limit))
        {
            bytes += row.Metadata.Length;
            if (kept.Count > 0 && bytes > PageBytes)
            {
                break;
            }

            kept.Add(row);
        }

        var deliveries = (await connection.QueryAsync<DeliveryView>(
            $"SELECT {DeliveryColumns} FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.event_id IN @ids ORDER BY d.id", new { ids = kept.Select(row => row.Id) })).ToLookup(row => row.EventId);
        return new Page<EventView>([.. kept.Select(row => row.ToView([.. deliveries[row.Id]]))], kept.Count < rows.Count ? kept[^1].Seq : null);
    }

    private static Page<T> Cut<T>(List<T> rows, int limit, Func<T, long> key) =>
        rows.Count > limit ? new Page<T>(rows[..limit], key(rows[limit - 1])) : new Page<T>(rows, null);

    private static void Add(List<string> where, object? value, string condition)
    {
        if (value is not null)
        {
            where.Add(condition);
        }
    }

    private static string Where(List<string> conditions) => conditions.Count == 0 ? "" : "WHERE " + string.Join(" AND ", conditions);

    private sealed record EventRecord
    {
        public long Seq { get; init; }
        public string Id { get; init; } = "";
        public string Type { get; init; } = "";
        public string Repository { get; init; } = "";
        public string Ref { get; init; } = "";
        public string BranchName { get; init; } = "";
        public string? Before { get; init; }
        public string CommitSha { get; init; } = "";
        public string Status { get; init; } = "";
        public string Metadata { get; init; } = "{}";
        public string? ErrorMessage { get; init; }
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset? ProcessedAt { get; init; }

        public EventView ToView(IReadOnlyList<DeliveryView> deliveries) => new(
            Id, Type, Repository, Ref, BranchName, Before, CommitSha == EventRow.NoCommit ? null : CommitSha, Status, JsonDocument.Parse(Metadata).RootElement, ErrorMessage, CreatedAt, ProcessedAt, deliveries);
    }
}

/// <param name="Items">At most as many as asked for; fewer where they are large.</param>
/// <param name="Next">Where the next page begins; null after the last.</param>
internal sealed record Page<T>(IReadOnlyList<T> Items, long? Next);

/// <summary>Which events; null fields do not restrict.</summary>
internal sealed record EventQuery(int Limit)
{
    public string? Repository { get; init; }

    /// <summary>Full or short name.</summary>
    public string? Ref { get; init; }
    public string? Type { get; init; }
    public string? Status { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }

    /// <summary>Sequence number that the page before ended with.</summary>
    public long? Before { get; init; }
}

/// <summary>Which deliveries; null fields do not restrict.</summary>
internal sealed record DeliveryQuery(int Limit)
{
    public string? Trigger { get; init; }
    public string? Status { get; init; }
    public string? Repository { get; init; }
    public string? Event { get; init; }
    public long? Before { get; init; }
}
