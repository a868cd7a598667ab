using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Statuses of a repository.</summary>
internal static class RepositoryStatus
{
    public const string Pending = "pending";
    public const string Active = "active";
    public const string Paused = "paused";
    public const string Error = "error";

    /// <summary>Too many refs vanished at once: their deletions wait to be believed.</summary>
    public const string Held = "held";

    /// <summary>The forge says that nobody can push any more: looked at rarely.</summary>
    public const string Archived = "archived";

    /// <summary>It was there, and the forge knows it no more: looked at rarely.</summary>
    public const string Gone = "gone";
    public const string Removed = "removed";

    public static IReadOnlyList<string> All { get; } = [Pending, Active, Paused, Error, Held, Archived, Gone, Removed];
}

/// <summary>Statuses of an event: its worst delivery decides.</summary>
internal static class EventStatus
{
    public const string Pending = "pending";
    public const string Delivered = "delivered";
    public const string Failed = "failed";
    public const string Superseded = "superseded";
    public const string Unrouted = "unrouted";
}

/// <summary>Statuses of a delivery.</summary>
internal static class DeliveryStatus
{
    public const string Waiting = "waiting";
    public const string InFlight = "in_flight";
    public const string Delivered = "delivered";
    public const string Dead = "dead";
    public const string Superseded = "superseded";
}

/// <summary>Names of the ref kinds in the database, the API and the metrics.</summary>
internal static class RefKinds
{
    public static string Name(this RefKind kind) => kind switch
    {
        RefKind.Branch => "branch",
        RefKind.Tag => "tag",
        _ => "pull_request",
    };

    /// <summary>Several of them in a sentence.</summary>
    public static string Words(this RefKind kind) => kind switch
    {
        RefKind.Branch => "branches",
        RefKind.Tag => "tags",
        _ => "pull requests",
    };

    public static RefKind Parse(string name) => name switch
    {
        "branch" => RefKind.Branch,
        "tag" => RefKind.Tag,
        "pull_request" => RefKind.PullRequest,
        _ => throw new StorageException($"the database knows a ref kind {name} that this executable does not"),
    };
}
