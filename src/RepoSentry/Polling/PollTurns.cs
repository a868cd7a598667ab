using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>Whose turn it is. Those that the adaptive policy places stand in rosters; those that are asked for, new, failing, or at fixed intervals in the schedule.</summary>
internal sealed class PollTurns(CurrentConfig current, TimeProvider time, Func<PolledRepository, bool> canFallBack)
{
    private const string NeverLookedAt = "it was never looked at: at once";

    // A repository of many refs rarely has few soon; one that was not found may be under another name.
    private static readonly TimeSpan LargeFor = TimeSpan.FromHours(1);
    private static readonly TimeSpan NotToldFor = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DefaultBlock = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestShown = TimeSpan.FromDays(30);

    private readonly PollSchedule schedule = new();
    private readonly Rosters rosters = new(current, time);
    private readonly long startedAt = time.GetTimestamp();
    private IReadOnlyDictionary<string, LookBudget> budgets = new Dictionary<string, LookBudget>();

    /// <summary>Time since the beginning, monotonic.</summary>
    public TimeSpan Now => time.GetElapsedTime(startedAt);

    private CredentialBlocks Blocks => field ??= new CredentialBlocks(() => Now);

    private PollingConfig Config => current.Value.Polling;

    private FixedStrategy Strategy => field ??= new FixedStrategy(() => Config, repository => BudgetOf(repository) is not { } budget ? 1 : repository.PollingInterval is null ? budget.Stretch : budget.PinStretch);

    /// <summary>Time from its last look to the next, as things are.</summary>
    public TimeSpan IntervalOf(PolledRepository repository) =>
        repository.BackOff is { } backOff ? backOff
            : repository is { Roster: not null, Cadence: { } cadence }
            ? TimeSpan.FromSeconds(Math.Clamp(cadence.Interval, 0, LongestShown.TotalSeconds))
            : Strategy.IntervalOf(repository.Config, repository.Archived);

    /// <summary>What the looks of each credential may spend.</summary>
    public IReadOnlyDictionary<string, LookBudget> Budgets => rosters.Budgets.Concat(Volatile.Read(ref budgets)).DistinctBy(one => one.Key, StringComparer.Ordinal).ToDictionary(StringComparer.Ordinal);

    /// <summary>Why the next look is when it is, in one sentence.</summary>
    public string Why(PolledRepository repository)
    {
        var why = repository.Roster is { } roster ? rosters.Why(repository, roster) : repository.DueBecause;
        return WaitOf(repository.Sources.Credential) is not { } wait ? why : GoesByGit(repository) ? $"{wait}; Git is asked in its place: {why}" : wait.ToString();
    }

    /// <summary>How much longer a credential waits, and why; null if it does not.</summary>
    public CredentialWait? WaitOf(string credential) => Blocks.Of(credential);

    /// <summary>Time until the next look, as things are.</summary>
    public TimeSpan Until(PolledRepository repository)
    {
        var due = repository.DueAt - Now;
        return WaitOf(repository.Sources.Credential) is { } wait && wait.Left > due && !GoesByGit(repository) ? wait.Left : due;
    }

    private bool GoesByGit(PolledRepository repository) => canFallBack(repository) && repository.Roster is null or { Budget.Way: LookWay.Single };

    /// <summary>Places repositories at a start. Never-seen ones at once, in order; the others where they belong in their round.</summary>
    public void Begin(IEnumerable<PolledRepository> repositories)
    {
        Volatile.Write(ref budgets, LookBudget.Of(current.Value));
        var (seen, never) = (new HashSet<PolledRepository>(), new List<PolledRepository>());
        foreach (var repository in repositories.Where(repository => repository.IsWatched))
        {
            var since = repository is { IsKnown: true, LastLookedAt: { } at } ? time.GetUtcNow() - at : (TimeSpan?)null;
            if (repository.FailedLooks == 0 && rosters.Takes(repository))
            {
                (since is null ? (ICollection<PolledRepository>)never : seen).Add(repository);
                continue;
            }

            schedule.Place(repository, Strategy.FirstAt(repository.Config, Now, since, Random.Shared.NextDouble()));
            repository.DueBecause = since is null ? NeverLookedAt : "the service has started: its place in the interval";
        }

        foreach (var repository in rosters.Start(seen, never, Now))
        {
            schedule.Place(repository, Now);
            repository.DueBecause = NeverLookedAt;
        }
    }

    /// <summary>Takes whose turn it is; <paramref name="nextAt"/> tells when the next one is.</summary>
    public PollTurn? Take(out TimeSpan? nextAt)
    {
        var turn = Next(out nextAt);
        if (turn is not null)
        {
            Blocks.Begin(turn.Credential, turn.Asker);
        }

        return turn;
    }

    private PollTurn? Next(out TimeSpan? nextAt)
    {
        while (schedule.TakeDue(Now, out nextAt) is { } turn)
        {
            if (BlockedUntil(turn.Repository, strictly: false) is not { } until)
            {
                return new PollTurn.One(turn);
            }

            schedule.Place(turn.Repository, Spread(turn.Repository, until));
            turn.Repository.DueBecause = $"the forge asked credential {turn.Repository.Sources.Credential} to wait";
        }

        if (rosters.Take(Now, BlockedUntil, out var rosterAt) is { } next)
        {
            return next;
        }

        nextAt = nextAt is { } at && rosterAt is { } other ? (at < other ? at : other) : nextAt ?? rosterAt;
        return null;
    }

    public bool IsBlocked(PolledRepository repository) => Blocks.Until(repository.Sources.Credential, repository) is not null;

    /// <summary>Places one after its look, whatever came of it.</summary>
    public void After(PolledRepository repository, LookEnd end)
    {
        if (end is { Failure: { Error: RefSourceError.RateLimited } limited, WasBlocked: false })
        {
            Blocks.Add(repository.Sources.Credential, limited.RetryAfter ?? DefaultBlock, limited.Message);
        }

        Blocks.End(repository.Sources.Credential, repository);

        if (end.InCompany != Company.Usual)
        {
            repository.AloneUntil = end.InCompany switch { Company.TooLarge => Now + LargeFor, Company.NotTold => Now + NotToldFor, _ => repository.AloneUntil };
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
            schedule.Place(repository, Now, first: repository.IsAsked);
            repository.DueBecause = because;
        }
    }

    /// <summary>Takes one out whose remote is looked at in another's turn; its due time stays, for a look that comes to nothing.</summary>
    public static void Withdraw(PolledRepository repository)
    {
        repository.Place++;
        repository.MemberOf?.Withdraw(repository);
    }

    public void Leave(PolledRepository repository)
    {
        repository.Place++;
        rosters.Remove(repository);
    }

    /// <summary>Takes over other settings for repositories that are the same as before.</summary>
    public void Adjust(IEnumerable<PolledRepository> repositories)
    {
        Volatile.Write(ref budgets, LookBudget.Of(current.Value));
        var adaptive = new HashSet<PolledRepository>();
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

        _ = rosters.Start(adaptive, [], Now);
        rosters.Adjust(Now);
    }

    /// <summary>Takes note of what the forge said to a batch or to lists.</summary>
    public void Answered(PollTurn turn, Roster roster, RefSourceException? failure)
    {
        if (failure is { Error: RefSourceError.RateLimited } limited)
        {
            Blocks.Add(roster.Credential, limited.RetryAfter ?? DefaultBlock, limited.Message);
        }

        Blocks.End(roster.Credential, turn);
        rosters.Answered(roster, failure, Now);
    }

    /// <summary>Takes note of lists of pushes; null if they were not read.</summary>
    public void Listed(PollTurn.List turn, ListResult? result) => rosters.Listed(turn, result, Now);

    /// <returns>Null where the adaptive policy has it.</returns>
    private TimeSpan? NextAt(PolledRepository repository, LookEnd end)
    {
        if (end.InCompany is not (Company.Usual or Company.NotShared) && repository is { IsWatched: true, AskedAgain: false } && rosters.Takes(repository))
        {
            rosters.Return(repository, Now);
            return null;
        }

        if (end.InCompany == Company.NotShared)
        {
            (var again, repository.AskedAgain) = (repository.AskedAgain, false);
            return again ? Now : rosters.PutBack(repository) ? null : repository.DueAt;
        }

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
        repository.DueBecause = failure is { RetryAfter: not null, Error: RefSourceError.RateLimited or RefSourceError.Unavailable } ? "the forge asked to wait" : $"looks fail ({repository.FailedLooks} in a row)";
        var next = Strategy.AfterFailure(repository.Config, Now, failure.Error, repository.FailedLooks);
        next = failure.RetryAfter is { } asked && Now + asked > next ? Spread(repository, Now + asked) : next;
        repository.BackOff = next - Now;
        return next;
    }

    private TimeSpan? AfterResult(PolledRepository repository, PollResult result)
    {
        var first = repository.LastLookedAt is null;
        (repository.FailedLooks, repository.BackOff) = (0, null);
        repository.LastLookedAt = result.Outcome.StartedAt;
        if (result.Events.Count > 0)
        {
            rosters.Changed(repository, result.Events.SelectMany(item => item.Event.Commits).Max(commit => commit.Timestamp), Now);
        }

        if (result.Earlier.Count > 0)
        {
            rosters.Learn(repository, result.Earlier, Now);
        }

        if (repository.Owner is { } owner)
        {
            repository.Listed.Looked(time.GetUtcNow() - (Now - repository.LookingSince) + owner.Skew, found: result.Outcome.Outcome != PollOutcome.Unchanged);
        }

        (var again, repository.AskedAgain) = (repository.AskedAgain, false);
        if (!again && rosters.Takes(repository))
        {
            rosters.Looked(repository, repository.LookingSince, Now);
            return null;
        }

        repository.DueBecause = again ? "asked for while a look was under way" : IntervalReason(repository);
        return again ? Now : Strategy.NextAt(repository.Config, repository.Archived, repository.LookingSince < repository.DueAt ? repository.LookingSince : repository.DueAt, Now, first, Random.Shared.NextDouble()); // one looked at in another's turn was not due
    }

    private LookBudget? BudgetOf(RepositoryConfig repository) => rosters.Budgets.GetValueOrDefault(repository.Provider) ?? budgets.GetValueOrDefault(repository.Provider);

    private string IntervalReason(PolledRepository repository)
    {
        if (repository.Archived)
        {
            return "the forge has archived it: looked at each polling.max_interval";
        }

        var (key, stretch) = repository.Config.PollingInterval is not null ? ("its own polling_interval", BudgetOf(repository.Config)?.PinStretch ?? 1) : ("polling.interval", BudgetOf(repository.Config)?.Stretch ?? 1);
        return stretch <= 1 ? key : string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{key}, {stretch:0.##} times as long: the budget of credential {repository.Config.Provider} is short");
    }

    private TimeSpan Spread(PolledRepository repository, TimeSpan from) => from + (Strategy.IntervalOf(repository.Config) * Random.Shared.NextDouble() * 0.5);

    // A new turn is nobody's yet: whoever scouts has one already.
    private TimeSpan? BlockedUntil(PolledRepository repository, bool strictly) => !strictly && canFallBack(repository) ? null : Blocks.Until(repository.Sources.Credential);
}
