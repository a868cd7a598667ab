using System.Text.Json;
using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>Which refs of a kind are watched. Its text stands beside the snapshot that was taken with it, so that a later filter can be told from it.</summary>
internal sealed class RefFilter
{
    private const string RegexMark = "regex:";
    private const string NamesMark = "names:";
    private const string OwnBranchesMark = "pulls:own:";
    private const string ForksMark = "pulls:forks:";

    private readonly GlobSet? globs;
    private readonly Regex? regex;
    private readonly HashSet<string>? names;
    private readonly RefFilter? bases;
    private readonly bool forks;

    private RefFilter(string text, GlobSet? globs, Regex? regex, HashSet<string>? names = null)
    {
        Text = text;
        this.globs = globs;
        this.regex = regex;
        this.names = names;
    }

    private RefFilter(string text, RefFilter bases, bool forks)
        : this(text, null, null) => (this.bases, this.forks) = (bases, forks);

    /// <summary>Watches nothing.</summary>
    public static RefFilter None { get; } = Parse("[]");

    public string Text { get; }

    public bool MatchesNothing => Text == "[]";

    public static RefFilter For(RepositoryConfig repository, RefKind kind) => kind switch
    {
        RefKind.Branch when repository.BranchRegex is not null => Parse(RegexMark + repository.BranchRegex),
        RefKind.Branch => Parse(Write(repository.Branches)),
        RefKind.Tag => Parse(Write(repository.Tags)),
        _ => repository.PullRequests switch
        {
            PullRequestScope.None => None,
            PullRequestScope.OwnBranches => Parse(OwnBranchesMark + For(repository, RefKind.Branch).Text),
            _ => Parse(ForksMark + For(repository, RefKind.Branch).Text),
        },
    };

    /// <summary>Exactly these refs: what was taken over of another program's memory, which knew no others.</summary>
    /// <param name="refNames">Full names.</param>
    public static RefFilter Exactly(IEnumerable<string> refNames) => Parse(NamesMark + Write([.. refNames.Order(StringComparer.Ordinal)]));

    public static RefFilter Parse(string text) =>
        text.StartsWith(NamesMark, StringComparison.Ordinal) ? new RefFilter(text, null, null, [.. JsonSerializer.Deserialize(text[NamesMark.Length..], PollingJson.Default.StringArray)!])
        : text.StartsWith(OwnBranchesMark, StringComparison.Ordinal) ? new RefFilter(text, Parse(text[OwnBranchesMark.Length..]), forks: false)
        : text.StartsWith(ForksMark, StringComparison.Ordinal) ? new RefFilter(text, Parse(text[ForksMark.Length..]), forks: true)
        : text.StartsWith(RegexMark, StringComparison.Ordinal) ? new RefFilter(text, null, BranchRegex.Compile(text[RegexMark.Length..]))
        : new RefFilter(text, GlobSet.Of(JsonSerializer.Deserialize(text, PollingJson.Default.StringArray)!), null);

    /// <summary>Pull requests are watched by the branch that they shall be merged into.</summary>
    public bool Matches(PullRequestInfo pullRequest) => (forks || !pullRequest.Fork) && bases?.Matches(GitRef.BranchPrefix + RefName.FromText(pullRequest.BaseBranch)) == true;

    /// <param name="refName">Full name; patterns are matched against the short one. A pull request's tells nothing of it.</param>
    public bool Matches(string refName)
    {
        if (bases is not null)
        {
            return true;
        }

        if (names is not null)
        {
            return names.Contains(refName);
        }

        var name = RefName.ToText(GitRef.Shorten(refName)); // patterns are written as Git shows names
        try
        {
            return globs?.Matches(name) ?? regex!.IsMatch(name);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"the filter needs too long for a ref name of {name.Length} characters: simplify the globs or branch_regex");
        }
    }

    /// <summary>Full-name prefixes that hold every match; empty for the whole kind.</summary>
    public IReadOnlyList<string> Prefixes(RefKind kind)
    {
        // A percent sign may stand escaped in the names that a source compares with: what comes before it is limit enough.
        var root = kind == RefKind.Tag ? GitRef.TagPrefix : GitRef.BranchPrefix;
        return globs is null || kind == RefKind.PullRequest ? [] : [.. globs.LiteralPrefixes().Select(prefix => root + prefix.Split('%')[0])];
    }

    private static string Write(IReadOnlyList<string> patterns) => JsonSerializer.Serialize([.. patterns], PollingJson.Default.StringArray);
}
