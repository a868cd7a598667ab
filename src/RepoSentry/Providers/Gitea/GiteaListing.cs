using System.Globalization;
using RepoSentry.Storage;

namespace RepoSentry.Providers.Gitea;

/// <summary>How Gitea and Forgejo list the repositories of an organization or a user.</summary>
internal static class GiteaListing
{
    /// <param name="web">Where repositories are cloned from.</param>
    /// <param name="pageSize">The most that an instance gives on one page.</param>
    public static ListingShape Shape(Uri web, int pageSize) => new()
    {
        Title = "Gitea",
        PageSize = pageSize,
        PathsOf = organization => [$"/orgs/{Uri.EscapeDataString(organization)}/repos?limit={pageSize}", $"/users/{Uri.EscapeDataString(organization)}/repos?limit={pageSize}"],
        Read = (answer, _) => new ListingPage([.. answer.Read(GiteaJson.Default.IReadOnlyListGiteaListed).Select(told => Read(told, answer, web))], answer.Next, answer.Total),
    };

    private static ListedRepository Read(GiteaListed? told, ForgeAnswer answer, Uri web) =>
        told is { Id: { } id, FullName: { } path } && path.Split('/') is [{ Length: > 0 }, { Length: > 0 } name]
            ? new ListedRepository(id.ToString(CultureInfo.InvariantCulture), path, name, ForgeListing.UrlOf(web, path, ".git")) { Archived = told.Archived == true, Fork = told.Fork == true, Topics = string.Join('\n', told.Topics ?? []) }
            : throw answer.Malformed("a list that has a repository without an id or a name");
}
