namespace RepoSentry.Abstractions;

/// <summary>A recorded change. It is stored before anyone is told of it, and its id never changes.</summary>
public sealed record ChangeEvent
{
    /// <summary>Paths of <see cref="Files"/> that are kept.</summary>
    public const int MaxFiles = 100;

    /// <summary>UUIDv7, minted when the change commits: the same over attempts, replays and restarts.</summary>
    public required Guid Id { get; init; }

    public required RefChange Change { get; init; }

    public required RepositoryInfo Repository { get; init; }

    /// <summary>When the look that saw the change was committed (UTC).</summary>
    public required DateTimeOffset DetectedAt { get; init; }

    /// <summary>Time since the previous look: an upper bound, since the time of a push is unknown to a poller.</summary>
    public TimeSpan? DetectionDelay { get; init; }

    /// <summary>True for a force-push, null where it is not known.</summary>
    public bool? Forced { get; init; }

    /// <summary>The new commits of an update, oldest first, as far as they are known.</summary>
    public IReadOnlyList<CommitInfo> Commits { get; init; } = [];

    /// <summary>How many commits the update has in all; null where not known.</summary>
    public int? CommitCount { get; init; }

    /// <summary>Page that shows the difference; null where the forge has none.</summary>
    public string? CompareUrl { get; init; }

    /// <summary>Of a pull request; null for other kinds.</summary>
    public PullRequestInfo? PullRequest { get; init; }

    /// <summary>Paths that differ between before and after, taken as a whole: what commits did and undid again is not among them. At most the first <see cref="MaxFiles"/>; null where not known.</summary>
    public IReadOnlyList<string>? Files { get; init; }

    /// <summary>How many paths differ in all; null where not known.</summary>
    public int? FileCount { get; init; }

    /// <summary>The rule that keeps it from every trigger; null if none does.</summary>
    public SkipInfo? Skipped { get; init; }

    /// <summary>What could not be learnt within time and budget, such as <c>message</c> or <c>files</c>. Never invented.</summary>
    public IReadOnlyList<string> Unknown { get; init; } = [];
}

/// <summary>The repository as an event tells of it.</summary>
/// <param name="Name">Its name in RepoSentry.</param>
/// <param name="Url">URL as configured, without userinfo.</param>
/// <param name="Provider">github, gitlab, gitea, bitbucket, azure or git.</param>
/// <param name="DefaultBranch">Short name; null where not known.</param>
/// <param name="ForgeId">The forge's own id; null where not known.</param>
/// <param name="Private">Null where not known.</param>
public sealed record RepositoryInfo(
    string Name, Uri Url, string Provider, string? DefaultBranch = null, string? ForgeId = null, bool? Private = null)
{
    /// <summary>Path on the forge without leading slash and <c>.git</c>: <c>acme/web</c>, <c>group/sub/project</c>.</summary>
    public string FullName
    {
        get
        {
            var path = Uri.UnescapeDataString(Url.AbsolutePath).Trim('/');
            return path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        }
    }

    /// <summary>All of <see cref="FullName"/> but its last part; empty where there is none.</summary>
    public string Organization => FullName.LastIndexOf('/') is var slash and > 0 ? FullName[..slash] : "";

    /// <summary>The last part of <see cref="FullName"/>.</summary>
    public string ShortName => FullName[(FullName.LastIndexOf('/') + 1)..];
}

/// <param name="By">The key of the configuration: paths, skip_messages, ignore_authors or loop_guard.</param>
/// <param name="Reason">One sentence.</param>
public sealed record SkipInfo(string By, string Reason);

/// <summary>A commit as far as it is known: what is not known is null, never invented.</summary>
public sealed record CommitInfo
{
    public required string Id { get; init; }
    public string? Message { get; init; }
    public DateTimeOffset? Timestamp { get; init; }
    public string? Url { get; init; }
    public PersonInfo? Author { get; init; }
    public PersonInfo? Committer { get; init; }

    /// <summary>Ids of its parents, the first one first; null where not known.</summary>
    public IReadOnlyList<string>? Parents { get; init; }
    public IReadOnlyList<string>? Added { get; init; }
    public IReadOnlyList<string>? Modified { get; init; }
    public IReadOnlyList<string>? Removed { get; init; }
}

/// <param name="Name">Name in the commit.</param>
/// <param name="Email">Address in the commit.</param>
/// <param name="Username">Account on the forge, where it tells.</param>
public sealed record PersonInfo(string? Name, string? Email, string? Username = null);
