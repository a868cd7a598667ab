using System.Diagnostics.CodeAnalysis;

namespace RepoSentry.Abstractions;

/// <summary>Looks at the refs of repositories on one hosting with one credential. One instance serves many repositories at once.</summary>
[Experimental("RSENTRY001")]
public interface IRefSource
{
    /// <summary>Looks once. A look counts only if complete: a truncated page or a wrong content type is an error, never a short list.</summary>
    /// <exception cref="RefSourceException">Every failure of the hosting, told apart by its kind.</exception>
    Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken);
}

/// <summary>What to look at.</summary>
/// <param name="Url">Clone or page URL of the repository, without userinfo.</param>
/// <param name="Kinds">The kinds wanted, each once.</param>
/// <param name="ApiBaseUrl">Base URL of the forge's API where the repository names one of its own; null for the credential's.</param>
/// <param name="ForgeId">The forge's own id of the repository that was looked at before: it is followed where it was renamed or moved, even if another took its name. Null where not known.</param>
public sealed record RefLookRequest(Uri Url, IReadOnlyList<KindRequest> Kinds, Uri? ApiBaseUrl = null, string? ForgeId = null);

/// <param name="Kind">Kind of ref wanted.</param>
/// <param name="Prefixes">Full-name prefixes outside which nothing is watched, such as <c>refs/heads/release/</c>; empty for the whole kind. A source may answer more.</param>
/// <param name="Validator">Validator of the snapshot held; null asks for an unconditional answer.</param>
public sealed record KindRequest(RefKind Kind, IReadOnlyList<string> Prefixes, string? Validator);

/// <summary>A complete look.</summary>
/// <param name="Kinds">One answer for each kind asked for.</param>
/// <param name="DefaultBranch">Full name of the default branch; null where this look did not tell.</param>
/// <param name="ForgeId">The forge's own id of the repository, stable over renames; null where not told.</param>
/// <param name="Archived">Whether the forge says that nobody can push any more; null where it does not tell.</param>
/// <param name="MovedTo">Where the repository is now, if not at the URL asked for; null if it is there, or not told.</param>
public sealed record RefLook(IReadOnlyList<KindLook> Kinds, string? DefaultBranch = null, string? ForgeId = null, bool? Archived = null, Uri? MovedTo = null);

/// <param name="Kind">Kind of the refs.</param>
/// <param name="Snapshot">The refs; null means "nothing new since the validator".</param>
public sealed record KindLook(RefKind Kind, RefSnapshot? Snapshot);
