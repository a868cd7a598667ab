using System.Data.Common;
using System.Text.Json;
using Dapper;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>What a look leaves behind: the new snapshot, the events and the deliveries they owe, in one transaction.</summary>
internal sealed class PollStore(IDatabase database, Outbox outbox)
{
    /// <summary>Snapshots of more refs than this are stored as one packed blob.</summary>
    internal const int PackedAbove = 1_000;

    private const int MaxEarlier = 100;

    public Task<RefSnapshot?> LoadSnapshotAsync(long repositoryId, RefKind kind, CancellationToken cancellationToken) =>
        database.ReadAsync(connection => ReadSnapshotAsync(connection, repositoryId, kind), cancellationToken);

    /// <summary>Whether the pull request of that event is on record as closed.</summary>
    public Task<bool> WasClosedAsync(ChangeEvent opened, CancellationToken cancellationToken) => database.ReadAsync(
        async connection => await connection.ExecuteScalarAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM events WHERE branch_name = @Branch AND repository_name = @Repository AND ref = @Ref AND event_type = 'pull_request_closed')",
            EventRow.From(opened, 0, routed: true)),
        cancellationToken);

    /// <exception cref="StaleOwnerException">The shard has a new owner: nothing was kept.</exception>
    public async Task CommitAsync(PollCommit commit, CancellationToken cancellationToken)
    {
        var owed = await database.WriteAsync(
            async scope =>
            {
                await commit.Fence.CheckAsync(scope);
                foreach (var kind in commit.Kinds)
                {
                    await WriteSnapshotAsync(scope, commit.RepositoryId, kind, commit.Outcome.StartedAt);
                }

                await WriteHoldsAsync(scope, commit);
                await UpdateRepositoryAsync(scope, commit);
                await WriteOutcomeAsync(scope, commit.RepositoryId, commit.Outcome);
                return await WriteEventsAsync(scope, commit);
            },
            cancellationToken);

        foreach (var (trigger, delivery) in owed)
        {
            outbox.Publish(trigger, delivery);
        }
    }

    /// <summary>Records a look that does not count. The snapshot stays as it was.</summary>
    public Task RecordFailureAsync(Fence fence, long repositoryId, string status, PollOutcome outcome, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await fence.CheckAsync(scope);
                await scope.Connection.ExecuteAsync(
                    "UPDATE repository_states SET status = @status, error = @Error, updated_at = @StartedAt WHERE id = @repositoryId AND status NOT IN ('paused', 'removed')",
                    new { repositoryId, status, outcome.Error, outcome.StartedAt },
                    scope.Transaction);
                await WriteOutcomeAsync(scope, repositoryId, outcome);
            },
            cancellationToken);

    /// <summary>What is on record of a branch since then, newest first, among the last changes of its repository.</summary>
    public Task<IReadOnlyList<EarlierChange>> LoadEarlierAsync(string repository, string refName, DateTimeOffset since, CancellationToken cancellationToken) =>
        database.ReadAsync<IReadOnlyList<EarlierChange>>(
            async connection => [.. (await connection.QueryAsync<EarlierRow>(
                $"""
                SELECT e.created_at, e.metadata, (SELECT MIN(finished_at) FROM deliveries WHERE event_id = e.id AND status = '{DeliveryStatus.Delivered}') AS delivered_at
                FROM (SELECT seq, id, ref, created_at, metadata FROM events WHERE repository_name = @repository AND event_type IN ('branch_created', 'branch_updated') ORDER BY seq DESC LIMIT {MaxEarlier}) e
                WHERE e.ref = @refName AND e.created_at >= @since ORDER BY e.seq DESC
                """,
                new { repository, refName, since })).Select(row => row.ToChange())],
            cancellationToken);

    internal static async Task<RefSnapshot?> ReadSnapshotAsync(DbConnection connection, long repositoryId, RefKind kind)
    {
        var key = new { repositoryId, kind = kind.Name() };
        var head = await connection.QuerySingleOrDefaultAsync<SnapshotRow>(
            "SELECT validator, packed_refs FROM snapshots WHERE repository_id = @repositoryId AND kind = @kind", key);
        if (head is null)
        {
            return null;
        }

        var refs = head.PackedRefs is not null
            ? PackedRefs.Unpack(head.PackedRefs)
            : [.. (await connection.QueryAsync<RefRow>(
                "SELECT name, commit_sha, tag_object_sha FROM refs WHERE repository_id = @repositoryId AND kind = @kind", key))
                .Select(row => new GitRef(row.Name, row.CommitSha, row.TagObjectSha))
                .OrderBy(item => item.Name, StringComparer.Ordinal)];
        return new RefSnapshot(kind, refs, head.Validator);
    }

    internal static async Task WriteSnapshotAsync(WriteScope scope, long repositoryId, KindCommit kind, DateTimeOffset takenAt)
    {
        var packed = kind.Snapshot.Refs.Count > PackedAbove;
        await scope.Connection.ExecuteAsync(
            """
            INSERT INTO snapshots (repository_id, kind, digest, filter, validator, ref_count, packed_refs, taken_at, whole_count)
            VALUES (@RepositoryId, @Kind, @Digest, @Filter, @Validator, @Count, @Packed, @At, @WholeCount)
            ON CONFLICT (repository_id, kind) DO UPDATE SET digest = excluded.digest, filter = excluded.filter, validator = excluded.validator,
                ref_count = excluded.ref_count, packed_refs = excluded.packed_refs, taken_at = excluded.taken_at,
                whole_count = COALESCE(excluded.whole_count, snapshots.whole_count)
            """,
            new
            {
                RepositoryId = repositoryId,
                Kind = kind.Snapshot.Kind.Name(),
                kind.Digest,
                kind.Filter,
                kind.Snapshot.Validator,
                kind.Snapshot.Refs.Count,
                kind.WholeCount,
                Packed = packed ? PackedRefs.Pack(kind.Snapshot.Refs) : null,
                At = takenAt,
            },
            scope.Transaction);

        var standing = kind.Previous is { Count: > PackedAbove } ? null : kind.Previous; // a packed snapshot has no rows
        var rows = RefRows.Difference(standing, packed ? null : kind.Snapshot.Refs);
        var key = new { RepositoryId = repositoryId, Kind = kind.Snapshot.Kind.Name() };
        if (rows.Gone.Count > 0)
        {
            await scope.Connection.ExecuteAsync(
                "DELETE FROM refs WHERE repository_id = @RepositoryId AND kind = @Kind AND name = @Name",
                rows.Gone.Select(name => new { key.RepositoryId, key.Kind, Name = name }),
                scope.Transaction);
        }

        if (rows.Written.Count > 0)
        {
            await scope.Connection.ExecuteAsync(
                """
                INSERT INTO refs (repository_id, kind, name, commit_sha, tag_object_sha) VALUES (@RepositoryId, @Kind, @Name, @CommitId, @TagObjectId)
                ON CONFLICT (repository_id, kind, name) DO UPDATE SET commit_sha = excluded.commit_sha, tag_object_sha = excluded.tag_object_sha
                """,
                rows.Written.Select(item => new { key.RepositoryId, key.Kind, item.Name, item.CommitId, item.TagObjectId }),
                scope.Transaction);
        }
    }

    private static async Task WriteHoldsAsync(WriteScope scope, PollCommit commit)
    {
        foreach (var drop in commit.Held)
        {
            await HeldDropRows.WriteAsync(scope, commit.RepositoryId, drop);
        }

        foreach (var kind in commit.NoLongerHeld)
        {
            await HeldDropRows.DeleteAsync(scope, commit.RepositoryId, kind);
        }
    }

    private static Task<int> UpdateRepositoryAsync(WriteScope scope, PollCommit commit) =>
        scope.Connection.ExecuteAsync(
            """
            UPDATE repository_states SET
                status = CASE WHEN status IN ('paused', 'removed') THEN status ELSE @Status END,
                error = @Notice, last_checked = @StartedAt,
                last_changed = CASE WHEN @Changed THEN @StartedAt ELSE last_changed END,
                branch_count = COALESCE(@BranchCount, branch_count),
                last_commit_sha = COALESCE(@HeadCommitId, last_commit_sha),
                default_branch = COALESCE(@DefaultBranch, default_branch),
                forge_id = COALESCE(@ForgeId, forge_id),
                archived = @Archived, moved_to = @MovedTo,
                updated_at = @StartedAt
            WHERE id = @RepositoryId
            """,
            new
            {
                commit.RepositoryId,
                commit.Outcome.StartedAt,
                Changed = commit.Events.Count > 0,
                commit.BranchCount,
                commit.HeadCommitId,
                commit.Standing.Status,
                commit.Standing.Notice,
                commit.Standing.DefaultBranch,
                commit.Standing.ForgeId,
                commit.Standing.Archived,
                commit.Standing.MovedTo,
            },
            scope.Transaction);

    private static Task<int> WriteOutcomeAsync(WriteScope scope, long repositoryId, PollOutcome outcome) =>
        scope.Connection.ExecuteAsync(
            """
            INSERT INTO poll_outcomes (repository_id, started_at, duration_ms, outcome, source, changes, error)
            VALUES (@repositoryId, @StartedAt, @Milliseconds, @Outcome, @Source, @Changes, @Error)
            """,
            new { repositoryId, outcome.StartedAt, Milliseconds = outcome.Duration.TotalMilliseconds, outcome.Outcome, outcome.Source, outcome.Changes, outcome.Error },
            scope.Transaction);

    private static async Task<List<(string Trigger, OwedDelivery Delivery)>> WriteEventsAsync(WriteScope scope, PollCommit commit)
    {
        var owed = new List<(string, OwedDelivery)>();
        if (commit.Events.Count == 0)
        {
            return owed;
        }

        var eventNumber = await Sequence.TakeAsync(scope, "events", commit.Events.Count);
        var deliveryNumber = await Sequence.TakeAsync(scope, "deliveries", commit.Events.Sum(routed => routed.Triggers.Count));
        foreach (var (change, triggers) in commit.Events)
        {
            await scope.Connection.ExecuteAsync(
                """
                INSERT INTO events (id, seq, repository_name, event_type, ref, branch_name, before_sha, commit_sha, status, metadata, created_at, processed_at)
                VALUES (@Id, @Seq, @Repository, @Type, @Ref, @Branch, @Before, @After, @Status, @Metadata, @CreatedAt, @ProcessedAt)
                """,
                EventRow.From(change, eventNumber++, triggers.Count > 0),
                scope.Transaction);
            foreach (var trigger in triggers)
            {
                var delivery = new OwedDelivery { Id = deliveryNumber++, Repository = change.Repository.Name, Ref = change.Change.Ref, CreatedAt = change.DetectedAt, Event = change };
                await scope.Connection.ExecuteAsync(
                    "INSERT INTO deliveries (id, event_id, trigger_name, created_at, repository_id) VALUES (@Id, @EventId, @Trigger, @CreatedAt, (SELECT id FROM repository_states WHERE name = @Repository))",
                    new { delivery.Id, EventId = change.Id.ToString(), Trigger = trigger, delivery.CreatedAt, delivery.Repository },
                    scope.Transaction);
                owed.Add((trigger, delivery));
            }
        }

        return owed;
    }

    private sealed record EarlierRow
    {
        public DateTimeOffset CreatedAt { get; init; }
        public DateTimeOffset? DeliveredAt { get; init; }
        public string Metadata { get; init; } = "{}";

        public EarlierChange ToChange()
        {
            var metadata = JsonSerializer.Deserialize(Metadata, StorageJson.Default.EventMetadata)!;
            return new EarlierChange(CreatedAt, EarlierChange.AuthorOf(metadata.Commits.Count > 0 ? metadata.Commits[^1] : null), DeliveredAt, metadata.Skipped?.By == "loop_guard");
        }
    }

    private sealed record SnapshotRow
    {
        public string? Validator { get; init; }
        public byte[]? PackedRefs { get; init; }
    }

    private sealed record RefRow
    {
        public string Name { get; init; } = "";
        public string CommitSha { get; init; } = "";
        public string? TagObjectSha { get; init; }
    }
}

/// <summary>One complete look that found something, ready to be stored.</summary>
internal sealed record PollCommit
{
    public required Fence Fence { get; init; }
    public required long RepositoryId { get; init; }

    /// <summary>The kinds whose snapshot, filter or validator is new.</summary>
    public required IReadOnlyList<KindCommit> Kinds { get; init; }
    public required IReadOnlyList<RoutedEvent> Events { get; init; }
    public required PollOutcome Outcome { get; init; }
    public int? BranchCount { get; init; }

    /// <summary>Head of the default branch, where it is watched.</summary>
    public string? HeadCommitId { get; init; }
    public RepositoryStanding Standing { get; init; } = new(RepositoryStatus.Active);

    /// <summary>Deletions that are not believed yet.</summary>
    public IReadOnlyList<HeldDrop> Held { get; init; } = [];

    /// <summary>Kinds whose hold is over: believed, or the refs are back.</summary>
    public IReadOnlyList<RefKind> NoLongerHeld { get; init; } = [];
}

/// <summary>How a repository stands after a look that counts.</summary>
/// <param name="Status">active, held or archived.</param>
/// <param name="Notice">What an operator should know, in one sentence; null for nothing.</param>
/// <param name="DefaultBranch">Full name; null leaves what was known.</param>
/// <param name="ForgeId">The forge's own id; null leaves what was known.</param>
/// <param name="Archived">The forge says that nobody can push any more.</param>
/// <param name="MovedTo">Where it is now, if not at the URL configured.</param>
internal sealed record RepositoryStanding(
    string Status, string? Notice = null, string? DefaultBranch = null, string? ForgeId = null, bool Archived = false, string? MovedTo = null);

/// <param name="Snapshot">The refs watched.</param>
/// <param name="Digest">SHA-256 over them.</param>
/// <param name="Filter">The filter they were taken with.</param>
/// <param name="Previous">The refs stored before as single rows; null where there were none.</param>
/// <param name="WholeCount">How many refs the kind has, watched or not; null if the look was not at all of it.</param>
internal sealed record KindCommit(RefSnapshot Snapshot, byte[] Digest, string Filter, IReadOnlyList<GitRef>? Previous, int? WholeCount = null);

/// <summary>An event and the triggers it is owed to.</summary>
internal sealed record RoutedEvent(ChangeEvent Event, IReadOnlyList<string> Triggers);

/// <summary>What one look came to.</summary>
/// <param name="StartedAt">When it began (UTC).</param>
/// <param name="Duration">How long it took.</param>
/// <param name="Outcome">baseline, changed, unchanged, held, or the error in snake case.</param>
/// <param name="Source">What was asked: the provider's type, or git for plain Git.</param>
/// <param name="Changes">Events fired.</param>
/// <param name="Error">One sentence; null for a look that counts.</param>
internal sealed record PollOutcome(DateTimeOffset StartedAt, TimeSpan Duration, string Outcome, string Source, int Changes = 0, string? Error = null)
{
    public const string Unchanged = "unchanged";
    public const string Baseline = "baseline";
}
