using System.Globalization;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.GitHub;

/// <summary>
/// Questions to GraphQL for many at once, each under an alias. GitHub counts a hundredth of a point for each connection that it has to fill, rounded, and at
/// least one for the question.
/// </summary>
internal static class GitHubQueries
{
    /// <summary>Longest page that GitHub gives.</summary>
    public const int Page = 100;

    /// <summary>Pushes of one owner in one answer: few, for more follow where they are needed.</summary>
    public const int Pushes = 20;

    /// <summary>Owners in one question: half of what a point pays for, so that the answer comes soon.</summary>
    public const int MostOwners = 50;

    /// <summary>Histories in one question: GitHub walks through each.</summary>
    public const int MostHistories = 25;

    private const string Facts = "fragment F on Repository{databaseId nameWithOwner url isArchived isPrivate defaultBranchRef{name}}";
    private const string Heads = "fragment H on RefConnection{pageInfo{hasNextPage}nodes{name target{__typename oid}}}";
    private const string Tags = "fragment T on RefConnection{pageInfo{hasNextPage}nodes{name target{__typename oid ...on Tag{target{__typename oid ...on Tag{target{__typename oid}}}}}}}";

    private const string Pulls = "fragment P on PullRequestConnection{pageInfo{hasNextPage}nodes{number title url isDraft isCrossRepository headRefName headRefOid baseRefName baseRefOid author{login}headRepository{nameWithOwner url}createdAt updatedAt}}";

    /// <summary>The refs of repositories, as <c>r0</c>, <c>r1</c> and so on.</summary>
    public static string Refs(IReadOnlyList<(string Owner, string Name, RefLookRequest Request)> asked)
    {
        var text = new StringBuilder("query{");
        var kinds = new HashSet<RefKind>();
        for (var at = 0; at < asked.Count; at++)
        {
            var (owner, name, request) = asked[at];
            text.Append(CultureInfo.InvariantCulture, $"r{at}:repository(owner:\"{owner}\",name:\"{name}\"){{...F");
            foreach (var kind in request.Kinds)
            {
                kinds.Add(kind.Kind);
                text.Append(' ').Append(kind.Kind switch
                {
                    RefKind.Branch => $"heads:refs(refPrefix:\"{GitRef.BranchPrefix}\",first:{Page}){{...H}}",
                    RefKind.Tag => $"tags:refs(refPrefix:\"{GitRef.TagPrefix}\",first:{Page}){{...T}}",
                    _ => $"pulls:pullRequests(states:OPEN,first:{Page}){{...P}}",
                });
            }

            text.Append('}');
        }

        return text.Append('}').Append(Facts).Append(kinds.Contains(RefKind.Branch) ? Heads : "").Append(kinds.Contains(RefKind.Tag) ? Tags : "").Append(kinds.Contains(RefKind.PullRequest) ? Pulls : "").ToString();
    }

    /// <summary>When the last commits of repositories were made, as <c>r0</c>, <c>r1</c> and so on.</summary>
    public static string Recent(IReadOnlyList<(string Owner, string Name)> asked)
    {
        var text = new StringBuilder("query{");
        foreach (var (at, (owner, name)) in asked.Index())
        {
            text.Append(CultureInfo.InvariantCulture, $"r{at}:repository(owner:\"{owner}\",name:\"{name}\"){{defaultBranchRef{{target{{...C}}}}}}");
        }

        return text.Append(CultureInfo.InvariantCulture, $"}}fragment C on Commit{{history(first:{Page}){{nodes{{committedDate}}}}}}").ToString();
    }

    /// <summary>The latest pushes of owners, as <c>o0</c>, <c>o1</c> and so on.</summary>
    public static string LastPushes(IReadOnlyList<SweepRequest> owners)
    {
        var text = new StringBuilder("query{");
        for (var at = 0; at < owners.Count; at++)
        {
            var after = owners[at].After is { } cursor ? $",after:\"{cursor}\"" : "";
            text.Append(CultureInfo.InvariantCulture, $"o{at}:repositoryOwner(login:\"{owners[at].Owner}\"){{repositories(first:{Pushes},ownerAffiliations:[OWNER],orderBy:{{field:PUSHED_AT,direction:DESC}}{after}){{pageInfo{{hasNextPage endCursor}}nodes{{databaseId pushedAt}}}}}}");
        }

        return text.Append('}').ToString();
    }

    /// <summary>What GitHub counts for so many connections.</summary>
    public static int Points(int connections) => Math.Max(1, (connections + 50) / 100);

    /// <summary>Owner and name in a repository's URL; null where it has none.</summary>
    public static (string Owner, string Name)? NameOf(Uri url)
    {
        var path = Uri.UnescapeDataString(url.IsAbsoluteUri ? url.AbsolutePath : "").Trim('/');
        var parts = (path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path).Split('/');
        return parts is [{ Length: > 0 } owner, { Length: > 0 } name] && owner is not ("." or "..") && name is not ("." or "..") ? (owner, name) : null;
    }

    /// <summary>The owner in a repository's URL, in lower case; null where none can be asked for.</summary>
    public static string? OwnerOf(Uri url) => NameOf(url) is var (owner, _) && IsPlain(owner) ? owner.ToLowerInvariant() : null;

    /// <summary>Whether a text can stand between quotes, as all names and cursors of GitHub can.</summary>
    public static bool IsPlain(string text) => text.Length is > 0 and <= 200 && text.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.' or '=' or '+' or '/' or ':');
}
