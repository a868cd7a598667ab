using Dapper;

namespace RepoSentry.Storage;

/// <summary>What operators ask for: dead letters tried again, events sent once more. Both are exempt from the order of lanes.</summary>
internal sealed class RetryStore(IDatabase database, Outbox outbox, TimeProvider time)
{
    /// <summary>Of one transaction, so that it stays short.</summary>
    private const int BatchSize = 200;
    private const int SampleSize = 20;

    /// <summary>In the metadata of an event that a rule kept from its triggers; in a text the quotes would be escaped.</summary>
    private const string SkippedMark = """'%"skipped":{"by":%'""";

    /// <summary>Makes deliveries that were given up wait again: the same delivery, the same idempotency name, its age counted anew.</summary>
    /// <param name="triggers">Those that are configured: only they can send.</param>
    public async Task<RetryResult> RetryAsync(RetryFilter filter, IReadOnlyCollection<string> triggers, bool dryRun, CancellationToken cancellationToken)
    {
        var sample = new List<long>();
        var (count, after) = (0L, 0L);
        while (true)
        {
            var batch = await database.WriteAsync(scope => RetryBatchAsync(scope, filter with { After = after }, triggers, dryRun), cancellationToken);
            foreach (var (trigger, delivery) in batch)
            {
                Tell(trigger, delivery, dryRun);
                after = delivery.Id;
            }

            count += batch.Count;
            sample.AddRange(batch.Take(SampleSize - sample.Count).Select(row => row.Delivery.Id));
            if (batch.Count < BatchSize)
            {
                return new RetryResult(count, dryRun, sample);
            }
        }
    }

    /// <summary>Sends events once more: new deliveries with the event id, the stored bytes, and the idempotency name <c>{id}-rN</c>.</summary>
    /// <param name="triggers">Those that are configured: only they can send.</param>
    public async Task<ReplayResult> ReplayAsync(ReplayFilter filter, IReadOnlyCollection<string> triggers, bool dryRun, CancellationToken cancellationToken)
    {
        var sample = new List<string>();
        var (count, after) = (0L, 0L);
        while (true)
        {
            var (batch, last) = await database.WriteAsync(scope => ReplayBatchAsync(scope, filter with { After = after }, triggers, dryRun), cancellationToken);
            foreach (var (trigger, delivery, _) in batch)
            {
                Tell(trigger, delivery, dryRun);
            }

            count += batch.Count;
            sample.AddRange(batch.Select(row => row.EventId).Distinct(StringComparer.Ordinal).Take(SampleSize - sample.Count));
            if (last is not { } seq)
            {
                return new ReplayResult(count, dryRun, sample);
            }

            after = seq;
        }
    }

    private void Tell(string trigger, OwedDelivery delivery, bool dryRun)
    {
        if (!dryRun)
        {
            outbox.Publish(trigger, delivery);
        }
    }

    private async Task<List<(string Trigger, OwedDelivery Delivery)>> RetryBatchAsync(WriteScope scope, RetryFilter filter, IReadOnlyCollection<string> triggers, bool dryRun)
    {
        var rows = (await scope.Connection.QueryAsync<RetryRow>(
            $"""
            SELECT d.id, d.event_id, d.trigger_name AS "trigger", d.attempts, e.repository_name AS repository, e.ref FROM deliveries d JOIN events e ON e.id = d.event_id
            WHERE d.id > @After AND d.status = @Status AND d.trigger_name IN @triggers
                AND (@Id IS NULL OR d.id = @Id) AND (@Trigger IS NULL OR d.trigger_name = @Trigger) AND (@Repository IS NULL OR e.repository_name = @Repository)
                AND (@Event IS NULL OR d.event_id = @Event) AND (@Since IS NULL OR d.created_at >= @Since) AND (@Until IS NULL OR d.created_at < @Until)
            ORDER BY d.id LIMIT {BatchSize}
            """,
            new { filter.After, filter.Status, triggers, filter.Id, filter.Trigger, filter.Repository, filter.Event, filter.Since, filter.Until },
            scope.Transaction)).AsList();
        var now = time.GetUtcNow();
        if (!dryRun && rows.Count > 0)
        {
            await scope.Connection.ExecuteAsync(
                "UPDATE deliveries SET status = 'waiting', out_of_order = 1, age_from = @now, next_attempt_at = NULL, finished_at = NULL WHERE id IN @ids",
                new { now, ids = rows.Select(row => row.Id) },
                scope.Transaction);
            await EventSettling.SettleAsync(scope, rows.Select(row => row.EventId).Distinct(StringComparer.Ordinal), finishedAt: null);
        }

        return [.. rows.Select(row => (row.Trigger, new OwedDelivery { Id = row.Id, Repository = row.Repository, Ref = row.Ref, Attempts = row.Attempts, CreatedAt = now, OutOfOrder = true }))];
    }

    private async Task<(List<(string Trigger, OwedDelivery Delivery, string EventId)> Owed, long? Last)> ReplayBatchAsync(
        WriteScope scope, ReplayFilter filter, IReadOnlyCollection<string> triggers, bool dryRun)
    {
        var events = (await scope.Connection.QueryAsync<ReplayRow>(
            $"""
            SELECT seq, id, repository_name AS repository, ref, event_type AS type, metadata LIKE {SkippedMark} AS skipped FROM events
            WHERE seq > @After AND (@Id IS NULL OR id = @Id) AND (@Repository IS NULL OR repository_name = @Repository) AND (@Ref IS NULL OR ref = @Ref OR branch_name = @Ref)
                AND (@PullRequest IS NULL OR ref IN {PullRequestRef.Names})
                AND (@Type IS NULL OR event_type = @Type) AND (@Status IS NULL OR status = @Status) AND (@Since IS NULL OR created_at >= @Since) AND (@Until IS NULL OR created_at < @Until)
            ORDER BY seq LIMIT {BatchSize}
            """,
            new { filter.After, filter.Id, filter.Repository, filter.Ref, filter.PullRequest, filter.Type, filter.Status, filter.Since, filter.Until },
            scope.Transaction)).AsList();
        var before = (await scope.Connection.QueryAsync<EarlierRow>(
            $"""
            SELECT event_id, trigger_name AS "trigger", status, replay, id FROM deliveries d WHERE event_id IN @ids AND {EventSettling.IsNewest("d")}
            """,
            new { ids = events.Select(row => row.Id) },
            scope.Transaction)).ToLookup(row => row.EventId, StringComparer.Ordinal);
        var wanted = (from change in events
                      from trigger in Destinations(filter, change, [.. before[change.Id]])
                      where triggers.Contains(trigger)
                      select (Event: change, Trigger: trigger, Earlier: before[change.Id].FirstOrDefault(row => row.Trigger == trigger))).ToList();
        var owed = dryRun
            ? [.. wanted.Select(row => (row.Trigger, new OwedDelivery(), row.Event.Id))]
            : await WriteReplaysAsync(scope, wanted);
        return (owed, events.Count < BatchSize ? null : events[^1].Seq);
    }

    // What still waits would arrive twice, and with a status only those are meant that have it.
    private static IEnumerable<string> Destinations(ReplayFilter filter, ReplayRow change, IReadOnlyList<EarlierRow> earlier)
    {
        if (earlier.Count == 0 && change.Skipped && filter.Trigger is null)
        {
            return filter.OwedTo(change.Repository, change.Type); // a rule kept it from them, which the operator overrules
        }

        var finished = earlier.Where(row => row.Status is not (DeliveryStatus.Waiting or DeliveryStatus.InFlight));
        var alike = filter.Status switch
        {
            EventStatus.Failed => finished.Where(row => row.Status == DeliveryStatus.Dead),
            EventStatus.Delivered => finished.Where(row => row.Status == DeliveryStatus.Delivered),
            EventStatus.Superseded => finished.Where(row => row.Status == DeliveryStatus.Superseded),
            _ => finished,
        };
        return filter.Trigger is not { } named ? alike.Select(row => row.Trigger)
            : earlier.Any(row => row.Trigger == named) ? alike.Where(row => row.Trigger == named).Select(row => row.Trigger)
            : [named];
    }

    private async Task<List<(string Trigger, OwedDelivery Delivery, string EventId)>> WriteReplaysAsync(
        WriteScope scope, List<(ReplayRow Event, string Trigger, EarlierRow? Earlier)> wanted)
    {
        var owed = new List<(string, OwedDelivery, string)>();
        var now = time.GetUtcNow();
        var number = await Sequence.TakeAsync(scope, "deliveries", wanted.Count);
        foreach (var (change, trigger, earlier) in wanted)
        {
            var delivery = new OwedDelivery { Id = number++, Repository = change.Repository, Ref = change.Ref, CreatedAt = now, OutOfOrder = true };
            await scope.Connection.ExecuteAsync(
                """
                INSERT INTO deliveries (id, event_id, trigger_name, created_at, replay, out_of_order, repository_id)
                VALUES (@Id, @eventId, @trigger, @CreatedAt, @replay, 1, (SELECT id FROM repository_states WHERE name = @Repository));
                INSERT INTO delivery_messages (delivery_id, headers, body) SELECT @Id, headers, body FROM delivery_messages WHERE delivery_id = @earlierId;
                """,
                new { delivery.Id, eventId = change.Id, trigger, delivery.CreatedAt, delivery.Repository, replay = (earlier?.Replay ?? 0) + 1, earlierId = earlier?.Id },
                scope.Transaction);
            owed.Add((trigger, delivery, change.Id));
        }

        await EventSettling.SettleAsync(scope, wanted.Select(row => row.Event.Id).Distinct(StringComparer.Ordinal), finishedAt: null);
        return owed;
    }

    private sealed record RetryRow
    {
        public long Id { get; init; }
        public string EventId { get; init; } = "";
        public string Trigger { get; init; } = "";
        public int Attempts { get; init; }
        public string Repository { get; init; } = "";
        public string Ref { get; init; } = "";
    }

    private sealed record ReplayRow
    {
        public long Seq { get; init; }
        public string Id { get; init; } = "";
        public string Repository { get; init; } = "";
        public string Ref { get; init; } = "";
        public string Type { get; init; } = "";
        public bool Skipped { get; init; }
    }

    private sealed record EarlierRow
    {
        public string EventId { get; init; } = "";
        public string Trigger { get; init; } = "";
        public string Status { get; init; } = "";
        public int Replay { get; init; }
        public long Id { get; init; }
    }
}

/// <summary>Which deliveries to try again; null fields do not restrict.</summary>
internal sealed record RetryFilter
{
    public long? Id { get; init; }

    /// <summary>dead or superseded.</summary>
    public string Status { get; init; } = DeliveryStatus.Dead;
    public string? Trigger { get; init; }
    public string? Repository { get; init; }
    public string? Event { get; init; }

    /// <summary>Created at or after.</summary>
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }
    public long After { get; init; }
}

/// <summary>Which events to send once more; null fields do not restrict.</summary>
internal sealed record ReplayFilter
{
    public string? Id { get; init; }
    public string? Repository { get; init; }

    /// <summary>Full or short name.</summary>
    public string? Ref { get; init; }

    /// <summary>Number of a pull request, in the place of a ref.</summary>
    public long? PullRequest { get; init; }
    public string? Type { get; init; }
    public string? Status { get; init; }

    /// <summary>Only to this trigger; also where the event was not owed to it before.</summary>
    public string? Trigger { get; init; }
    public DateTimeOffset? Since { get; init; }
    public DateTimeOffset? Until { get; init; }
    public long After { get; init; }

    /// <summary>The triggers that an event of that repository and type would go to, if no rule kept it from them.</summary>
    public Func<string, string, IReadOnlyList<string>> OwedTo { get; init; } = (_, _) => [];
}

/// <param name="Retried">Deliveries that wait again, or would.</param>
/// <param name="Deliveries">The first of them, at most 20.</param>
internal sealed record RetryResult(long Retried, bool DryRun, IReadOnlyList<long> Deliveries);

/// <param name="Replayed">Deliveries made, or that would be: one for each event and trigger.</param>
/// <param name="Events">The first events, at most 20.</param>
internal sealed record ReplayResult(long Replayed, bool DryRun, IReadOnlyList<string> Events);
