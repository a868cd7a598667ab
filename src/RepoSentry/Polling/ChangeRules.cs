using System.IO.Enumeration;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>What a repository's configuration keeps from its triggers. Pure. What is not known fires.</summary>
internal sealed class ChangeRules(RepositoryConfig repository)
{
    private const int Shown = 60;

    private bool HasHeadRules => repository.SkipMessages.Count > 0 || repository.IgnoreAuthors.Count > 0 || repository.LoopGuard == "stop";

    /// <summary>Whether the rules ask for the head commit of this change: those of branches and tags that did not vanish.</summary>
    public bool NeedsHead(RefChange change) => HasHeadRules && change is { After: not null, Kind: RefKind.Branch or RefKind.Tag };

    /// <summary>Whether they ask for its files: those of a branch that moved or is new.</summary>
    public bool NeedsFiles(RefChange change) => repository.Paths.Count > 0 && change is { Kind: RefKind.Branch, After: not null };

    /// <param name="files">All paths that the change is judged by; null where not known.</param>
    /// <returns>Null if it goes to its triggers.</returns>
    public SkipInfo? Judge(ChangeEvent change, IReadOnlyList<string>? files)
    {
        var head = change.Commits.Count > 0 && change.Commits[^1].Id == change.Change.After ? change.Commits[^1] : null;
        return (NeedsHead(change.Change) && head is not null ? ByMessage(head) ?? ByAuthor(head) : null)
            ?? (NeedsFiles(change.Change) && files is not null ? ByPaths(files) : null);
    }

    private SkipInfo? ByMessage(CommitInfo head) =>
        repository.SkipMessages.FirstOrDefault(text => head.Message?.Contains(text, StringComparison.OrdinalIgnoreCase) == true) is { } found
            ? new SkipInfo("skip_messages", $"the message of {Short(head.Id)} has \"{found}\"")
            : null;

    private SkipInfo? ByAuthor(CommitInfo head)
    {
        string?[] names = [head.Author?.Name, head.Author?.Email, head.Author?.Username, head.Committer?.Email];
        return (from pattern in repository.IgnoreAuthors
                from name in names
                where name is { Length: > 0 } && FileSystemName.MatchesSimpleExpression(pattern.Replace(@"\", @"\\", StringComparison.Ordinal), name, ignoreCase: true)
                select new SkipInfo("ignore_authors", $"{Short(head.Id)} is by {Cut(name)}, whom \"{pattern}\" names")).FirstOrDefault();
    }

    private SkipInfo? ByPaths(IReadOnlyList<string> files)
    {
        var globs = GlobSet.OfPaths(repository.Paths);
        try
        {
            return files.Any(globs.Matches) ? null
                : new SkipInfo("paths", files.Count == 0 ? "no file differs" : $"none of the {files.Count} changed files matches {string.Join(", ", repository.Paths.Take(5))}{(repository.Paths.Count > 5 ? ", …" : "")}: {Cut(files[0])}{(files.Count > 1 ? ", …" : "")}");
        }
        catch (System.Text.RegularExpressions.RegexMatchTimeoutException)
        {
            return null; // not known
        }
    }

    private static string Short(string commit) => commit[..Math.Min(12, commit.Length)];

    private static string Cut(string text) => text.Length > Shown ? text[..Shown] + "…" : text;
}
