using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Events;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>One look at one repository: look, compare, enrich, route, commit.</summary>
internal sealed class RepositoryPoller(
    CurrentConfig current, PollStore store, Ownership ownership, TimeProvider time)
{
    private readonly LookComparer comparer = new(store, time);
    private readonly LoopWatch loops = new(store);

    /// <param name="told">What a batch told of it already; null if it is to be asked for.</param>
    /// <exception cref="RefSourceException">The look does not count; the snapshot stays.</exception>
    public async Task<PollResult> PollAsync(PolledRepository repository, IRefSource source, string sourceName, ToldLook? told, CancellationToken cancellationToken)
    {
        var startedAt = time.GetUtcNow() - (told?.Took ?? TimeSpan.Zero);
        var clock = time.GetTimestamp();
        var before = repository.LastSureAt;
        var seen = await comparer.LookAsync(repository, source, isFallback: sourceName != repository.Sources.PrimaryName, told, cancellationToken);
        repository.Learn(seen);
        if (source == repository.Sources.Primary)
        {
            repository.StandIn(null);
        }

        var standing = repository.StandingAfter(seen, time.GetUtcNow());
        if (seen.IsQuiet && standing == repository.Standing)
        {
            return new PollResult(new PollOutcome(startedAt, time.GetElapsedTime(clock) + (told?.Took ?? TimeSpan.Zero), PollOutcome.Unchanged, sourceName), seen.Marks, []) { Seen = seen };
        }

        var (events, found) = await RouteAsync(repository, seen, source, before, startedAt, cancellationToken);
        var outcome = new PollOutcome(startedAt, time.GetElapsedTime(clock) + (told?.Took ?? TimeSpan.Zero), OutcomeOf(seen, repository.LastLookedAt), sourceName, events.Count);
        await CommitAsync(repository, seen, repository.StandingAfter(seen, time.GetUtcNow()), events, outcome);
        return new PollResult(outcome, seen.Marks, events) { Seen = seen, Loops = found, Earlier = told is null ? await EarlierAsync(repository, source, outcome, cancellationToken) : [] };
    }

    // Of one that is new: its last commits tell how often it moves. Not worth what the budget needs for looks.
    private async Task<IReadOnlyList<DateTimeOffset>> EarlierAsync(PolledRepository repository, IRefSource source, PollOutcome outcome, CancellationToken cancellationToken)
    {
        var polling = current.Value.Polling;
        if (outcome.Outcome != PollOutcome.Baseline || polling.Strategy != "adaptive" || source is not ICommitSource forge || source is IRateLimited { Current: { } limit } && limit.Remaining < limit.Limit / 2)
        {
            return [];
        }

        try
        {
            using var timer = new CancellationTokenSource(polling.EnrichTimeout, time);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
            return await forge.RecentAsync(repository.Config.Url, repository.Config.ApiBaseUrl, either.Token);
        }
        catch (Exception unknown) when (unknown is RefSourceException or OperationCanceledException)
        {
            return []; // the policy learns it by and by
        }
    }

    private static string OutcomeOf(Sight seen, DateTimeOffset? before) =>
        seen.Held.Count > 0 ? "held" : seen.Kinds.Count == 0 ? PollOutcome.Unchanged : before is null && seen.Kinds.All(kind => kind.Previous is null) ? PollOutcome.Baseline : "changed";

    private async Task<(IReadOnlyList<RoutedEvent> Events, IReadOnlyList<string> Loops)> RouteAsync(
        PolledRepository repository, Sight seen, IRefSource source, DateTimeOffset? before, DateTimeOffset startedAt, CancellationToken cancellationToken)
    {
        var changes = seen.Kinds.SelectMany(kind => kind.Changes).ToList();
        if (changes.Count == 0)
        {
            return ([], []);
        }

        var told = new RepositoryInfo(
            repository.Config.Name,
            repository.MovedTo ?? repository.Config.Url,
            repository.Config.ProviderType,
            repository.DefaultBranch is null ? null : GitRef.Shorten(repository.DefaultBranch),
            repository.ForgeId);
        var detectedAt = time.GetUtcNow();
        var triggers = current.Value.Triggers;
        var rules = new ChangeRules(repository.Config);
        var wantsCommits = EventRouter.Route(repository.Config, EventType.CommitPushed, triggers).Count > 0;
        var enricher = new ChangeEnricher(
            new EnrichmentSource(source, repository.Config.Url, repository.Config.ApiBaseUrl, current.Value.Polling.EnableApiFallback ? repository.Sources.Fallback : null), rules, wantsCommits, time);
        var events = changes.Select(change => new ChangeEvent
        {
            Id = Guid.Empty,
            Change = change,
            Repository = told,
            DetectedAt = detectedAt,
            DetectionDelay = startedAt - before,
            PullRequest = PullRequestTeller.Of(change, seen.Kinds),
        }).ToList();
        foreach (var at in Enumerable.Range(0, events.Count).Where(at => events[at].Change.Type == EventType.PullRequestOpened))
        {
            events[at] = events[at] with { PullRequest = events[at].PullRequest! with { Reopened = await store.WasClosedAsync(events[at], cancellationToken) } };
        }

        var learnt = await enricher.EnrichAsync(events, DefaultHead(repository, seen), current.Value.Polling.EnrichTimeout, cancellationToken);
        var (judged, found) = await loops.JudgeAsync(repository, learnt, detectedAt, cancellationToken);
        var all = judged.SelectMany(one => wantsCommits ? CommitEvents.Of(one, rules).Append(one.Event) : [one.Event]);
        return ([.. WithIds(all, detectedAt).Select(change => new RoutedEvent(change, change.Skipped is null ? EventRouter.Route(repository.Config, change.Change.Type, triggers) : []))], found);
    }

    // In the order of the events, also where they are of the same millisecond.
    private static IEnumerable<ChangeEvent> WithIds(IEnumerable<ChangeEvent> events, DateTimeOffset at)
    {
        var all = events.ToList();
        var ids = all.Select(_ => Guid.CreateVersion7(at)).OrderBy(id => id.ToString(), StringComparer.Ordinal);
        return all.Zip(ids, (change, id) => change with { Id = id });
    }

    private static string? DefaultHead(PolledRepository repository, Sight seen) =>
        seen.Kinds.Find(kind => kind.Snapshot.Kind == RefKind.Branch)?.Snapshot.Refs.FirstOrDefault(item => item.Name == repository.DefaultBranch).CommitId;

    private async Task CommitAsync(PolledRepository repository, Sight seen, RepositoryStanding standing, IReadOnlyList<RoutedEvent> events, PollOutcome outcome)
    {
        var kinds = new List<KindCommit>();
        foreach (var kind in seen.Kinds)
        {
            var previous = kind.ForgetsRows ? (await store.LoadSnapshotAsync(repository.Id, kind.Snapshot.Kind, CancellationToken.None))?.Refs : kind.Previous;
            kinds.Add(new KindCommit(kind.Snapshot, kind.Digest, kind.Filter, previous, kind.WholeCount));
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
                HeadCommitId = DefaultHead(repository, seen),
                Standing = standing,
                Held = seen.Held,
                NoLongerHeld = seen.NoLongerHeld,
            },
            CancellationToken.None);
        repository.Take(seen, standing, time);
    }
}

/// <param name="Outcome">What the look came to.</param>
/// <param name="Marks">New validators of unchanged snapshots, to be written with the next checkpoint.</param>
/// <param name="Events">What was recorded.</param>
internal sealed record PollResult(PollOutcome Outcome, IReadOnlyList<ValidatorMark> Marks, IReadOnlyList<RoutedEvent> Events)
{
    /// <summary>What it saw.</summary>
    public required Sight Seen { get; init; }

    /// <summary>When commits were made that were there before the first look, as far as the forge was asked.</summary>
    public IReadOnlyList<DateTimeOffset> Earlier { get; init; } = [];

    /// <summary>Refs that seem to start themselves, and were not known to: a sentence each.</summary>
    public IReadOnlyList<string> Loops { get; init; } = [];

    /// <summary>What it tells other watchers of the same remote.</summary>
    public ToldLook ToldOthers => new(Seen.Look, Seen.Asked, Outcome.Duration, Seen.HasValidators);

    /// <summary>Whether it told the polling policy something.</summary>
    public bool IsTelling => Events.Count > 0 || Earlier.Count > 0;
}
