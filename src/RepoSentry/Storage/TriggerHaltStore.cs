using Dapper;

namespace RepoSentry.Storage;

/// <summary>The spans in which a trigger did not send, over restarts: they are left out of the age of what waited.</summary>
internal sealed class TriggerHaltStore(IDatabase database, TimeProvider time)
{
    public Task<IReadOnlyList<TriggerHalt>> LoadAsync(string trigger, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<TriggerHalt>)(await connection.QueryAsync<TriggerHalt>(
                "SELECT kind, reason, started_at, ended_at FROM trigger_halts WHERE trigger_name = @trigger ORDER BY id", new { trigger })).AsList(),
            cancellationToken);

    /// <summary>Begins a halt of a kind unless one is open.</summary>
    public Task BeginAsync(string trigger, string kind, string reason, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                """
                INSERT INTO trigger_halts (trigger_name, kind, reason, started_at)
                SELECT @trigger, @kind, @reason, @now
                WHERE NOT EXISTS (SELECT 1 FROM trigger_halts WHERE trigger_name = @trigger AND kind = @kind AND ended_at IS NULL)
                """,
                new { trigger, kind, reason, now = time.GetUtcNow() },
                scope.Transaction),
            cancellationToken);

    public Task EndAsync(string trigger, string kind, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                "UPDATE trigger_halts SET ended_at = @now WHERE trigger_name = @trigger AND kind = @kind AND ended_at IS NULL",
                new { trigger, kind, now = time.GetUtcNow() },
                scope.Transaction),
            cancellationToken);
}

/// <summary>A span in which a trigger did not send.</summary>
internal sealed record TriggerHalt
{
    /// <summary>The breaker was open: the receiver failed.</summary>
    public const string Breaker = "breaker";

    /// <summary>Paused, by an operator or because the receiver refused for good; ends only when resumed.</summary>
    public const string Pause = "pause";

    public string Kind { get; init; } = "";
    public string Reason { get; init; } = "";
    public DateTimeOffset StartedAt { get; init; }
    public DateTimeOffset? EndedAt { get; init; }
}
