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

    /// <summary>Newest first.</summary>
    public Task<IReadOnlyList<AuditRow>> ListAsync(AuditQuery query, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<AuditRow>)(await connection.QueryAsync<AuditRow>(
                """
                SELECT * FROM audit_log
                WHERE (@Before IS NULL OR id < @Before) AND (@Actor IS NULL OR actor = @Actor) AND (@Action IS NULL OR action = @Action)
                    AND (@Outcome IS NULL OR outcome = @Outcome) AND (@Since IS NULL OR started_at >= @Since) AND (@Until IS NULL OR started_at < @Until)
                ORDER BY id DESC LIMIT @Limit
                """,
                query)).AsList(),
            cancellationToken);
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
