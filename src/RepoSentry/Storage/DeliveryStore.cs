using System.Text.Json;
using Dapper;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>The outbox as the owner of a trigger sees it: what is owed, what is being tried, how each attempt ended.</summary>
internal sealed class DeliveryStore(IDatabase database, TimeProvider time)
{
    /// <summary>
    /// Everything that the trigger is owed, in order. What was in flight when its owner died may or may not have arrived: that stands on record, and it
    /// waits again.
    /// </summary>
    public Task<IReadOnlyList<OwedDelivery>> TakeOverAsync(Fence fence, string trigger, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await fence.CheckAsync(scope);
                await scope.Connection.ExecuteAsync(
                    """
                    INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome, error, ambiguous)
                    SELECT id, attempts, COALESCE(next_attempt_at, created_at), 'interrupted', 'the service ended before the answer was recorded: it may have arrived, and is sent again with the same id', 1
                    FROM deliveries WHERE trigger_name = @trigger AND status = 'in_flight'
                    """,
                    new { trigger },
                    scope.Transaction);
                var owed = await scope.Connection.QueryAsync<OwedDelivery>(
                    """
                    SELECT d.id, e.repository_name AS repository, e.ref, d.status, d.attempts, d.next_attempt_at, d.out_of_order, COALESCE(d.age_from, d.created_at) AS created_at,
                        COALESCE((SELECT a.outcome FROM delivery_attempts a WHERE a.delivery_id = d.id ORDER BY a.id DESC LIMIT 1), '') = 'try_later' AS held
                    FROM deliveries d JOIN events e ON e.id = d.event_id
                    WHERE d.trigger_name = @trigger AND d.status IN ('waiting', 'in_flight') ORDER BY d.id
                    """,
                    new { trigger },
                    scope.Transaction);
                await scope.Connection.ExecuteAsync(
                    "UPDATE deliveries SET status = 'waiting', next_attempt_at = NULL WHERE trigger_name = @trigger AND status = 'in_flight'", new { trigger }, scope.Transaction);
                return (IReadOnlyList<OwedDelivery>)owed.AsList();
            },
            cancellationToken);

    /// <summary>What an attempt needs: the event, and the message if it was rendered before.</summary>
    public Task<DeliveryWork> LoadAsync(long deliveryId, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection =>
            {
                var row = await connection.QuerySingleAsync<WorkRow>(
                    """
                    SELECT m.headers, m.body, d.replay, e.id, e.repository_name AS repository, e.ref, e.before_sha AS "before", e.commit_sha AS "after", e.metadata, e.created_at
                    FROM deliveries d JOIN events e ON e.id = d.event_id LEFT JOIN delivery_messages m ON m.delivery_id = d.id WHERE d.id = @deliveryId
                    """,
                    new { deliveryId });
                var message = row.Body is null ? null : new TriggerMessage(JsonSerializer.Deserialize(row.Headers!, StorageJson.Default.IReadOnlyDictionaryStringString)!, row.Body);
                return new DeliveryWork(row.Event.ToEvent(), message, row.Replay);
            },
            cancellationToken);

    /// <summary>Marks the attempt and, the first time, keeps the message. Durable before the first byte leaves.</summary>
    public Task BeginAttemptAsync(Fence fence, long deliveryId, int number, TriggerMessage? rendered, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await fence.CheckAsync(scope);
                await scope.Connection.ExecuteAsync(
                    "UPDATE deliveries SET status = 'in_flight', attempts = @number, next_attempt_at = @now WHERE id = @deliveryId",
                    new { deliveryId, number, now = time.GetUtcNow() },
                    scope.Transaction);
                if (rendered is not null)
                {
                    await scope.Connection.ExecuteAsync(
                        "INSERT INTO delivery_messages (delivery_id, headers, body) VALUES (@deliveryId, @headers, @Body)",
                        new { deliveryId, headers = JsonSerializer.Serialize(rendered.Headers, StorageJson.Default.IReadOnlyDictionaryStringString), rendered.Body },
                        scope.Transaction);
                }
            },
            cancellationToken);

    /// <summary>Records how an attempt ended, and with it what becomes of the delivery and its event.</summary>
    public Task RecordAsync(Fence fence, AttemptRecord attempt, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await fence.CheckAsync(scope);
                await WriteAttemptAsync(scope, attempt);
                await scope.Connection.ExecuteAsync(
                    """
                    UPDATE deliveries SET status = @DeliveryStatus, next_attempt_at = @NextAttemptAt, receipt_id = COALESCE(@ReceiptId, receipt_id),
                        last_status = @HttpStatus, last_error = @Error, finished_at = @FinishedAt
                    WHERE id = @DeliveryId
                    """,
                    attempt,
                    scope.Transaction);
                if (attempt.FinishedAt is not null)
                {
                    await EventSettling.SettleOwnerAsync(scope, attempt.DeliveryId, attempt.FinishedAt.Value);
                }
            },
            cancellationToken);

    /// <summary>Records that a newer event of the lane took their place.</summary>
    public Task SupersedeAsync(Fence fence, IReadOnlyList<long> deliveryIds, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await fence.CheckAsync(scope);
                var now = time.GetUtcNow();
                foreach (var id in deliveryIds)
                {
                    await scope.Connection.ExecuteAsync(
                        "UPDATE deliveries SET status = 'superseded', next_attempt_at = NULL, finished_at = @now WHERE id = @id", new { id, now }, scope.Transaction);
                    await EventSettling.SettleOwnerAsync(scope, id, now);
                }
            },
            cancellationToken);

    /// <summary>Makes what is owed to triggers that the configuration no longer has dead letters, with that reason.</summary>
    /// <returns>How many there were.</returns>
    public Task<int> BuryRemovedAsync(IReadOnlyCollection<string> triggers, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                var owed = (await scope.Connection.QueryAsync<(long Id, string Trigger)>(
                    "SELECT id, trigger_name FROM deliveries WHERE status IN ('waiting', 'in_flight')", transaction: scope.Transaction)).Where(row => !triggers.Contains(row.Trigger)).ToList();
                var now = time.GetUtcNow();
                foreach (var (id, trigger) in owed)
                {
                    await scope.Connection.ExecuteAsync(
                        "UPDATE deliveries SET status = 'dead', next_attempt_at = NULL, last_error = @reason, finished_at = @now WHERE id = @id",
                        new { id, now, reason = $"trigger {trigger} was removed from the configuration" },
                        scope.Transaction);
                    await EventSettling.SettleOwnerAsync(scope, id, now);
                }

                return owed.Count;
            },
            cancellationToken);

    // Probes of an open breaker are folded into one counted record.
    private static async Task WriteAttemptAsync(WriteScope scope, AttemptRecord attempt)
    {
        if (attempt.Probe && await scope.Connection.ExecuteAsync(
            """
            UPDATE delivery_attempts SET probes = probes + 1, number = @Number, started_at = @StartedAt, duration_ms = @Milliseconds, outcome = @Outcome,
                http_status = @HttpStatus, error = @Error, answer = @Answer, ambiguous = @Ambiguous, phases = @PhasesJson
            WHERE id = (SELECT MAX(id) FROM delivery_attempts WHERE delivery_id = @DeliveryId) AND probes > 0 AND outcome = @Outcome
            """,
            attempt,
            scope.Transaction) > 0)
        {
            return;
        }

        await scope.Connection.ExecuteAsync(
            """
            INSERT INTO delivery_attempts (delivery_id, number, probes, started_at, duration_ms, outcome, http_status, error, answer, ambiguous, phases)
            VALUES (@DeliveryId, @Number, @Probe, @StartedAt, @Milliseconds, @Outcome, @HttpStatus, @Error, @Answer, @Ambiguous, @PhasesJson)
            """,
            attempt,
            scope.Transaction);
    }

    private sealed record WorkRow
    {
        public string? Headers { get; init; }
        public byte[]? Body { get; init; }
        public int Replay { get; init; }
        public string Id { get; init; } = "";
        public string Repository { get; init; } = "";
        public string Ref { get; init; } = "";
        public string? Before { get; init; }
        public string After { get; init; } = "";
        public string Metadata { get; init; } = "{}";
        public DateTimeOffset CreatedAt { get; init; }

        public EventRow Event => new() { Id = Id, Repository = Repository, Ref = Ref, Before = Before, After = After, Metadata = Metadata, CreatedAt = CreatedAt };
    }
}

/// <param name="Event">What happened.</param>
/// <param name="Message">What was rendered at the first attempt; null before it.</param>
/// <param name="Replay">How many times an operator has asked for a replay.</param>
internal sealed record DeliveryWork(ChangeEvent Event, TriggerMessage? Message, int Replay);

/// <summary>How an attempt ended.</summary>
internal sealed record AttemptRecord
{
    public required long DeliveryId { get; init; }

    /// <summary>1 for the first attempt.</summary>
    public required int Number { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required TimeSpan Duration { get; init; }

    /// <summary>accepted, try_again, try_later (the receiver said when) or give_up.</summary>
    public required string Outcome { get; init; }

    /// <summary>Status of the delivery from now on.</summary>
    public required string DeliveryStatus { get; init; }
    public int? HttpStatus { get; init; }
    public string? Error { get; init; }
    public string? Answer { get; init; }
    public string? ReceiptId { get; init; }
    public bool Ambiguous { get; init; }

    /// <summary>Where the time went; null where the destination does not tell.</summary>
    public AttemptPhases? Phases { get; init; }

    /// <summary>Sent to learn whether an open breaker may close.</summary>
    public bool Probe { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Set when the delivery is finished.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    public double Milliseconds => Duration.TotalMilliseconds;

    public string? PhasesJson => Phases is null ? null : JsonSerializer.Serialize(Phases, StorageJson.Default.AttemptPhases);
}
