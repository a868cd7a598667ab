namespace RepoSentry.Abstractions;

/// <summary>All refs of one kind at one complete look.</summary>
/// <param name="Kind">The kind of every ref in it.</param>
/// <param name="Refs">Sorted by name (ordinal), each name once.</param>
/// <param name="Validator">What lets the source answer "nothing new" next time (ETags, a digest); belongs to exactly these refs.</param>
public sealed record RefSnapshot(RefKind Kind, IReadOnlyList<GitRef> Refs, string? Validator = null)
{
    /// <summary>What was told of each pull request, by the name of its ref; empty for other kinds.</summary>
    public IReadOnlyDictionary<string, PullRequestInfo> PullRequests { get; init; } = new Dictionary<string, PullRequestInfo>();
}
