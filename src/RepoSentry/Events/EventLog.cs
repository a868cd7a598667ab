using System.Data.Common;
using System.Text.Json;
using Dapper;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>Reads what happened, newest first: events, their deliveries, and the attempts at each. Pages are keyed by sequence number, so a deep page costs what the first one does.</summary>
internal sealed class EventLog(IDatabase database)
{
    /// <summary>Above this a page ends early: an answer must stay small whatever its events carry.</summary>
    private const int PageBytes = 240 * 1024;

    private const int FollowWindow = 2_000;

    /// <summary>Times are those of the look, numbers those of the commit: they are in the same order but for what was under way at once.</summary>
    private const int OutOfOrderMargin = 10_000;

    private const int TraceLimit = 20;

    private const string EventColumns =
        "e.seq, e.id, e.event_type AS type, e.repository_name AS repository, e.ref, e.branch_name, e.before_sha AS \"before\", e.commit_sha, e.status, e.metadata, e.error_message, e.created_at, e.processed_at";

    private const string DeliveryColumns =
        "d.id, d.event_id, d.trigger_name AS \"trigger\", e.repository_name AS repository, e.ref, d.status, d.attempts, d.replay, d.next_attempt_at, d.receipt_id, d.last_status, d.last_error, d.created_at, d.finished_at";

    public Task<Page<EventView>> ListEventsAsync(EventQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var from = query.Since is null ? 0 : await connection.ExecuteScalarAsync<long?>(BoundedScan.SinceBound("events", "seq", "created_at"), query);
                var to = query.Until is null ? long.MaxValue : await connection.ExecuteScalarAsync<long?>(BoundedScan.UntilBound("events", "seq", "created_at"), query);
                if (from is null || to is null)
                {
                    return new Page<EventView>([], null);
                }

                var (places, next) = await ScanOf(query).ReadAsync(
                    connection,
                    query.Limit,
                    new { query.Repository, query.Ref, query.PullRequest, Branch = GitRef.Shorten(query.Ref ?? ""), query.Type, query.Status, query.Since, query.Until, From = from, To = to, Before = query.Before ?? long.MaxValue });
                var rows = (await connection.QueryAsync<EventRecord>($"SELECT {EventColumns} FROM events e WHERE e.seq IN @places ORDER BY e.seq DESC", new { places })).AsList();
                var page = await PageAsync(connection, rows, rows.Count);
                return page with { Next = page.Next ?? next };
            },
            cancellationToken);

    /// <summary>How a list of events is read.</summary>
    internal static BoundedScan ScanOf(EventQuery query)
    {
        var conditions = new List<string>();
        Add(conditions, query.Repository, "repository_name = @Repository");
        var full = query.Ref?.StartsWith("refs/", StringComparison.Ordinal) == true ? query.Ref : null;
        var isPullRequest = full is not null && !full.StartsWith(GitRef.BranchPrefix, StringComparison.Ordinal) && !full.StartsWith(GitRef.TagPrefix, StringComparison.Ordinal); // its branch is another one
        Add(conditions, isPullRequest ? null : query.Ref, "branch_name = @Branch");
        Add(conditions, query.Status, "status = @Status");
        Add(conditions, query.Type, "event_type = @Type");
        var (driving, rest) = (conditions.Take(1).ToList(), conditions.Skip(1).ToList());
        Add(driving, query.Since, "seq >= @From");
        Add(driving, query.Until, "seq <= @To");
        Add(rest, query.Since, "created_at >= @Since");
        Add(rest, query.Until, "created_at < @Until");
        Add(rest, full, "ref = @Ref");
        Add(rest, query.PullRequest, $"ref IN {PullRequestRef.Names}");
        return new BoundedScan("events", "seq", driving, rest);
    }

    /// <summary>The sequence number that a follower begins after: that of the newest event, or of the last before a time.</summary>
    public Task<long> PositionAsync(DateTimeOffset? since, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.ExecuteScalarAsync<long>(
                """
                SELECT MAX(0, COALESCE((SELECT seq - 1 - @margin FROM events WHERE created_at >= @since ORDER BY created_at LIMIT 1), (SELECT value FROM sequences WHERE name = 'events')))
                """,
                new { since, margin = OutOfOrderMargin }),
            cancellationToken);

    /// <summary>What came after a sequence number, in order. Of one call it looks at so many only, so that a rare match costs no more than a frequent one.</summary>
    public Task<EventBatch> FollowAsync(EventQuery query, long after, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var newest = await connection.ExecuteScalarAsync<long>("SELECT value FROM sequences WHERE name = 'events'");
                var through = Math.Min(newest, after + FollowWindow);
                if (through <= after)
                {
                    return new EventBatch([], Math.Min(after, newest), newest);
                }

                var where = Conditions(query);
                where.Add("e.seq > @after AND e.seq <= @through");
                var rows = (await connection.QueryAsync<EventRecord>(
                    $"SELECT {EventColumns} FROM events e {Where(where)} ORDER BY e.seq LIMIT {query.Limit + 1}",
                    new { query.Repository, query.Ref, query.PullRequest, query.Type, query.Status, query.Since, query.Until, after, through })).AsList();
                var page = await PageAsync(connection, rows, query.Limit);
                var items = page.Items.Select((item, at) => (rows[at].Seq, item)).ToList();
                return new EventBatch(items, page.Next ?? through, newest);
            },
            cancellationToken);

    /// <summary>Those of some events that match, as they stand now; also the events of some deliveries.</summary>
    public Task<IReadOnlyList<(long Seq, EventView Event)>> StandingAsync(EventQuery query, IReadOnlyCollection<string> events, IReadOnlyCollection<long> deliveries, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<(long, EventView)>>(
            async connection =>
            {
                var where = Conditions(query);
                where.Add("e.id IN @ids");
                var owners = await connection.QueryAsync<string>("SELECT event_id FROM deliveries WHERE id IN @deliveries", new { deliveries });
                var rows = (await connection.QueryAsync<EventRecord>(
                    $"SELECT {EventColumns} FROM events e {Where(where)} ORDER BY e.seq",
                    new { query.Repository, query.Ref, query.PullRequest, query.Type, query.Status, query.Since, query.Until, ids = events.Concat(owners).Distinct(StringComparer.Ordinal) })).AsList();
                var page = await PageAsync(connection, rows, rows.Count);
                return [.. page.Items.Select((item, at) => (rows[at].Seq, item))];
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
                    SELECT {EventColumns} FROM events e WHERE e.id IN (
                        SELECT @id UNION SELECT event_id FROM deliveries WHERE receipt_id = @id
                        {(isCommit ? "UNION SELECT id FROM events WHERE commit_sha >= @from AND commit_sha < @to" : "")})
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
                var repository = query.Repository is null ? 0 : await connection.ExecuteScalarAsync<long?>("SELECT id FROM repository_states WHERE name = @Repository", query);
                if (repository is null)
                {
                    return new Page<DeliveryView>([], null);
                }

                var (places, next) = await ScanOf(query).ReadAsync(
                    connection, query.Limit, new { query.Event, query.Trigger, query.Status, RepositoryId = repository, Before = query.Before ?? long.MaxValue });
                var rows = (await connection.QueryAsync<DeliveryView>(
                    $"SELECT {DeliveryColumns} FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.id IN @places ORDER BY d.id DESC", new { places })).AsList();
                return new Page<DeliveryView>(rows, next);
            },
            cancellationToken);

    /// <summary>How a list of deliveries is read.</summary>
    internal static BoundedScan ScanOf(DeliveryQuery query)
    {
        var conditions = new List<string>();
        Add(conditions, query.Event, "event_id = @Event");
        Add(conditions, query.Repository, "repository_id = @RepositoryId");
        Add(conditions, query.Trigger, "trigger_name = @Trigger");
        Add(conditions, query.Status, "status = @Status");
        return new BoundedScan("deliveries", "id", [.. conditions.Take(1)], [.. conditions.Skip(1)]);
    }

    /// <summary>What a waiting delivery is behind of; null where it is the first of its lane, or has one of its own.</summary>
    public Task<AheadView?> FindAheadAsync(long id, CancellationToken cancellationToken) =>
        database.ReadAsync(
            connection => connection.QuerySingleOrDefaultAsync<AheadView>(
                """
                SELECT COUNT(*) OVER () AS count, o.status, o.attempts, o.last_error, o.next_attempt_at
                FROM deliveries d JOIN events e ON e.id = d.event_id
                JOIN deliveries o ON o.trigger_name = d.trigger_name AND o.repository_id = d.repository_id AND o.id < d.id AND o.out_of_order = 0 AND o.status IN ('waiting', 'in_flight')
                JOIN events oe ON oe.id = o.event_id AND oe.ref = e.ref
                WHERE d.id = @id AND d.out_of_order = 0 ORDER BY o.id LIMIT 1
                """,
                new { id }),
            cancellationToken);

    /// <summary>One delivery with what was sent and a page of its attempts. Null if there is none.</summary>
    /// <param name="place">Id of the attempt that the page before ended with; null for the first page.</param>
    public Task<DeliveryDetail?> FindDeliveryAsync(long id, long? place, int limit, bool newestFirst, CancellationToken cancellationToken) =>
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
                    $"""
                    SELECT id, number, probes, started_at, duration_ms, outcome, http_status, error, answer, ambiguous, phases AS phases_json FROM delivery_attempts
                    WHERE delivery_id = @id AND {(newestFirst ? "id < @place ORDER BY id DESC" : "id > @place ORDER BY id")} LIMIT @count
                    """,
                    new { id, place = place ?? (newestFirst ? long.MaxValue : 0), count = limit + 1 })).AsList();
                var page = Cut(attempts, limit, attempt => attempt.Id);
                return new DeliveryDetail(row, sent.Headers is null ? null : JsonDocument.Parse(sent.Headers).RootElement, sent.Body is null ? null : System.Text.Encoding.UTF8.GetString(sent.Body), page);
            },
            cancellationToken);

    private static List<string> Conditions(EventQuery query)
    {
        var where = new List<string>();
        Add(where, query.Repository, "e.repository_name = @Repository");
        Add(where, query.Ref, "(e.ref = @Ref OR e.branch_name = @Ref)");
        Add(where, query.PullRequest, $"e.ref IN {PullRequestRef.Names}");
        Add(where, query.Type, "e.event_type = @Type");
        Add(where, query.Status, "e.status = @Status");
        Add(where, query.Since, "e.created_at >= @Since");
        Add(where, query.Until, "e.created_at < @Until");
        return where;
    }

    private static async Task<Page<EventView>> PageAsync(DbConnection connection, List<EventRecord> rows, int limit)
    {
        var deliveries = (await connection.QueryAsync<DeliveryView>(
            $"SELECT {DeliveryColumns} FROM deliveries d JOIN events e ON e.id = d.event_id WHERE d.event_id IN @ids ORDER BY d.id", new { ids = rows.Take(limit).Select(row => row.Id) })).ToLookup(row => row.EventId);
        var kept = new List<EventRecord>();
        var bytes = 0;
        foreach (var row in rows.Take(limit))
        {
            bytes += row.Metadata.Length + AtMost(row.Repository, row.Ref, row.Ref, row.ErrorMessage) + deliveries[row.Id].Sum(item => AtMost(row.Repository, row.Ref, item.Trigger, item.LastError));
            if (kept.Count > 0 && bytes > PageBytes)
            {
                break;
            }

            kept.Add(row);
        }

        return new Page<EventView>([.. kept.Select(row => row.ToView([.. deliveries[row.Id]]))], kept.Count < rows.Count ? kept[^1].Seq : null);
    }

    // What stands around the texts, and the texts with some of their characters escaped.
    private static int AtMost(params ReadOnlySpan<string?> texts)
    {
        var length = 500;
        foreach (var text in texts)
        {
            length += 2 * (text?.Length ?? 0);
        }

        return length;
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

/// <param name="Items">In order, each with its sequence number.</param>
/// <param name="Through">Up to there everything was looked at.</param>
/// <param name="Newest">Sequence number of the newest event of all.</param>
internal sealed record EventBatch(IReadOnlyList<(long Seq, EventView Event)> Items, long Through, long Newest);

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

    /// <summary>Number of a pull request, in the place of a ref.</summary>
    public long? PullRequest { get; init; }

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
