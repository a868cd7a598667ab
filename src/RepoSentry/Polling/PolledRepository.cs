using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling.Strategies;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>A repository as its owner keeps it in memory: configuration, what the last look left, and its place in the schedule.</summary>
internal sealed class PolledRepository(WatchedRepository watched, RefSources sources, string shard)
{
    private readonly Dictionary<RefKind, (DateTimeOffset Since, TimeSpan Before, long Mark)> holdClocks = [];

    private RepositoryAssignment? next;
    private DateTimeOffset[] beginnings = [];
    private bool begins = true;

    public RepositoryConfig Config { get; private set; } = watched.Config;
    public long Id { get; } = watched.Stored.Id;
    public string Shard { get; private set; } = shard;
    public RefSources Sources { get; private set; } = sources;

    /// <summary>An operator paused it.</summary>
    public bool Paused
    {
        get;
        set
        {
            begins |= field != value;
            field = value;
        }
    } = watched.Stored.Paused;

    /// <summary>It left the configuration: never looked at again.</summary>
    public bool Left { get; set; }

    /// <summary>Whether it is looked at.</summary>
    public bool IsWatched => Config.Enabled && !Paused && !Left;

    /// <summary>The snapshots held, by kind; without entry for a kind never looked at.</summary>
    public ConcurrentDictionary<RefKind, SnapshotHead> Heads { get; } = new(watched.Heads);

    /// <summary>Deletions that are not believed yet, by kind.</summary>
    public ConcurrentDictionary<RefKind, HeldDrop> Held { get; } = new(watched.Held.ToDictionary(drop => drop.Kind));

    /// <summary>Refs that seem to start themselves.</summary>
    public LoopGuard Loops { get; } = new();

    /// <summary>What the last look saw, by kind.</summary>
    public ConcurrentDictionary<RefKind, SeenKind> Seen { get; } = new();

    /// <summary>When an operator last said that what is held is really gone.</summary>
    public DateTimeOffset? ReleasedAt { get; set; } = watched.Held.Max(drop => drop.ReleasedAt);

    /// <summary>The filters in force, by kind.</summary>
    public IReadOnlyDictionary<RefKind, RefFilter> Filters { get; private set; } = FiltersOf(watched.Config);

    private static Dictionary<RefKind, RefFilter> FiltersOf(RepositoryConfig config) => new()
    {
        [RefKind.Branch] = RefFilter.For(config, RefKind.Branch),
        [RefKind.Tag] = RefFilter.For(config, RefKind.Tag),
        [RefKind.PullRequest] = RefFilter.For(config, RefKind.PullRequest),
    };

    public string? DefaultBranch { get; private set; } = watched.Stored.DefaultBranch;
    public string? ForgeId { get; private set; } = watched.Stored.ForgeId;
    public bool Archived { get; private set; } = watched.Stored.Archived;

    /// <summary>Where it is now, if the forge renamed or moved it.</summary>
    public Uri? MovedTo { get; private set; } = watched.Stored.MovedTo is { } moved ? new Uri(moved) : null;
    public DateTimeOffset? LastLookedAt { get; set; } = watched.Stored.LastChecked;

    /// <summary>What is stored of how it stands.</summary>
    public RepositoryStanding Standing { get; private set; } = new(
        watched.Stored.Status, watched.Stored.Error, watched.Stored.DefaultBranch, watched.Stored.ForgeId, watched.Stored.Archived, watched.Stored.MovedTo);

    /// <summary>Whether a complete look was ever stored.</summary>
    public bool IsKnown => !Heads.IsEmpty;

    /// <summary>When the next look is due, monotonic.</summary>
    public TimeSpan DueAt { get; set; }

    /// <summary>Why the next look is when it is, in one sentence.</summary>
    public string DueBecause { get; set; } = "never looked at: at once";

    /// <summary>How often it changes, and its place in the adaptive policy; null before the policy knows it.</summary>
    public Cadence? Cadence { get; set; }

    /// <summary>Where the adaptive policy has it; null while it stands in the schedule.</summary>
    public Roster? Roster { get; set; }

    /// <summary>Whose budget it shares, placed or not.</summary>
    public Roster? MemberOf { get; set; }

    /// <summary>Whose list of pushes tells when it is to be looked at; null where none does.</summary>
    public SweptOwner? Owner { get; set; }

    /// <summary>The last answer of a batch; null where none was compared yet.</summary>
    public ToldBefore? ToldBefore { get; set; }

    /// <summary>What lists of pushes have told of it.</summary>
    public ListedPush Listed { get; } = new();

    /// <summary>Until when no batch can tell of it, monotonic.</summary>
    public TimeSpan AloneUntil { get; set; }

    /// <summary>When it was last known that nothing had been pushed since the last look.</summary>
    public DateTimeOffset? LastSureAt => Listed.UnmovedAt > LastLookedAt ? Listed.UnmovedAt : LastLookedAt;

    /// <summary>What earlier processes learnt of its changes.</summary>
    public byte[]? LearntBefore { get; } = watched.Stored.PolicyState;

    /// <summary>Grows with each change of its place in the schedule: an older place is void.</summary>
    public int Place { get; set; }
    public bool Looking { get; set; }

    /// <summary>Other watchers of the same remote that the look under way is made for too.</summary>
    public IReadOnlyList<PolledRepository> Companions { get; set; } = [];

    /// <summary>When the look under way began, monotonic.</summary>
    public TimeSpan LookingSince { get; set; }

    /// <summary>An operator waits for its next look: it goes before all that are due.</summary>
    public bool IsAsked { get; set; }

    /// <summary>Asked for while a look was under way: one more follows.</summary>
    public bool AskedAgain { get; set; }

    /// <summary>Tries of the current look that failed.</summary>
    public int Tries { get; set; }

    /// <summary>Looks in a row that failed, their tries included.</summary>
    public int FailedLooks { get; set; } = watched.Stored.Status is RepositoryStatus.Error or RepositoryStatus.Gone ? 1 : 0;

    /// <summary>Time from the last look, which failed, to the next; null while looks count.</summary>
    public TimeSpan? BackOff { get; set; }

    /// <summary>What the log was last told of a failure; null while looks count.</summary>
    public string? LastFailure { get; set; }

    /// <summary>Git stands in for the forge's interface.</summary>
    public bool OnFallback { get; set; }

    /// <summary>Why pull requests that are watched are not looked at; null while they are, or are not watched.</summary>
    public string? PullRequestsUnseen { get; private set; }

    /// <summary>Takes note of a look: Git, which knows no pull requests, may have stood in for the forge's interface.</summary>
    /// <param name="because">Why Git stands in; null if it does not.</param>
    public void StandIn(string? because) =>
        PullRequestsUnseen = because is null || Filters[RefKind.PullRequest].MatchesNothing ? null : $"pull requests are not looked at while Git stands in for the forge's interface: {because}";

    /// <summary>When Git is the cheaper way to look.</summary>
    public GitInstead GitInstead { get; } = new();

    /// <summary>paused, pending, error, gone, held, archived or active.</summary>
    public string Status => Config.Enabled && !Paused ? Standing.Status : RepositoryStatus.Paused;

    public QuietLooks Quiet { get; } = new();

    /// <summary>Since the start; null before the first.</summary>
    public PollOutcome? LastLook { get; private set; }

    /// <summary>Takes over another configuration, now or when the look under way has ended: a look is made with one.</summary>
    /// <returns>False if it says the same as before.</returns>
    public bool Assign(RepositoryAssignment assignment)
    {
        var (config, current) = (assignment.Watched.Config, next?.Watched.Config ?? Config);
        if (config.Identity == current.Identity && config.Name == current.Name && assignment.Sources == (next?.Sources ?? Sources))
        {
            return false;
        }

        next = assignment;
        return Looking || TakeAssignment();
    }

    /// <returns>Whether there was another configuration to take over.</returns>
    public bool TakeAssignment()
    {
        if (next is not { } assignment)
        {
            return false;
        }

        next = null;
        begins |= Config.Enabled != assignment.Watched.Config.Enabled;
        (Config, Sources, Shard) = (assignment.Watched.Config, assignment.Sources, assignment.Shard);
        Filters = FiltersOf(Config);
        Wake();
        return true;
    }

    /// <summary>After a pause it stands as one that is watched; the next look tells more.</summary>
    public void Wake()
    {
        if (IsWatched && Standing.Status is RepositoryStatus.Removed or RepositoryStatus.Paused)
        {
            Standing = Standing with { Status = IsKnown ? RepositoryStatus.Active : RepositoryStatus.Pending };
        }
    }

    public void Remember(PollOutcome outcome)
    {
        LastLook = outcome;
        if (begins)
        {
            begins = false;
            beginnings = [.. beginnings.TakeLast(QuietLooks.Most - 1), outcome.StartedAt];
        }

        if (outcome.Outcome == PollOutcome.Unchanged)
        {
            Quiet.Note(outcome);
        }
    }

    /// <summary>Whether looks right before this one were not kept, as those of before the start, or none was made, as in a pause: the time since the last one that is known is no interval.</summary>
    /// <param name="startedAt">When the look began, to the millisecond: so it is stored.</param>
    public bool Begins(DateTimeOffset startedAt)
    {
        var known = beginnings;
        return known.Length == 0 || startedAt <= known[0] || Array.Exists(known, at => (at - startedAt).Duration() < TimeSpan.FromMilliseconds(1));
    }

    /// <summary>Takes over what a look told of the repository itself.</summary>
    public void Learn(Sight seen)
    {
        DefaultBranch = seen.DefaultBranch ?? DefaultBranch;
        ForgeId = seen.ForgeId ?? ForgeId;
        Archived = seen.Archived ?? Archived;
        MovedTo = seen.ForgeId is null ? MovedTo : seen.MovedTo;
    }

    public RepositoryStanding StandingAfter(Sight seen, DateTimeOffset now)
    {
        var status = seen.Held.Count > 0 ? RepositoryStatus.Held : Archived ? RepositoryStatus.Archived : RepositoryStatus.Active;
        var notices = seen.Held.Select(drop => drop.Explain(Config.Name)).Concat(Loops.Notices(now)).Concat(PullRequestsUnseen is { } unseen ? [unseen] : []).ToList();
        return new RepositoryStanding(status, notices.Count > 0 ? string.Join("; ", notices) : null, DefaultBranch, ForgeId, Archived, MovedTo?.AbsoluteUri);
    }

    /// <summary>How it stands after a look that failed: what was there once and is not known any more is gone.</summary>
    public string StatusAfter(RefSourceError error) => error == RefSourceError.NotFound && IsKnown ? RepositoryStatus.Gone : RepositoryStatus.Error;

    public void Fail(string status, string error) => Standing = Standing with { Status = status, Notice = error };

    /// <summary>Takes over what was just committed.</summary>
    public void Take(Sight seen, RepositoryStanding standing, TimeProvider time)
    {
        foreach (var kind in seen.Kinds)
        {
            Heads[kind.Snapshot.Kind] = new SnapshotHead(
                kind.Digest, kind.Filter, kind.Snapshot.Validator, kind.Snapshot.Refs.Count, kind.WholeCount ?? Heads.GetValueOrDefault(kind.Snapshot.Kind)?.WholeCount);
        }

        foreach (var drop in seen.Held)
        {
            Held[drop.Kind] = drop;
            HeldFor(drop.Kind, time); // its clock starts now
        }

        foreach (var kind in seen.NoLongerHeld)
        {
            Held.TryRemove(kind, out _);
        }

        Standing = standing;
    }

    /// <summary>How long a kind has been held: what earlier processes saw of it by the wall clock, since then by the monotonic one.</summary>
    public TimeSpan HeldFor(RefKind kind, TimeProvider time)
    {
        if (!Held.TryGetValue(kind, out var drop))
        {
            return TimeSpan.Zero;
        }

        if (!holdClocks.TryGetValue(kind, out var clock) || clock.Since != drop.Since)
        {
            var before = drop.LastLookAt - drop.Since;
            holdClocks[kind] = clock = (drop.Since, before > TimeSpan.Zero ? before : TimeSpan.Zero, time.GetTimestamp());
        }

        return clock.Before + time.GetElapsedTime(clock.Mark);
    }
}

/// <summary>What a look saw of one kind.</summary>
/// <param name="Count">Refs in the answer.</param>
/// <param name="Watched">Those that the filter lets pass.</param>
/// <param name="NotWatched">Some of the others, at most 20.</param>
/// <param name="Broken">Those that the server itself could not read.</param>
internal sealed record SeenKind(int Count, int Watched, IReadOnlyList<string> NotWatched, IReadOnlyList<string> Broken)
{
    public const int SampleLimit = 20;
}

/// <summary>What a configuration says of a repository that is polled: what is stored of it, who looks at it, and which shard it belongs to.</summary>
internal sealed record RepositoryAssignment(WatchedRepository Watched, RefSources Sources, string Shard);
