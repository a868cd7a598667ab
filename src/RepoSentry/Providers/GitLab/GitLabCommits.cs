using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitLab;

/// <summary>Commits as GitLab tells of them.</summary>
internal static class GitLabCommits
{
    /// <summary>GitLab cuts the list of a comparison at a limit of the instance, 1000 unless set otherwise, without saying so.</summary>
    public const int MaxFiles = 1000;

    public static CommitInfo Read(GitLabCommit? told, ForgeAnswer answer) => new()
    {
        Id = told?.Id is { } sha && ForgeHttp.CommitId(sha) is { } id ? id : throw answer.Malformed("a commit without an id"),
        Message = told.Message,
        Timestamp = told.CommittedDate,
        Url = told.WebUrl,
        Author = told.AuthorName is null && told.AuthorEmail is null ? null : new PersonInfo(told.AuthorName, told.AuthorEmail),
        Committer = told.CommitterName is null && told.CommitterEmail is null ? null : new PersonInfo(told.CommitterName, told.CommitterEmail),
        Parents = ForgeHttp.CommitIds(told.ParentIds),
    };

    /// <summary>What a comparison tells as a whole; null where it may have been cut.</summary>
    public static IReadOnlyList<string>? Paths(IReadOnlyList<GitLabDiff?>? files) =>
        files is null || files.Count >= MaxFiles || files.Any(file => file is not { OldPath: not null, NewPath: not null }) ? null : [.. files.SelectMany(file => new[] { file!.NewPath!, file.OldPath! }).Distinct(StringComparer.Ordinal)];

    /// <summary>A list that may have been cut is no list: half of it would let a path filter miss a change.</summary>
    public static CommitInfo WithFiles(CommitInfo commit, IReadOnlyList<GitLabDiff?>? files, int max) => files is null || files.Count >= max || files.Contains(null) ? commit : commit with
    {
        Added = [.. files.Where(file => file is { NewFile: true } or { RenamedFile: true }).Select(file => file?.NewPath).OfType<string>()],
        Modified = [.. files.Where(file => file is { NewFile: false, RenamedFile: false, DeletedFile: false }).Select(file => file?.NewPath).OfType<string>()],
        Removed = [.. files.Where(file => file is { DeletedFile: true } or { RenamedFile: true }).Select(file => file?.OldPath).OfType<string>()],
    };
}
