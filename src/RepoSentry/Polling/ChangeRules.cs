using System.IO.Enumeration;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>What a repository's configuration keeps from its triggers. Pure. What is not known fires.</summary>
internal sealed class ChangeRules(RepositoryConfig repository)
{
    private const int Shown = 60;

    public bool HasPaths => repository.Paths.Count > 0;

    private bool HasHeadRules => repository.SkipMessages.Count > 0 || repository.IgnoreAuthors.Count > 0 || repository.LoopGuard == "stop";

    /// <summary>Whether the rules ask for the head commit of this change: those of branches and tags that did not vanish.</summary>
    public bool NeedsHead(RefChange change) => HasHeadRules && change is { After: not null, Kind: RefKind.Branch or RefKind.Tag };

    /// <summary>Whether they ask for its files: those of a branch that moved or is new.</summary>
    public bool NeedsFiles(RefChange change) => HasPaths && change is { Kind: RefKind.Branch, After: not null };

    /// <param name="files">All paths that the change is judged by; null where not known.</param>
    /// <returns>Null if it goes to its triggers.</returns>
    public SkipInfo? Judge(ChangeEvent change, IReadOnlyList<string>? files)
    {
        var head = change.Commits.Count > 0 && change.Commits[^1].Id == change.Change.After ? change.Commits[^1] : null;
        return (NeedsHead(change.Change) && head is not null
                ? ByMessage(head.Message, $"the message of {Short(head.Id)}") ?? ByAuthor(Short(head.Id), head.Author?.Name, head.Author?.Email, head.Author?.Username, head.Committer?.Email)
                : null)
            ?? (NeedsFiles(change.Change) && files is not null ? ByPaths(files) : null);
    }

    /// <summary>Whether they ask for the files that a pull request changes.</summary>
    public bool NeedsFiles(PullRequestInfo told) => HasPaths && told.BaseSha is not null;

    /// <summary>Of a pull request its title and who asks for it are judged in the place of a commit's.</summary>
    /// <param name="files">All that it changes; null where not known.</param>
    public SkipInfo? Judge(PullRequestInfo told, IReadOnlyList<string>? files) =>
        ByMessage(told.Title, $"the title of {Name(told)}") ?? ByAuthor(Name(told), told.Author?.Name, told.Author?.Email, told.Author?.Username) ?? (files is not null ? ByPaths(files) : null);

    private SkipInfo? ByMessage(string? message, string what) =>
        repository.SkipMessages.FirstOrDefault(text => message?.Contains(text, StringComparison.OrdinalIgnoreCase) == true) is { } found ? new SkipInfo("skip_messages", $"{what} has \"{found}\"") : null;

    private SkipInfo? ByAuthor(string what, params ReadOnlySpan<string?> names)
    {
        foreach (var pattern in repository.IgnoreAuthors)
        {
            foreach (var name in names)
            {
                if (name is { Length: > 0 } && FileSystemName.MatchesSimpleExpression(pattern.Replace(@"\", @"\\", StringComparison.Ordinal), name, ignoreCase: true))
                {
                    return new SkipInfo("ignore_authors", $"{what} is by {Cut(name)}, whom \"{pattern}\" names");
                }
            }
        }

        return null;
    }

    private static string Name(PullRequestInfo told) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"pull request {told.Number}");

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
