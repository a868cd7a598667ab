namespace RepoSentry.Abstractions;

/// <summary>The difference of one ref between two snapshots.</summary>
/// <param name="Kind">Kind of the ref.</param>
/// <param name="Ref">Full name.</param>
/// <param name="Before">Commit before, null when created.</param>
/// <param name="After">Commit after, null when deleted.</param>
public sealed record RefChange(RefKind Kind, string Ref, string? Before, string? After)
{
    /// <summary>One commit of an update, not the update itself.</summary>
    public bool IsCommit { get; init; }

    public EventType Type => IsCommit ? EventType.CommitPushed : (Kind, Before, After) switch
    {
        (RefKind.Branch, null, _) => EventType.BranchCreated,
        (RefKind.Branch, _, null) => EventType.BranchDeleted,
        (RefKind.Branch, _, _) => EventType.BranchUpdated,
        (RefKind.Tag, null, _) => EventType.TagCreated,
        (RefKind.Tag, _, null) => EventType.TagDeleted,
        (RefKind.Tag, _, _) => EventType.TagUpdated,
        (_, null, _) => EventType.PullRequestOpened,
        (_, _, null) => EventType.PullRequestClosed,
        _ => EventType.PullRequestUpdated,
    };
}
