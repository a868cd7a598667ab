using System.Globalization;
using RepoSentry.Storage;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>How Bitbucket lists the repositories of a workspace or a project, on bitbucket.org and in Data Center.</summary>
internal static class BitbucketListing
{
    private const int MostOnPage = 1000;

    // Without fields an answer is twenty times as large.
    private static readonly string Fields = Uri.EscapeDataString("next,values.uuid,values.full_name,values.parent.uuid");

    /// <summary>Of bitbucket.org: WORKSPACE, or WORKSPACE/PROJECT-KEY.</summary>
    public static ListingShape Cloud() => new()
    {
        Title = "Bitbucket",
        PathsOf = place => place.Split('/') is [var workspace, var key]
            ? [$"/repositories/{Uri.EscapeDataString(workspace)}?q={Uri.EscapeDataString($"project.key=\"{key.Replace("\"", "", StringComparison.Ordinal)}\"")}&pagelen={RefPages.PageSize}&sort=created_on&fields={Fields}"]
            : [$"/repositories/{Uri.EscapeDataString(place)}?pagelen={RefPages.PageSize}&sort=created_on&fields={Fields}"],
        Read = (answer, _) =>
        {
            var told = answer.Read(BitbucketJson.Default.BitbucketPageBitbucketListed);
            return new ListingPage(
                [.. (told.Values ?? throw answer.Malformed("a list without values")).Select(one => Read(one, answer))],
                told.Next is { } next ? ForgeHttp.QueryOf(next, answer.At, "next") : null);
        },
    };

    /// <summary>Of Data Center: the key of a project.</summary>
    public static ListingShape Server(Uri web) => new()
    {
        Title = "Bitbucket",
        PathsOf = key => [$"/projects/{Uri.EscapeDataString(key)}/repos?limit={MostOnPage}"],
        Read = (answer, _) =>
        {
            var told = answer.Read(ServerJson.Default.ServerPageServerListed);
            var repositories = told is { Values: { } values, IsLastPage: { } isLast } && (isLast || told.NextPageStart is not null) ? values : throw answer.Malformed("a list that does not tell how it goes on");
            return new ListingPage([.. repositories.Select(one => Read(one, answer, web))], isLast ? null : string.Create(CultureInfo.InvariantCulture, $"?limit={MostOnPage}&start={told.NextPageStart}"));
        },
    };

    private static ListedRepository Read(BitbucketListed? told, ForgeAnswer answer) =>
        told is { Uuid: { Length: > 0 } id, FullName: { } path } && path.Split('/') is [{ Length: > 0 }, { Length: > 0 } slug]
            ? new ListedRepository(id, path, slug, ForgeListing.UrlOf(new Uri("https://" + BitbucketPath.CloudHost), path, ".git")) { Fork = told.Parent is not null }
            : throw answer.Malformed("a list that has a repository without an id or a name");

    private static ListedRepository Read(ServerListed? told, ForgeAnswer answer, Uri web) =>
        told is { Id: { } id, Slug: { Length: > 0 } slug, Project.Key: { Length: > 0 } key }
            ? new ListedRepository(id.ToString(CultureInfo.InvariantCulture), $"{key}/{slug}", slug, new Uri(web.AbsoluteUri.TrimEnd('/') + new BitbucketPath("", key, slug).ClonePath)) { Archived = told.Archived == true, Fork = told.Origin is not null }
            : throw answer.Malformed("a list that has a repository without an id or a name");
}
