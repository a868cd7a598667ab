using RepoSentry.Abstractions;

namespace RepoSentry.Providers;

/// <summary>A source that can look at many repositories with one request.</summary>
internal interface IBatchSource
{
    /// <summary>Most repositories in one request; smaller for a while after the forge failed to answer as many.</summary>
    int BatchSize { get; }

    /// <summary>Whether it can be asked for in company.</summary>
    bool CanBatch(RefLookRequest request);

    /// <summary>Looks once at each, at the whole of each kind.</summary>
    /// <returns>One answer for each request, in its order.</returns>
    /// <exception cref="RefSourceException">There is no answer for any of them. Rate limited: the credential may not ask anything; unavailable: it may still ask for each alone.</exception>
    Task<IReadOnlyList<BatchLook>> LookAsync(IReadOnlyList<BatchRequest> requests, CancellationToken cancellationToken);

    /// <summary>When the last commits of each default branch were made.</summary>
    /// <returns>For each request, in its order; empty where nothing is told, or where the looks need what is left of the limit.</returns>
    /// <exception cref="RefSourceException">There is no answer.</exception>
    Task<IReadOnlyList<IReadOnlyList<DateTimeOffset>>> RecentAsync(IReadOnlyList<RefLookRequest> requests, CancellationToken cancellationToken);
}

/// <param name="Mark">Of the answer that what is held came from; null asks for the refs in any case.</param>
internal readonly record struct BatchRequest(RefLookRequest Request, byte[]? Mark = null);

/// <summary>What a batch tells of one repository.</summary>
/// <param name="Look">Null if it has to be looked at alone; without snapshots where the answer has the mark that was asked with.</param>
/// <param name="Alone">Why it has to.</param>
/// <param name="Mark">Stands for the answer: equal marks, equal answers to the byte.</param>
internal readonly record struct BatchLook(RefLook? Look, AloneBecause Alone = AloneBecause.None, byte[]? Mark = null);

internal enum AloneBecause
{
    None,

    /// <summary>It has more refs of a kind than a batch carries.</summary>
    TooManyRefs,

    /// <summary>It was not found by its name, is another one now, or has a ref of an unusual kind: only its own answer tells.</summary>
    NotTold,
}

/// <summary>A source that can tell with one request which repositories of an owner were pushed to.</summary>
internal interface ISweepSource
{
    /// <summary>Most owners in one request.</summary>
    int SweepSize { get; }

    /// <summary>The owner in a repository's URL, in lower case; null where there is none.</summary>
    string? OwnerOf(Uri repositoryUrl);

    /// <summary>Reads, for each owner, the latest pushes, newest first.</summary>
    /// <exception cref="RefSourceException">There is no answer for any of them.</exception>
    Task<SweepAnswer> SweepAsync(IReadOnlyList<SweepRequest> owners, CancellationToken cancellationToken);
}

/// <param name="Owner">An organization or a user.</param>
/// <param name="After">Where an earlier page ended; null for the latest pushes.</param>
internal readonly record struct SweepRequest(string Owner, string? After = null);

/// <param name="Pages">One for each owner, in order; null for an owner that is not there, or not shown to us.</param>
/// <param name="Skew">How far the forge's clock is ahead of ours.</param>
internal sealed record SweepAnswer(IReadOnlyList<SweepPage?> Pages, TimeSpan Skew);

/// <param name="Next">Where the next page begins; null after the last.</param>
internal sealed record SweepPage(IReadOnlyList<LastPush> Pushes, string? Next);

/// <param name="ForgeId">The forge's id of the repository.</param>
/// <param name="At">By the forge's clock, in whole seconds.</param>
internal readonly record struct LastPush(string ForgeId, DateTimeOffset At);
