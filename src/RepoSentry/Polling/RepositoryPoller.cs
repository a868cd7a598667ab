using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>One look at one repository: look, compare, enrich, route, commit.</summary>
internal sealed class RepositoryPoller(
    PollingConfig config, IReadOnlyList<TriggerConfig> triggers, PollStore store, Ownership ownership, TimeProvider time)
{
    /// <exception cref="RefSourceException">The look does not count; the snapshot stays.</exception>
    public async Task<PollResult> PollAsync(PolledRepository repository, IRefSource source, string sourceName, CancellationToken cancellationToken)
    {
        var startedAt = time.GetUtcNow();
        var clock = time.GetTimestamp();
        var before = repository.LastLookedAt;
        var seen = await LookAsync(repository, source, isFallback: sourceName != repository.Sources.PrimaryName, cancellationToken);
        repository.DefaultBranch = seen.DefaultBranch ?? repository.DefaultBranch;
        repository.ForgeId = seen.ForgeId ?? repository.ForgeId;
        if (seen.Kinds.Count == 0)
        {
            var quiet = new PollOutcome(startedAt, time.GetElapsedTime(clock), "unchanged", sourceName);
            if (repository.FailedLooks > 0)
            {
                await store.RecordRecoveryAsync(ownership.Claim(repository.Shard), repository.Id, quiet, CancellationToken.None);
            }

            return new PollResult(quiet, seen.Marks, []);
        }

        var changes = seen.Kinds.SelectMany(kind => kind.Changes).ToList();
        var events = await RouteAsync(repository, changes, source, startedAt - before, cancellationToken);
        var outcome = new PollOutcome(startedAt, time.GetElapsedTime(clock), before is null ? "baseline" : "changed", sourceName, events.Count);
        await CommitAsync(repository, seen, events, outcome);
        return new PollResult(outcome, [], events);
    }

    private async Task<Sight> LookAsync(PolledRepository repository, IRefSource source, bool isFallback, CancellationToken cancellationToken)
    {
        var wanted = repository.Filters.Where(pair => !pair.Value.MatchesNothing).Select(pair => Ask(repository, pair.Key)).ToList();
        var look = await source.LookAsync(new RefLookRequest(repository.Config.Url, wanted, repository.Config.ApiBaseUrl), cancellationToken);
        var sight = new Sight(look.DefaultBranch, look.ForgeId, isFallback);
        foreach (var kind in look.Kinds)
        {
            if (await CompareAsync(repository, kind, sight, cancellationToken) is not { } compared)
            {
                continue;
            }

            // A known ref that is missing is believed only of an unconditional look at the whole kind.
            var asked = wanted.Find(request => request.Kind == kind.Kind)!;
            if (compared.Changes.Any(change => change.After is null) && (asked.Validator is not null || asked.Prefixes.Count > 0))
            {
                var whole = await source.LookAsync(
                    new RefLookRequest(repository.Config.Url, [new KindRequest(kind.Kind, [], null)], repository.Config.ApiBaseUrl), cancellationToken);
                compared = await CompareAsync(repository, whole.Kinds[0], sight, cancellationToken);
            }

            if (compared is not null)
            {
                sight.Kinds.Add(compared);
            }
        }

        ForgetUnwatched(repository, sight);
        return sight;
    }

    private static KindRequest Ask(PolledRepository repository, RefKind kind)
    {
        var filter = repository.Filters[kind];
        var held = repository.Heads.GetValueOrDefault(kind);
        return new KindRequest(kind, filter.Prefixes(kind), held?.Filter == filter.Text ? held.Validator : null);
    }

    /// <summary>Null if the kind is as it was.</summary>
    private async Task<KindSight?> CompareAsync(PolledRepository repository, KindLook look, Sight sight, CancellationToken cancellationToken)
    {
        if (look.Snapshot is null)
        {
            return null;
        }

        var filter = repository.Filters[look.Kind];
        var watched = new RefSnapshot(look.Kind, [.. look.Snapshot.Refs.Where(item => filter.Matches(item.Name))], sight.IsFallback ? null : look.Snapshot.Validator);
        var digest = RefDigest.Of(watched.Refs);
        var held = repository.Heads.GetValueOrDefault(look.Kind);
        if (held is not null && held.Filter == filter.Text && digest.AsSpan().SequenceEqual(held.Digest))
        {
            if (sight.IsFallback)
            {
                return null; // the primary's validator still belongs to these refs
            }

            repository.Heads[look.Kind] = held with { Validator = watched.Validator };
            sight.Marks.Add(new ValidatorMark(look.Kind, digest, watched.Validator));
            return null;
        }

        var previous = held is null ? null : await store.LoadSnapshotAsync(repository.Id, look.Kind, cancellationToken);
        return new KindSight(watched, digest, filter.Text, previous?.Refs, Changes(repository, held, previous, watched, filter));
    }

    // What was not watched before is a silent baseline, unless the repository itself is new and asks for its refs to be fired.
    private static IReadOnlyList<RefChange> Changes(PolledRepository repository, SnapshotHead? held, RefSnapshot? previous, RefSnapshot watched, RefFilter filter)
    {
        if (held is not null && previous is not null)
        {
            return RefDiff.Between(previous, RefFilter.Parse(held.Filter), watched, filter);
        }

        return repository.Config.EmitOnFirstPoll && !repository.IsKnown
            ? [.. watched.Refs.Select(item => new RefChange(watched.Kind, item.Name, null, item.CommitId))]
            : [];
    }

    // A kind that is no longer watched is forgotten, so that watching it again is a new baseline.
    private static void ForgetUnwatched(PolledRepository repository, Sight sight)
    {
        foreach (var (kind, held) in repository.Heads)
        {
            if (held.Filter != RefFilter.None.Text && repository.Filters.TryGetValue(kind, out var filter) && filter.MatchesNothing)
            {
                var nothing = new RefSnapshot(kind, []);
                sight.Kinds.Add(new KindSight(nothing, RefDigest.Of([]), RefFilter.None.Text, null, []) { ForgetsRows = true });
            }
        }
    }

    private async Task<IReadOnlyList<RoutedEvent>> RouteAsync(
        PolledRepository repository, List<RefChange> changes, IRefSource source, TimeSpan? delay, CancellationToken cancellationToken)
    {
        if (changes.Count == 0)
        {
            return [];
        }

        var told = new RepositoryInfo(
            repository.Config.Name,
            repository.Config.Url,
            repository.Config.ProviderType,
            repository.DefaultBranch is null ? null : GitRef.Shorten(repository.DefaultBranch),
            repository.ForgeId);
        var detectedAt = time.GetUtcNow();
        var events = changes.Select(change => new ChangeEvent
        {
            Id = Guid.CreateVersion7(detectedAt),
            Change = change,
            Repository = told,
            DetectedAt = detectedAt,
            DetectionDelay = delay,
        }).ToList();
        var enriched = await ChangeEnricher.EnrichAsync(events, source, repository.Config.ApiBaseUrl, config.EnrichTimeout, time, cancellationToken);
        return [.. enriched.Select(change => new RoutedEvent(change, EventRouter.Route(repository.Config, change.Change.Type, triggers)))];
    }

    private async Task CommitAsync(PolledRepository repository, Sight seen, IReadOnlyList<RoutedEvent> events, PollOutcome outcome)
    {
        var kinds = new List<KindCommit>();
        foreach (var kind in seen.Kinds)
        {
            var previous = kind.ForgetsRows ? (await store.LoadSnapshotAsync(repository.Id, kind.Snapshot.Kind, CancellationToken.None))?.Refs : kind.Previous;
            kinds.Add(new KindCommit(kind.Snapshot, kind.Digest, kind.Filter, previous));
        }

        var branches = seen.Kinds.Find(kind => kind.Snapshot.Kind == RefKind.Branch)?.Snapshot;
        await store.CommitAsync(
            new PollCommit
            {
                Fence = ownership.Claim(repository.Shard),
                RepositoryId = repository.Id,
                Kinds = kinds,
                Events = events,
                Outcome = outcome,
                BranchCount = branches?.Refs.Count,
                HeadCommitId = branches?.Refs.FirstOrDefault(item => item.Name == repository.DefaultBranch).CommitId,
                DefaultBranch = repository.DefaultBranch,
                ForgeId = repository.ForgeId,
            },
            CancellationToken.None);
        foreach (var kind in seen.Kinds)
        {
            repository.Heads[kind.Snapshot.Kind] = new SnapshotHead(kind.Digest, kind.Filter, kind.Snapshot.Validator, kind.Snapshot.Refs.Count);
        }
    }

    private sealed class Sight(string? defaultBranch, string? forgeId, bool isFallback)
    {
        public bool IsFallback => isFallback;
        public string? DefaultBranch => defaultBranch;
        public string? ForgeId => forgeId;

        /// <summary>The kinds that must be stored anew.</summary>
        public List<KindSight> Kinds { get; } = [];

        /// <summary>New validators of snapshots that are as they were.</summary>
        public List<ValidatorMark> Marks { get; } = [];
    }

    private sealed record KindSight(RefSnapshot Snapshot, byte[] Digest, string Filter, IReadOnlyList<GitRef>? Previous, IReadOnlyList<RefChange> Changes)
    {
        public bool ForgetsRows { get; init; }
    }
}

/// <param name="Outcome">What the look came to.</param>
/// <param name="Marks">New validators of unchanged snapshots, to be written with the next checkpoint.</param>
/// <param name="Events">What was recorded.</param>
internal sealed record PollResult(PollOutcome Outcome, IReadOnlyList<ValidatorMark> Marks, IReadOnlyList<RoutedEvent> Events);
