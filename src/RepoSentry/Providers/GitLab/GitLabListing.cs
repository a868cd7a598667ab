using System.Globalization;
using RepoSentry.Storage;

namespace RepoSentry.Providers.GitLab;

/// <summary>How GitLab lists the projects of a group with its subgroups, or of a user.</summary>
internal static class GitLabListing
{
    /// <param name="web">Where projects are cloned from.</param>
    public static ListingShape Shape(Uri web)
    {
        var query = $"per_page={RefPages.PageSize}&order_by=id&sort=asc"; // new ones come last: no page shifts
        return new ListingShape
        {
            Title = "GitLab",
            PageSize = RefPages.PageSize,
            PathsOf = group => group.Contains('/', StringComparison.Ordinal)
                ? [$"/groups/{Uri.EscapeDataString(group)}/projects?include_subgroups=true&with_shared=false&{query}"]
                : [$"/groups/{Uri.EscapeDataString(group)}/projects?include_subgroups=true&with_shared=false&{query}", $"/users/{Uri.EscapeDataString(group)}/projects?{query}"],
            Read = (answer, group) =>
            {
                var told = answer.Read(GitLabJson.Default.IReadOnlyListGitLabListed);
                var projects = told.Where(one => one?.MarkedForDeletionOn is null).Select(one => Read(one, answer, group, web)).ToList();
                return new ListingPage(projects, answer.Next ?? (told.Count >= RefPages.PageSize && projects.Count < told.Count ? NextOf(answer) : null));
            },
        };
    }

    // Those that are being deleted do not count as what fills a page.
    private static string NextOf(ForgeAnswer answer)
    {
        var page = ForgeHttp.PageNumber(answer.At.Query) ?? 1;
        var others = answer.At.Query.TrimStart('?').Split('&').Where(pair => !pair.StartsWith("page=", StringComparison.Ordinal));
        return string.Create(CultureInfo.InvariantCulture, $"?{string.Join('&', others)}&page={page + 1}");
    }

    private static ListedRepository Read(GitLabListed? told, ForgeAnswer answer, string group, Uri web)
    {
        if (told is not { Id: { } id, PathWithNamespace: { Length: > 0 } path })
        {
            throw answer.Malformed("a list that has a project without an id or a path");
        }

        // A group that was renamed is asked for by its old path: the new one has as many parts.
        var below = path.Split('/').Skip(Math.Min(group.Split('/').Length, path.Count(letter => letter == '/')));
        return new ListedRepository(id.ToString(CultureInfo.InvariantCulture), path, string.Join('/', below), ForgeListing.UrlOf(web, path, ".git"))
        {
            Archived = told.Archived == true,
            Fork = told.ForkedFromProject is not null,
            Topics = string.Join('\n', told.Topics ?? told.TagList ?? []),
        };
    }
}
