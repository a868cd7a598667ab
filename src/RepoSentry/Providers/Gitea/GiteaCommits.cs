using RepoSentry.Abstractions;

namespace RepoSentry.Providers.Gitea;

/// <summary>Commits as Gitea tells of them: a renamed file is one that came and one that went.</summary>
internal static class GiteaCommits
{
    public static CommitInfo Read(GiteaCommit? told, ForgeAnswer answer) => new()
    {
        Id = told?.Sha is { } sha && ForgeHttp.CommitId(sha) is { } id ? id : throw answer.Malformed("a commit without an id"),
        Message = told.Commit?.Message,
        Timestamp = told.Commit?.Committer?.Date ?? told.Commit?.Author?.Date,
        Url = told.HtmlUrl,
        Author = Person(told.Commit?.Author, told.Author),
        Committer = Person(told.Commit?.Committer, told.Committer),
        Parents = ForgeHttp.CommitIds(told.Parents?.Select(parent => parent?.Sha)),
        Added = Files(told, "added"),
        Modified = Files(told, "modified"),
        Removed = Files(told, "removed"),
    };

    /// <summary>
    /// Those of a comparison, which tells them commit by commit: of a line without merges they are all that can differ, and perhaps more. What a merge changed is
    /// not told.
    /// </summary>
    public static IReadOnlyList<string>? Paths(IReadOnlyList<CommitInfo> commits) =>
        commits.Any(commit => commit is not { Parents.Count: <= 1, Added: not null, Modified: not null, Removed: not null }) ? null
        : [.. commits.SelectMany(commit => commit.Added!.Concat(commit.Modified!).Concat(commit.Removed!)).Distinct(StringComparer.Ordinal)];

    // Old versions tell no status: their list says only that something happened to a file.
    private static IReadOnlyList<string>? Files(GiteaCommit told, string status) => told.Files is not { } files || files.Any(file => file?.Status is null) ? null
        : [.. files.Where(file => file?.Status == status).Select(file => file?.Filename).OfType<string>()];

    private static PersonInfo? Person(GiteaPerson? person, GiteaAccount? account) => person is null ? null : new PersonInfo(person.Name, person.Email, account?.Login);
}
