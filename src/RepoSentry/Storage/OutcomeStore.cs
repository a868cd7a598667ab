using Dapper;

namespace RepoSentry.Storage;

/// <summary>What Tekton said of what it accepted. It says it unsigned, in no order, and more than once: each statement moves a run forward, never back.</summary>
internal sealed class OutcomeStore(IDatabase database, TimeProvider time)
{
    /// <summary>Keeps a statement, whether the delivery that it belongs to is known yet or not.</summary>
    public Task RecordAsync(TektonStatement statement, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                """
                INSERT INTO tekton_outcomes (receipt_id, object, kind, namespace, name, state, reason, message, updated_at)
                VALUES (@ReceiptId, @Object, @Kind, @Namespace, @Name, @State, @Reason, @Message, @now)
                ON CONFLICT (receipt_id, object) DO UPDATE SET state = excluded.state, reason = excluded.reason, message = excluded.message, updated_at = excluded.updated_at
                WHERE CASE excluded.state WHEN 'queued' THEN 1 WHEN 'created' THEN 1 WHEN 'running' THEN 2 ELSE 3 END
                    > CASE tekton_outcomes.state WHEN 'queued' THEN 1 WHEN 'created' THEN 1 WHEN 'running' THEN 2 ELSE 3 END
                """,
                new { statement.ReceiptId, statement.Object, statement.Kind, statement.Namespace, statement.Name, statement.State, statement.Reason, statement.Message, now = time.GetUtcNow() },
                scope.Transaction),
            cancellationToken);

    /// <summary>All that was said of these receipts, and whether Tekton ever said anything: only then does silence mean something.</summary>
    public Task<(bool Configured, IReadOnlyList<TektonStatement> Statements)> FindAsync(IReadOnlyCollection<string> receipts, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var configured = await connection.ExecuteScalarAsync<bool>("SELECT EXISTS (SELECT 1 FROM tekton_outcomes)");
                var rows = await connection.QueryAsync<TektonStatement>("SELECT * FROM tekton_outcomes WHERE receipt_id IN @receipts ORDER BY updated_at", new { receipts });
                return (configured, (IReadOnlyList<TektonStatement>)rows.AsList());
            },
            cancellationToken);
}

/// <summary>One statement of Tekton's.</summary>
internal sealed record TektonStatement
{
    /// <summary>The EventListener's eventID, as its 202 told it.</summary>
    public string ReceiptId { get; init; } = "";

    /// <summary>Uid of the run; empty for what the EventListener says of itself.</summary>
    public string Object { get; init; } = "";

    /// <summary>PipelineRun, TaskRun or EventListener.</summary>
    public string Kind { get; init; } = "";
    public string Namespace { get; init; } = "";
    public string Name { get; init; } = "";

    /// <summary>queued, created, running, succeeded or failed.</summary>
    public string State { get; init; } = "";
    public string? Reason { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}
