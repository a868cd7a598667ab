using System.Text.Json.Serialization;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Providers.AzureDevOps;

/// <summary>What questions with one credential of Azure DevOps need to know, of the service or of a server of one's own.</summary>
internal static class AzureOptions
{
    public static ForgeOptions For(ProviderConfig provider) => new()
    {
        Provider = provider.Name,
        Type = "azure",
        Title = "Azure DevOps",
        Token = provider.Token,
        ApiBase = provider.ApiBaseUrl ?? new Uri(provider.Url is { } url ? url.GetLeftPart(UriPartial.Authority) : "https://dev.azure.com"), // organizations and collections stand in the repositories' URLs
        Web = new Uri(provider.Url is { } web ? web.GetLeftPart(UriPartial.Authority) : "https://dev.azure.com"),
        RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : 6000,
        Burst = provider.Burst > 0 ? provider.Burst : 100,
        Credential = token => ForgeOptions.Basic(provider.Username, token),
        TokenPath = null, // no question is without an organization
        Needs = "it needs the scope Code (Read)",
        IsSignIn = IsSignIn,
    };

    // A token that is wrong or missing is answered with a page, or with the way to one.
    private static bool IsSignIn(HttpResponseMessage response) => (int)response.StatusCode == 203
        || (PlainGitErrors.IsRedirect(response) && response.Headers.Location?.OriginalString.Contains("_signin", StringComparison.OrdinalIgnoreCase) == true);
}

internal sealed record AzureRepository(string? Id, string? Name, string? DefaultBranch, string? WebUrl, bool? IsDisabled, AzureProject? Project);

/// <summary>A repository of a list. A fork has a parent; some versions only say that it is one.</summary>
internal sealed record AzureListed(string? Id, string? Name, bool? IsDisabled, bool? IsFork, AzureProject? Project, AzureProject? ParentRepository);

internal sealed record AzureProject(string? Name, string? Visibility);

internal sealed record AzureList<T>(IReadOnlyList<T?>? Value, int? Count);

/// <summary>A ref by its full name. Of an annotated tag the object is the tag, and the peeled one is the commit.</summary>
internal sealed record AzureRef(string? Name, string? ObjectId, string? PeeledObjectId);

internal sealed record AzureDifference(int? AheadCount, int? BehindCount, string? CommonCommit, bool? AllChangesIncluded, IReadOnlyList<AzureChange?>? Changes);

internal sealed record AzureCommit(string? CommitId, string? Comment, string? RemoteUrl, AzurePerson? Author, AzurePerson? Committer, IReadOnlyList<AzureChange?>? Changes, IReadOnlyList<string?>? Parents);

internal sealed record AzurePullRequest(
    long? PullRequestId, string? Status, string? Title, string? Description, bool? IsDraft, string? SourceRefName, string? TargetRefName, AzureCommit? LastMergeSourceCommit, AzureCommit? LastMergeTargetCommit,
    AzureCommit? LastMergeCommit, AzureIdentity? CreatedBy, DateTimeOffset? CreationDate, DateTimeOffset? ClosedDate, IReadOnlyList<AzureLabel?>? Labels, AzureRepository? Repository, AzureForkSource? ForkSource);

internal sealed record AzureIdentity(string? DisplayName, string? UniqueName);

internal sealed record AzureLabel(string? Name, bool? Active);

internal sealed record AzureForkSource(AzureRepository? Repository);

internal sealed record AzurePerson(string? Name, string? Email, DateTimeOffset? Date);

/// <param name="ChangeType">One word or several, such as <c>edit, rename</c>.</param>
internal sealed record AzureChange(AzureItem? Item, string? ChangeType, string? SourceServerItem);

internal sealed record AzureItem(string? Path, bool? IsFolder, string? GitObjectType);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(AzureRepository))]
[JsonSerializable(typeof(AzureList<AzureRef>))]
[JsonSerializable(typeof(AzureList<AzureListed>))]
[JsonSerializable(typeof(AzureList<AzureCommit>))]
[JsonSerializable(typeof(AzurePullRequest))]
[JsonSerializable(typeof(AzureList<AzurePullRequest>))]
[JsonSerializable(typeof(AzureDifference))]
[JsonSerializable(typeof(AzureCommit))]
internal sealed partial class AzureJson : JsonSerializerContext;
