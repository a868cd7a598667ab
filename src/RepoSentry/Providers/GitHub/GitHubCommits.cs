using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitHub;

/// <summary>Commits as GitHub tells of them.</summary>
internal static class GitHubCommits
{
    /// <summary>GitHub cuts the list of files here without saying so.</summary>
    private const int MaxFiles = 300;

    public static CommitInfo Read(GitHubCommit? told, ForgeAnswer answer) => new()
    {
        Id = told?.Sha is { } sha && ForgeHttp.CommitId(sha) is { } id ? id : throw answer.Malformed("a commit without an id"),
        Message = told.Commit?.Message,
        Timestamp = told.Commit?.Committer?.Date ?? told.Commit?.Author?.Date,
        Url = told.HtmlUrl,
        Author = Person(told.Commit?.Author, told.Author),
        Committer = Person(told.Commit?.Committer, told.Committer),
        Parents = ForgeHttp.CommitIds(told.Parents?.Select(parent => parent?.Sha)),
    };

    /// <summary>A list that may have been cut is no list: half of it would let a path filter miss a change.</summary>
    public static CommitInfo WithFiles(CommitInfo commit, IReadOnlyList<GitHubFile?>? files) => files is null || files.Count >= MaxFiles || files.Contains(null) ? commit : commit with
    {
        Added = [.. files.Where(file => file?.Status is "added" or "copied" or "renamed").Select(file => file?.Filename).OfType<string>()],
        Modified = [.. files.Where(file => file?.Status is "modified" or "changed").Select(file => file?.Filename).OfType<string>()],
        Removed = [.. files.Select(file => file?.Status switch { "removed" => file?.Filename, "renamed" => file?.PreviousFilename, _ => null }).OfType<string>()],
    };

    /// <summary>What a comparison tells as a whole; null where it may have been cut.</summary>
    public static IReadOnlyList<string>? Paths(IReadOnlyList<GitHubFile?>? files) =>
        files is null || files.Count >= MaxFiles || files.Any(file => file?.Filename is null) ? null : [.. files.SelectMany(file => new[] { file?.Filename, file?.PreviousFilename }).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static PersonInfo? Person(GitHubPerson? person, GitHubAccount? account) => person is null ? null : new PersonInfo(person.Name, person.Email, account?.Login);
}
