using Dapper;

namespace RepoSentry.Storage;

/// <summary>Who did what. The row of an action is durable before the action begins, so that none is missing; its outcome is written after it.</summary>
internal sealed class AuditLog(IDatabase database, TimeProvider time)
{
    /// <returns>The row, for <see cref="FinishAsync"/>.</returns>
    public Task<long> BeginAsync(AuditEntry entry, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteScalarAsync<long>(
                """
                INSERT INTO audit_log (started_at, actor, role, address, action, object, outcome, status, request_id, detail)
                VALUES (@now, @Actor, @Role, @Address, @Action, @Object, @Outcome, @Status, @RequestId, @Detail) RETURNING id
                """,
                new { now = time.GetUtcNow(), entry.Actor, entry.Role, entry.Address, entry.Action, entry.Object, entry.Outcome, entry.Status, entry.RequestId, entry.Detail },
                scope.Transaction),
            cancellationToken);

    /// <param name="about">What it was about, where that was not known at the beginning.</param>
    public Task FinishAsync(long id, string outcome, int? status, string? about, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                "UPDATE audit_log SET outcome = @outcome, status = @status, object = COALESCE(@about, object) WHERE id = @id", new { id, outcome, status, about }, scope.Transaction),
            cancellationToken);

    /// <summary>Newest first, and where the next page begins; null after the last.</summary>
    public Task<(IReadOnlyList<AuditRow> Rows, long? Next)> ListAsync(AuditQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync<(IReadOnlyList<AuditRow>, long?)>(
            async connection =>
            {
                var from = query.Since is null ? 0 : await connection.ExecuteScalarAsync<long?>(BoundedScan.SinceBound("audit_log", "id", "started_at"), query);
                var to = query.Until is null ? long.MaxValue : await connection.ExecuteScalarAsync<long?>(BoundedScan.UntilBound("audit_log", "id", "started_at"), query);
                if (from is null || to is null)
                {
                    return ([], null);
                }

                var (places, next) = await ScanOf(query).ReadAsync(
                    connection, query.Limit, new { query.Actor, query.Action, query.Outcome, query.Since, query.Until, From = from, To = to, Before = query.Before ?? long.MaxValue });
                return ((await connection.QueryAsync<AuditRow>("SELECT * FROM audit_log WHERE id IN @places ORDER BY id DESC", new { places })).AsList(), next);
            },
            cancellationToken);

    /// <summary>How a list is read.</summary>
    internal static BoundedScan ScanOf(AuditQuery query)
    {
        List<(object? Value, string Sql)> conditions = [(query.Actor, "actor = @Actor"), (query.Action, "action = @Action"), (query.Outcome, "outcome = @Outcome")];
        conditions.RemoveAll(condition => condition.Value is null);
        List<(object? Value, string Sql)> bounds = [(query.Since, "id >= @From"), (query.Until, "id <= @To")];
        List<(object? Value, string Sql)> times = [(query.Since, "started_at >= @Since"), (query.Until, "started_at < @Until")];
        return new BoundedScan(
            "audit_log",
            "id",
            [.. conditions.Take(1).Concat(bounds.Where(bound => bound.Value is not null)).Select(condition => condition.Sql)],
            [.. conditions.Skip(1).Concat(times.Where(bound => bound.Value is not null)).Select(condition => condition.Sql)]);
    }
}

/// <summary>One action, as it begins or was refused.</summary>
/// <param name="Actor">Name of the token, <c>bootstrap</c>, <c>local</c>, or <c>unknown</c>.</param>
/// <param name="Action">What: <c>repository.poll</c>, <c>token.create</c>, <c>sign_in</c>.</param>
internal sealed record AuditEntry(string Actor, string Action)
{
    public string? Role { get; init; }
    public string? Address { get; init; }
    public string? Object { get; init; }
    public string Outcome { get; init; } = AuditOutcome.Started;
    public int? Status { get; init; }
    public string? RequestId { get; init; }
    public string? Detail { get; init; }
}

internal static class AuditOutcome
{
    /// <summary>Still going on, or the process died before it knew.</summary>
    public const string Started = "started";
    public const string Done = "done";

    /// <summary>Not permitted.</summary>
    public const string Refused = "refused";

    /// <summary>Permitted, and came to nothing.</summary>
    public const string Failed = "failed";

    public static IReadOnlyList<string> All { get; } = [Started, Done, Refused, Failed];
}

internal sealed record AuditQuery(int Limit)
{
    public string? Actor { get; init; }
    public string? Action { get; init; }
    public string? Outcome { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }
    public long? Before { get; init; }
}

internal sealed record AuditRow
{
    public long Id { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public string Actor { get; init; } = "";
    public string? Role { get; init; }
    public string? Address { get; init; }
    public string Action { get; init; } = "";
    public string? Object { get; init; }
    public string Outcome { get; init; } = "";
    public int? Status { get; init; }
    public string? RequestId { get; init; }
    public string? Detail { get; init; }
}
