using RepoSentry.Storage;

namespace RepoSentry.Providers.AzureDevOps;

/// <summary>How Azure DevOps lists the repositories of an organization, or of one of its projects.</summary>
internal static class AzureListing
{
    /// <param name="web">The address below which organizations lie.</param>
    /// <param name="version">Of the interface, as a query.</param>
    public static ListingShape Shape(Uri web, string version) => new()
    {
        Title = "Azure DevOps",
        PathsOf = place => [$"/{string.Join('/', place.Split('/').Select(Uri.EscapeDataString))}/_apis/git/repositories?{version}"],
        Read = (answer, place) =>
        {
            var told = answer.Read(AzureJson.Default.AzureListAzureListed);
            return told is { Value: { } values, Count: { } count } && count == values.Count
                ? new ListingPage([.. values.Select(one => Read(one, answer, place, web))])
                : throw answer.Malformed("a list that is not as long as it says");
        },
    };

    private static ListedRepository Read(AzureListed? told, ForgeAnswer answer, string place, Uri web)
    {
        if (told is not { Id: { Length: > 0 } id, Name: { Length: > 0 } name, Project.Name: { Length: > 0 } project })
        {
            throw answer.Malformed("a list that has a repository without an id, a name or a project");
        }

        var isProject = place.EndsWith("/" + project, StringComparison.OrdinalIgnoreCase);
        var home = isProject ? place : $"{place}/{project}";
        return new ListedRepository(id, $"{home}/{name}", isProject ? name : $"{project}/{name}", ForgeListing.UrlOf(web, $"{home}/_git/{name}", ""))
        {
            ShortName = name,
            Archived = told.IsDisabled == true,
            Fork = told.IsFork == true || told.ParentRepository is not null,
        };
    }
}
