using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>A row of <c>events</c>: what is searched stands in columns, the rest in <c>metadata</c>.</summary>
internal sealed record EventRow
{
    /// <summary>What git shows for "no commit".</summary>
    public const string NoCommit = "0000000000000000000000000000000000000000";

    public string Id { get; init; } = "";
    public long Seq { get; init; }
    public string Repository { get; init; } = "";
    public string Type { get; init; } = "";
    public string Ref { get; init; } = "";
    public string Branch { get; init; } = "";
    public string? Before { get; init; }
    public string After { get; init; } = "";
    public string Status { get; init; } = "";
    public string Metadata { get; init; } = "{}";
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? ProcessedAt { get; init; }

    public static EventRow From(ChangeEvent change, long seq, bool routed) => new()
    {
        Id = change.Id.ToString(),
        Seq = seq,
        Repository = change.Repository.Name,
        Type = change.Change.Type.Name(),
        Ref = change.Change.Ref,
        Branch = change.PullRequest is { HeadBranch: { Length: > 0 } branch } ? branch : GitRef.Shorten(change.Change.Ref),
        Before = change.Change.Before,
        After = change.Change.After ?? NoCommit,
        Status = routed ? EventStatus.Pending : EventStatus.Unrouted,
        Metadata = JsonSerializer.Serialize(EventMetadata.From(change), StorageJson.Default.EventMetadata),
        CreatedAt = change.DetectedAt,
        ProcessedAt = routed ? null : change.DetectedAt,
    };

    public ChangeEvent ToEvent()
    {
        var metadata = JsonSerializer.Deserialize(Metadata, StorageJson.Default.EventMetadata)!;
        return new ChangeEvent
        {
            Id = Guid.Parse(Id),
            Change = new RefChange(RefKinds.Parse(metadata.Kind), Ref, Before, After == NoCommit ? null : After) { IsCommit = Type == EventType.CommitPushed.Name() },
            Repository = new RepositoryInfo(Repository, metadata.Url, metadata.Provider, metadata.DefaultBranch, metadata.ForgeId, metadata.Private),
            DetectedAt = CreatedAt,
            DetectionDelay = metadata.DetectionDelaySeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
            Forced = metadata.Forced,
            Commits = metadata.Commits,
            CommitCount = metadata.CommitCount,
            CompareUrl = metadata.CompareUrl,
            PullRequest = metadata.PullRequest,
            Files = metadata.Files,
            FileCount = metadata.FileCount,
            Skipped = metadata.Skipped,
            Unknown = metadata.Unknown,
        };
    }
}

/// <summary>The <c>metadata</c> of an event, shown by the API as it stands.</summary>
internal sealed record EventMetadata
{
    public required string Kind { get; init; }
    public required Uri Url { get; init; }
    public required string Provider { get; init; }
    public string? DefaultBranch { get; init; }
    public string? ForgeId { get; init; }
    public bool? Private { get; init; }
    public double? DetectionDelaySeconds { get; init; }
    public bool? Forced { get; init; }
    public IReadOnlyList<CommitInfo> Commits { get; init; } = [];
    public int? CommitCount { get; init; }
    public string? CompareUrl { get; init; }
    public PullRequestInfo? PullRequest { get; init; }
    public IReadOnlyList<string>? Files { get; init; }
    public int? FileCount { get; init; }
    public SkipInfo? Skipped { get; init; }
    public IReadOnlyList<string> Unknown { get; init; } = [];

    public static EventMetadata From(ChangeEvent change) => new()
    {
        Kind = change.Change.Kind.Name(),
        Url = change.Repository.Url,
        Provider = change.Repository.Provider,
        DefaultBranch = change.Repository.DefaultBranch,
        ForgeId = change.Repository.ForgeId,
        Private = change.Repository.Private,
        DetectionDelaySeconds = change.DetectionDelay?.TotalSeconds,
        Forced = change.Forced,
        Commits = change.Commits,
        CommitCount = change.CommitCount,
        CompareUrl = change.CompareUrl,
        PullRequest = change.PullRequest,
        Files = change.Files,
        FileCount = change.FileCount,
        Skipped = change.Skipped,
        Unknown = change.Unknown,
    };
}
