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

    /// <summary>The commits that the later of two has and the earlier has not, oldest first; empty where the history that was told does not prove them.</summary>
    /// <param name="history">Of the later one, newest first, as far as it was told.</param>
    /// <param name="count">How many there are, as the forge counts.</param>
    /// <remarks>All parents of what was found are found, or lie before the earlier one: then nothing can be missing, and with the right count nothing is too much.</remarks>
    public static IReadOnlyList<CommitInfo> Between(IReadOnlyList<CommitInfo> history, string earlier, string later, int count)
    {
        var told = history.DistinctBy(commit => commit.Id).ToDictionary(commit => commit.Id, StringComparer.Ordinal);
        var before = Reached(earlier, told, without: []);
        var found = Reached(later, told, before);
        return found.Count == count && found.All(id => told.TryGetValue(id, out var commit) && commit.Parents is not null) ? [.. history.Where(commit => found.Contains(commit.Id)).Reverse()] : [];
    }

    private static HashSet<string> Reached(string from, Dictionary<string, CommitInfo> told, HashSet<string> without)
    {
        var reached = new HashSet<string>(StringComparer.Ordinal);
        var waiting = new Stack<string>([from]);
        while (waiting.TryPop(out var id))
        {
            if (!without.Contains(id) && reached.Add(id) && told.TryGetValue(id, out var commit))
            {
                foreach (var parent in commit.Parents ?? [])
                {
                    waiting.Push(parent);
                }
            }
        }

        return reached;
    }

    private static bool Has(string type, string word) => type.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string[]? Paths(List<AzureChange>? changes, Func<string, bool> are) => changes is null ? null : [.. changes.Where(change => are(change.ChangeType!)).Select(change => change.Item!.Path!.TrimStart('/'))];
}
