using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>A repository as its owner keeps it in memory: configuration, what the last look left, and its place in the schedule.</summary>
internal sealed class PolledRepository(WatchedRepository watched, RefSources sources, string shard)
{
    private const int RecentLimit = 50;

    private readonly Queue<PollOutcome> recent = new();

    public RepositoryConfig Config { get; } = watched.Config;
    public long Id { get; } = watched.Stored.Id;
    public string Shard { get; } = shard;
    public RefSources Sources { get; } = sources;

    /// <summary>The snapshots held, by kind; without entry for a kind never looked at.</summary>
    public Dictionary<RefKind, SnapshotHead> Heads { get; } = new(watched.Heads);

    /// <summary>The filters in force, by kind.</summary>
    public IReadOnlyDictionary<RefKind, RefFilter> Filters { get; } = new Dictionary<RefKind, RefFilter>
    {
        [RefKind.Branch] = RefFilter.For(watched.Config, RefKind.Branch),
        [RefKind.Tag] = RefFilter.For(watched.Config, RefKind.Tag),
    };

    public string? DefaultBranch { get; set; } = watched.Stored.DefaultBranch;
    public string? ForgeId { get; set; } = watched.Stored.ForgeId;
    public DateTimeOffset? LastLookedAt { get; set; } = watched.Stored.LastChecked;

    /// <summary>Whether a complete look was ever stored.</summary>
    public bool IsKnown => Heads.Count > 0;

    /// <summary>When the next look is due, monotonic.</summary>
    public TimeSpan DueAt { get; set; }

    /// <summary>Grows with each change of its place in the schedule: an older place is void.</summary>
    public int Place { get; set; }
    public bool Looking { get; set; }

    /// <summary>Asked for while a look was under way: one more follows.</summary>
    public bool AskedAgain { get; set; }

    /// <summary>Tries of the current look that failed.</summary>
    public int Tries { get; set; }

    /// <summary>Looks in a row that failed, their tries included.</summary>
    public int FailedLooks { get; set; } = watched.Stored.Status == RepositoryStatus.Error ? 1 : 0;

    /// <summary>What the log was last told of a failure; null while looks count.</summary>
    public string? LastFailure { get; set; }

    /// <summary>Git stands in for the forge's interface.</summary>
    public bool OnFallback { get; set; }

    /// <summary>paused, pending, error or active.</summary>
    public string Status => !Config.Enabled ? RepositoryStatus.Paused : !IsKnown && FailedLooks == 0 ? RepositoryStatus.Pending : FailedLooks > 0 ? RepositoryStatus.Error : RepositoryStatus.Active;

    /// <summary>The last looks, oldest first, at most 50.</summary>
    public IReadOnlyList<PollOutcome> Recent
    {
        get
        {
            lock (recent)
            {
                return [.. recent];
            }
        }
    }

    public void Remember(PollOutcome outcome)
    {
        lock (recent)
        {
            recent.Enqueue(outcome);
            if (recent.Count > RecentLimit)
            {
                recent.Dequeue();
            }
        }
    }
}
