namespace RepoSentry.Abstractions;

/// <summary>The kinds of refs, each with a snapshot of its own: a source may see one kind and not another.</summary>
public enum RefKind
{
    /// <summary><c>refs/heads/*</c></summary>
    Branch,

    /// <summary><c>refs/tags/*</c>, compared by the commit that the tag finally points to</summary>
    Tag,

    /// <summary>A pull or merge request, by its head</summary>
    PullRequest,
}
