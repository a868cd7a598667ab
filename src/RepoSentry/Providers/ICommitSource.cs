using RepoSentry.Abstractions;

namespace RepoSentry.Providers;

/// <summary>A forge that tells more of a change than that a ref moved.</summary>
internal interface ICommitSource
{
    /// <summary>What lies between two commits of a ref; null where the forge does not know one of them any more.</summary>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken);

    /// <summary>Whether its interface has no list of what differs between two commits: then Git may be asked for it.</summary>
    bool LeavesDifferences => false;

    /// <summary>
    /// Paths that differ between two commits, taken as a whole: asked where <see cref="CompareAsync"/> does not tell them by the way. Null where the forge does
    /// not tell, or cuts the list: half of it would let a path filter miss a change.
    /// </summary>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<string>?>(null);

    /// <summary>One commit with its files; null where the forge does not know it.</summary>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken);

    /// <summary>When the last commits of the default branch were made: at most 100, by one request; empty where there are none.</summary>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken);

    /// <summary>What a look learnt of the repository; null if none did. Asks nobody.</summary>
    RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl);
}

/// <param name="Commits">Oldest first, as far as the forge told: those without files have them null.</param>
/// <param name="Count">How many there are in all; null where not told.</param>
/// <param name="Forced">Whether the commit before is no ancestor of the commit after; null where not told.</param>
internal sealed record CommitRange(IReadOnlyList<CommitInfo> Commits, int? Count, bool? Forced)
{
    /// <summary>Paths that differ between what both commits have in common and the commit after; null where not told, or cut.</summary>
    public IReadOnlyList<string>? Files { get; init; }
}

/// <summary>A source that can tell of commits too, but only by fetching them: asked where a rule of the configuration needs it.</summary>
internal interface IHistorySource
{
    /// <summary>Null where it was made without.</summary>
    ICommitSource? History { get; }
}

/// <param name="Id">The forge's own id, stable over renames.</param>
/// <param name="DefaultBranch">Full name; null where there is none.</param>
/// <param name="Private">Null where not told.</param>
/// <param name="Archived">Nobody can push any more; null where not told.</param>
/// <param name="MovedTo">Where it is now, if not at the URL asked for; null if it is there.</param>
internal sealed record RepositoryFacts(string Id, string? DefaultBranch, bool? Private, bool? Archived = null, Uri? MovedTo = null);
