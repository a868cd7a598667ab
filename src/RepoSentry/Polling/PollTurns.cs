using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>Whose turn it is. Those that the adaptive policy places stand in rosters; those that are asked for, new, failing, or at fixed intervals in the schedule.</summary>
internal sealed class PollTurns(CurrentConfig current, TimeProvider time, Func<PolledRepository, bool> canFallBack)
{
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DefaultBlock = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestShown = TimeSpan.FromDays(30);

    private readonly PollSchedule schedule = new();
    private readonly Rosters rosters = new(current, time);
    private readonly ConcurrentDictionary<string, TimeSpan> blockedUntil = new(StringComparer.Ordinal);
    private readonly long startedAt = time.GetTimestamp();
    private IReadOnlyDictionary<string, LookBudget> budgets = new Dictionary<string, LookBudget>();

    /// <summary>Time since the beginning, monotonic.</summary>
    public TimeSpan Now => time.GetElapsedTime(startedAt);

    private PollingConfig Config => current.Value.Polling;

    private FixedStrategy Strategy => field ??= new FixedStrategy(() => Config, repository => budgets.GetValueOrDefault(repository.Provider)?.Stretch ?? 1);

    /// <summary>Time from its last look to the next, as things are.</summary>
    public TimeSpan IntervalOf(PolledRepository repository) =>
        repository is { Roster: not null, Cadence: { } cadence }
            ? TimeSpan.FromSeconds(Math.Clamp(cadence.Interval, 0, LongestShown.TotalSeconds))
            : Strategy.IntervalOf(repository.Config, repository.Archived);

    /// <summary>What the looks of each credential may spend.</summary>
    public IReadOnlyDictionary<string, LookBudget> Budgets => Volatile.Read(ref budgets);

    /// <summary>Why the next look is when it is, in one sentence.</summary>
    public string Why(PolledRepository repository) => repository.Roster is { } roster ? rosters.Why(repository, roster) : repository.DueBecause;

    /// <summary>Places repositories at a start. Never-seen ones at once, in order; the others where they belong in their round.</summary>
    public void Begin(IEnumerable<PolledRepository> repositories)
    {
        Volatile.Write(ref budgets, LookBudget.Of(current.Value));
        var adaptive = new List<PolledRepository>();
        foreach (var repository in repositories.Where(repository => repository.IsWatched))
        {
            var since = repository is { IsKnown: true, LastLookedAt: { } at } ? time.GetUtcNow() - at : (TimeSpan?)null;
            if (since is not null && repository.FailedLooks == 0 && rosters.Takes(repository))
            {
                adaptive.Add(repository);
                continue;
            }

            schedule.Place(repository, Strategy.FirstAt(repository.Config, Now, since, Random.Shared.NextDouble()));
            repository.DueBecause = since is null ? "it was never looked at: at once" : "the service has started: its place in the interval";
        }

        rosters.Start(adaptive, Now);
    }

    /// <summary>Takes whose turn it is; <paramref name="nextAt"/> tells when the next one is.</summary>
    public PolledRepositoryTurn? Take(out TimeSpan? nextAt)
    {
        while (schedule.TakeDue(Now, out nextAt) is { } turn)
        {
            if (BlockedUntil(turn.Repository) is not { } until)
            {
                return turn;
            }

            schedule.Place(turn.Repository, Spread(turn.Repository, until));
            turn.Repository.DueBecause = $"the forge asked credential {turn.Repository.Sources.Credential} to wait";
        }

        if (rosters.Take(Now, BlockedUntil, out var rosterAt) is { } repository)
        {
            return new PolledRepositoryTurn(repository, ++repository.Place);
        }

        nextAt = nextAt is { } at && rosterAt is { } other ? (at < other ? at : other) : nextAt ?? rosterAt;
        return null;
    }

    public bool IsBlocked(PolledRepository repository) => blockedUntil.TryGetValue(repository.Sources.Credential, out var until) && until > Now;

    /// <summary>Places one after its look, whatever came of it.</summary>
    public void After(PolledRepository repository, LookEnd end)
    {
        if (end.Failure is { Error: RefSourceError.RateLimited } limited)
        {
            blockedUntil[repository.Sources.Credential] = Now + (limited.RetryAfter ?? DefaultBlock);
        }

        var next = NextAt(repository, end);
        if (repository.TakeAssignment())
        {
            next = Now;
            repository.DueBecause = "its configuration was changed";
        }

        if (repository.Left)
        {
            rosters.Remove(repository);
        }
        else if (next is { } at && repository.IsWatched)
        {
            rosters.Remove(repository);
            schedule.Place(repository, at);
        }
    }

    /// <summary>Due now, or no place at all if it is not watched. One that is being looked at gets its place afterwards.</summary>
    public void PlaceNow(PolledRepository repository, string because)
    {
        if (repository.Looking)
        {
            return;
        }

        Leave(repository);
        if (repository.IsWatched)
        {
            schedule.Place(repository, Now);
            repository.DueBecause = because;
        }
    }

    public void Leave(PolledRepository repository)
    {
        repository.Place++;
        rosters.Remove(repository);
    }

    /// <summary>Takes over other settings for repositories that are the same as before.</summary>
    public void Adjust(IEnumerable<PolledRepository> repositories)
    {
        var adaptive = new List<PolledRepository>();
        foreach (var repository in repositories.Where(repository => repository is { Looking: false, FailedLooks: 0, IsWatched: true, LastLookedAt: not null }))
        {
            var takes = rosters.Takes(repository);
            if (takes && repository.Roster is null && repository.DueAt > Now)
            {
                repository.Place++;
                adaptive.Add(repository);
            }
            else if (!takes && (repository.Roster is not null || repository.DueAt - Now > IntervalOf(repository)))
            {
                rosters.Remove(repository);
                schedule.Place(repository, Now + (IntervalOf(repository) * Random.Shared.NextDouble())); // also where the interval became shorter
                repository.DueBecause = IntervalReason(repository);
            }
        }

        rosters.Start(adaptive, Now);
        rosters.Adjust(Now);
    }

    /// <returns>Null where the adaptive policy has it.</returns>
    private TimeSpan? NextAt(PolledRepository repository, LookEnd end)
    {
        if (end.TryAgainIn is { } wait)
        {
            repository.Tries++;
            repository.DueBecause = $"the last look failed ({end.Failure?.Message}): try {repository.Tries + 1} of {Config.RetryAttempts}";
            return Now + wait;
        }

        repository.Tries = 0;
        if (end.Result is { } result)
        {
            return AfterResult(repository, result);
        }

        if (end.Failure is not { } failure)
        {
            repository.DueBecause = "the last look could not be stored";
            return Now + StorageRetry; // our own storage failed, or a bug: the snapshot is as it was, so look again
        }

        repository.FailedLooks++;
        repository.DueBecause = failure.RetryAfter is null ? $"looks fail ({repository.FailedLooks} in a row)" : "the forge asked to wait";
        var next = Strategy.AfterFailure(repository.Config, Now, failure.Error, repository.FailedLooks);
        return failure.RetryAfter is { } asked && Now + asked > next ? Spread(repository, Now + asked) : next;
    }

    private TimeSpan? AfterResult(PolledRepository repository, PollResult result)
    {
        var first = repository.LastLookedAt is null;
        repository.FailedLooks = 0;
        repository.LastLookedAt = result.Outcome.StartedAt;
        if (result.Events.Count > 0)
        {
            rosters.Changed(repository, result.Events.SelectMany(item => item.Event.Commits).Max(commit => commit.Timestamp), Now);
        }

        if (result.Earlier.Count > 0)
        {
            rosters.Learn(repository, result.Earlier, Now);
        }

        (var again, repository.AskedAgain) = (repository.AskedAgain, false);
        if (!again && rosters.Takes(repository))
        {
            rosters.Looked(repository, repository.LookingSince, Now);
            return null;
        }

        repository.DueBecause = again ? "asked for while a look was under way" : IntervalReason(repository);
        return again ? Now : Strategy.NextAt(repository.Config, repository.Archived, repository.DueAt, Now, first, Random.Shared.NextDouble());
    }

    private static string IntervalReason(PolledRepository repository) =>
        repository.Archived ? "the forge has archived it: looked at each polling.max_interval"
        : repository.Config.PollingInterval is not null ? "its own polling_interval"
        : "polling.interval";

    private TimeSpan Spread(PolledRepository repository, TimeSpan from) => from + (Strategy.IntervalOf(repository.Config) * Random.Shared.NextDouble() * 0.5);

    private TimeSpan? BlockedUntil(PolledRepository repository) => IsBlocked(repository) && !canFallBack(repository) ? blockedUntil[repository.Sources.Credential] : null;
}
