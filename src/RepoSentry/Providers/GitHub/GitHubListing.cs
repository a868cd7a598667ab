using System.Globalization;
using RepoSentry.Storage;

namespace RepoSentry.Providers.GitHub;

/// <summary>How GitHub lists the repositories of an organization or a user.</summary>
internal static class GitHubListing
{
    // New ones come last: no page shifts.
    private static readonly string Query = $"?per_page={RefPages.PageSize}&sort=created&direction=asc";

    /// <param name="web">Where repositories are cloned from.</param>
    public static ListingShape Shape(Uri web) => new()
    {
        Title = "GitHub",
        PageSize = RefPages.PageSize,
        PathsOf = organization => [$"/orgs/{Uri.EscapeDataString(organization)}/repos{Query}", $"/users/{Uri.EscapeDataString(organization)}/repos{Query}"],
        Read = (answer, _) => new ListingPage([.. answer.Read(GitHubJson.Default.IReadOnlyListGitHubListed).Select(told => Read(told, answer, web))], answer.Next),
    };

    private static ListedRepository Read(GitHubListed? told, ForgeAnswer answer, Uri web) =>
        told is { Id: { } id, FullName: { } path } && path.Split('/') is [{ Length: > 0 }, { Length: > 0 } name]
            ? new ListedRepository(id.ToString(CultureInfo.InvariantCulture), path, name, ForgeListing.UrlOf(web, path, "")) { Archived = told.Archived == true || told.Disabled == true, Fork = told.Fork == true, Topics = string.Join('\n', told.Topics ?? []) }
            : throw answer.Malformed("a list that has a repository without an id or a name");
}
