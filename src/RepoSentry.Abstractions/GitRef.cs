namespace RepoSentry.Abstractions;

/// <summary>One ref of a remote repository.</summary>
/// <param name="Name">Full name, <c>refs/heads/main</c>, written by the rule of <see cref="RefName"/>: what is not UTF-8 and control characters stand as <c>%XX</c>.</param>
/// <param name="CommitId">Commit the ref points to, tags peeled: 40 (sha1) or 64 (sha256) lower-case hex digits.</param>
/// <param name="TagObjectId">Id of the annotated tag object where the source knows it. Shown, never compared.</param>
public readonly record struct GitRef(string Name, string CommitId, string? TagObjectId = null)
{
    public const string BranchPrefix = "refs/heads/";
    public const string TagPrefix = "refs/tags/";

    /// <summary>The name without its prefix: <c>main</c> of <c>refs/heads/main</c>.</summary>
    public string ShortName => Shorten(Name);

    public static string Shorten(string name) =>
        name.StartsWith(BranchPrefix, StringComparison.Ordinal) ? name[BranchPrefix.Length..]
        : name.StartsWith(TagPrefix, StringComparison.Ordinal) ? name[TagPrefix.Length..]
        : name;
}
