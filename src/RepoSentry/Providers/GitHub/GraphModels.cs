using System.Text.Json.Serialization;

namespace RepoSentry.Providers.GitHub;

internal sealed record GraphQuestion(string Query);


internal sealed record GraphError(string? Type, string? Message);

/// <summary>What is asked of a repository, or of an owner.</summary>
internal sealed record GraphNode(
    long? DatabaseId,
    string? NameWithOwner,
    string? Url,
    bool? IsArchived,
    bool? IsPrivate,
    GraphName? DefaultBranchRef,
    GraphRefs? Heads,
    GraphRefs? Tags,
    GraphPullRequests? Pulls,
    GraphPushes? Repositories);

internal sealed record GraphName(string? Name, GraphTip? Target);

internal sealed record GraphTip(GraphCommits? History);

internal sealed record GraphCommits(IReadOnlyList<GraphCommit?>? Nodes);

internal sealed record GraphCommit(DateTimeOffset? CommittedDate);

internal sealed record GraphPage(bool HasNextPage, string? EndCursor);

internal sealed record GraphRefs(GraphPage? PageInfo, IReadOnlyList<GraphRef?>? Nodes);

internal sealed record GraphRef(string? Name, GraphTarget? Target);

/// <summary>A commit, or the tag object before it.</summary>
internal sealed record GraphTarget([property: JsonPropertyName("__typename")] string? Type, string? Oid, GraphTarget? Target);

internal sealed record GraphPullRequests(GraphPage? PageInfo, IReadOnlyList<GraphPullRequest?>? Nodes);

internal sealed record GraphPullRequest(
    long? Number, string? Title, string? Url, bool? IsDraft, bool? IsCrossRepository, string? HeadRefName, string? HeadRefOid, string? BaseRefName, string? BaseRefOid,
    GraphLogin? Author, GraphHead? HeadRepository, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt);

internal sealed record GraphLogin(string? Login);

internal sealed record GraphHead(string? NameWithOwner, string? Url);

internal sealed record GraphPushes(GraphPage? PageInfo, IReadOnlyList<GraphPush?>? Nodes);

internal sealed record GraphPush(long? DatabaseId, DateTimeOffset? PushedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(GraphQuestion))]
[JsonSerializable(typeof(GraphNode))]
[JsonSerializable(typeof(IReadOnlyList<GraphError>))]
internal sealed partial class GraphJson : JsonSerializerContext;
