using System.Text.Json.Serialization;

namespace RepoSentry.Abstractions;

/// <summary>A pull or merge request as far as it is known: what is not known is null, never invented.</summary>
public sealed record PullRequestInfo
{
    /// <summary>Its number in its repository.</summary>
    public required long Number { get; init; }

    /// <summary>The forge's own id; null where not told.</summary>
    public string? ForgeId { get; init; }

    public PullRequestState State { get; init; } = PullRequestState.Open;

    /// <summary>It was closed once and is open again.</summary>
    public bool Reopened { get; init; }

    public string? Title { get; init; }
    public string? Body { get; init; }

    /// <summary>Page that shows it.</summary>
    public string? Url { get; init; }
    public bool? Draft { get; init; }

    /// <summary>Who asks for it to be merged.</summary>
    public PersonInfo? Author { get; init; }

    /// <summary>Short name of the branch that it brings; empty where not known.</summary>
    public string HeadBranch { get; init; } = "";

    /// <summary>Newest commit of that branch.</summary>
    public required string HeadSha { get; init; }

    /// <summary>Path of the repository that the branch is in, such as <c>someone/web</c>; null where not told, or where it is no more.</summary>
    public string? HeadRepository { get; init; }

    /// <summary>URL to clone that repository by; null where not told.</summary>
    public string? HeadCloneUrl { get; init; }

    /// <summary>It comes from another repository, whose owners may be strangers.</summary>
    public bool Fork { get; init; }

    /// <summary>Short name of the branch that it shall be merged into; empty where not known.</summary>
    public string BaseBranch { get; init; } = "";

    /// <summary>Commit of that branch as the forge tells it; null where not told.</summary>
    public string? BaseSha { get; init; }

    /// <summary>Names of its labels; null where not told.</summary>
    public IReadOnlyList<string>? Labels { get; init; }
    public DateTimeOffset? CreatedAt { get; init; }
    public DateTimeOffset? UpdatedAt { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }

    /// <summary>Commit that merged it; null before, and where not told.</summary>
    public string? MergeSha { get; init; }
}

/// <summary>What became of a pull request. In text always in lower case.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<PullRequestState>))]
public enum PullRequestState
{
    [JsonStringEnumMemberName("open")]
    Open,

    /// <summary>Without having been merged, as far as is known.</summary>
    [JsonStringEnumMemberName("closed")]
    Closed,

    [JsonStringEnumMemberName("merged")]
    Merged,
}
