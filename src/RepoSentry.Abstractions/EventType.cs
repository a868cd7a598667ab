namespace RepoSentry.Abstractions;

/// <summary>What happened to a ref. In text always the snake-case name: <c>branch_created</c>.</summary>
public enum EventType
{
    BranchCreated,
    BranchUpdated,
    BranchDeleted,
    TagCreated,
    TagUpdated,
    TagDeleted,
    PullRequestOpened,
    PullRequestUpdated,
    PullRequestClosed,
    CommitPushed,
}

/// <summary>The names of the event types in configuration, API, metrics and payloads.</summary>
public static class EventTypes
{
    private static readonly Dictionary<EventType, string> Names = new()
    {
        [EventType.BranchCreated] = "branch_created",
        [EventType.BranchUpdated] = "branch_updated",
        [EventType.BranchDeleted] = "branch_deleted",
        [EventType.TagCreated] = "tag_created",
        [EventType.TagUpdated] = "tag_updated",
        [EventType.TagDeleted] = "tag_deleted",
        [EventType.PullRequestOpened] = "pull_request_opened",
        [EventType.PullRequestUpdated] = "pull_request_updated",
        [EventType.PullRequestClosed] = "pull_request_closed",
        [EventType.CommitPushed] = "commit_pushed",
    };

    private static readonly Dictionary<string, EventType> Types = Names.ToDictionary(pair => pair.Value, pair => pair.Key, StringComparer.Ordinal);

    /// <summary>Every name, in the order of the enumeration.</summary>
    public static IReadOnlyCollection<string> All => Names.Values;

    public static string Name(this EventType type) => Names[type];

    public static bool TryParse(string name, out EventType type) => Types.TryGetValue(name, out type);
}
