using RepoSentry.Abstractions;

namespace RepoSentry.Providers.AzureDevOps;

/// <summary>Commits as Azure DevOps tells of them: folders are among the changes, and a renamed file is one that came and one that went.</summary>
internal static class AzureCommits
{
    /// <summary>Changes of one commit that are asked for; a list as long as this may go on, and half of it would let a path filter miss a change.</summary>
    public const int MaxChanges = 1000;

    public static CommitInfo Read(AzureCommit told, ForgeAnswer answer)
    {
        var changes = told.Changes is { Count: < MaxChanges } all && all.All(change => change is { ChangeType: not null, Item.Path: not null })
            ? all.OfType<AzureChange>().Where(change => change.Item!.IsFolder != true && change.Item.GitObjectType is null or "blob").ToList()
            : null;
        return new CommitInfo
        {
            Id = told.CommitId is { } sha && ForgeHttp.CommitId(sha) is { } id ? id : throw answer.Malformed("a commit without an id"),
            Message = told.Comment,
            Timestamp = told.Committer?.Date ?? told.Author?.Date,
            Url = told.RemoteUrl,
            Author = told.Author is { } author ? new PersonInfo(author.Name, author.Email) : null,
            Committer = told.Committer is { } committer ? new PersonInfo(committer.Name, committer.Email) : null,
            Parents = ForgeHttp.CommitIds(told.Parents),
            Added = Paths(changes, type => !Has(type, "delete") && (Has(type, "add") || Has(type, "rename"))),
            Modified = Paths(changes, type => !Has(type, "delete") && !Has(type, "add") && !Has(type, "rename")),
            Removed = Paths(changes, type => Has(type, "delete")),
        };
    }

    /// <summary>What a comparison tells as a whole; null where it may have been cut.</summary>
    public static IReadOnlyList<string>? Paths(AzureDifference told) =>
        told is { AllChangesIncluded: true, Changes: { Count: < MaxChanges } all } && all.All(change => change is { Item.Path: not null })
            ? [.. all.OfType<AzureChange>().Where(change => change.Item!.IsFolder != true && change.Item.GitObjectType is null or "blob").SelectMany(change => new[] { change.Item!.Path, change.SourceServerItem }).OfType<string>().Select(path => path.TrimStart('/')).Distinct(StringComparer.Ordinal)]
            : null;

    private static bool Has(string type, string word) => type.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string[]? Paths(List<AzureChange>? changes, Func<string, bool> are) => changes is null ? null : [.. changes.Where(change => are(change.ChangeType!)).Select(change => change.Item!.Path!.TrimStart('/'))];
}
