using System.Text.Json.Serialization;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>What questions with one Bitbucket credential need to know. Cloud and Data Center are two products with one name: the host tells which it is.</summary>
internal static class BitbucketOptions
{
    public const string ServerPath = "/rest/api/1.0";

    public static bool IsCloud(ProviderConfig provider) => provider.Url is null || BitbucketPath.IsCloud(provider.Url);

    public static ForgeOptions For(ProviderConfig provider)
    {
        var options = new ForgeOptions
        {
            Provider = provider.Name,
            Type = "bitbucket",
            Title = "Bitbucket",
            Token = provider.Token,
            ApiBase = IsCloud(provider) ? provider.ApiBaseUrl ?? new Uri("https://api.bitbucket.org/2.0") : ForgeOptions.ApiBaseOf(provider, "", ServerPath),
            Web = ForgeOptions.WebOf(provider, "https://" + BitbucketPath.CloudHost),
            RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : 18_000,
            Burst = provider.Burst > 0 ? provider.Burst : 60,
            Credential = token => ForgeOptions.UserOrBearer(provider.Username, token),
            TokenPath = "/repos?limit=1",
            Needs = "it needs the permission to read repositories",
        };
        return !IsCloud(provider) ? options : options with
        {
            RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : provider.HasCredential ? 1000 : 60,
            TokenPath = "/user",
            TokenPathNeeds = "account", // which the refs do not need
            Needs = "it needs the scope read:repository:bitbucket (of an app password: repository)",
        };
    }
}

/// <summary>A page of Cloud, of whatever.</summary>
internal sealed record BitbucketPage<T>(IReadOnlyList<T?>? Values, string? Next);

internal sealed record BitbucketRepository(string? Uuid, string? FullName, bool? IsPrivate, BitbucketName? Mainbranch, BitbucketLinks? Links);

/// <summary>A repository of a list. A fork has a parent.</summary>
internal sealed record BitbucketListed(string? Uuid, string? FullName, BitbucketParent? Parent);

internal sealed record BitbucketParent(string? Uuid);

internal sealed record BitbucketName(string? Name);

internal sealed record BitbucketLinks(BitbucketLink? Html);

internal sealed record BitbucketLink(string? Href);

/// <summary>A branch or a tag: the target is the commit, of an annotated tag too.</summary>
internal sealed record BitbucketRef(string? Name, BitbucketTarget? Target);

internal sealed record BitbucketTarget(string? Hash);

internal sealed record BitbucketCommit(string? Hash, string? Message, DateTimeOffset? Date, BitbucketAuthor? Author, BitbucketLinks? Links, IReadOnlyList<BitbucketTarget?>? Parents);

internal sealed record BitbucketAuthor(string? Raw, BitbucketUser? User);

internal sealed record BitbucketUser(string? Nickname);

internal sealed record BitbucketFile(string? Status, BitbucketFilePath? Old, BitbucketFilePath? New);

internal sealed record BitbucketFilePath(string? Path);

internal sealed record CloudPullRequest(
    long? Id, string? Title, string? Description, string? State, bool? Draft, DateTimeOffset? CreatedOn, DateTimeOffset? UpdatedOn, CloudAccount? Author, CloudEnd? Source, CloudEnd? Destination,
    BitbucketTarget? MergeCommit, BitbucketLinks? Links);

internal sealed record CloudAccount(string? DisplayName, string? Nickname);

/// <summary>Where a pull request comes from, or goes to. The commit's id is cut off.</summary>
internal sealed record CloudEnd(BitbucketName? Branch, BitbucketTarget? Commit, BitbucketRepository? Repository);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(BitbucketRepository))]
[JsonSerializable(typeof(BitbucketPage<BitbucketRef>))]
[JsonSerializable(typeof(CloudPullRequest))]
[JsonSerializable(typeof(BitbucketPage<CloudPullRequest>))]
[JsonSerializable(typeof(BitbucketPage<BitbucketListed>))]
[JsonSerializable(typeof(BitbucketPage<BitbucketCommit>))]
[JsonSerializable(typeof(BitbucketPage<BitbucketFile>))]
[JsonSerializable(typeof(BitbucketCommit))]
internal sealed partial class BitbucketJson : JsonSerializerContext;

/// <summary>A page of Data Center, of whatever.</summary>
internal sealed record ServerPage<T>(IReadOnlyList<T?>? Values, bool? IsLastPage, long? NextPageStart);

internal sealed record ServerRepository(long? Id, string? Slug, bool? Public, bool? Archived, ServerProject? Project, ServerLinks? Links);

/// <summary>A repository of a list. A fork has an origin.</summary>
internal sealed record ServerListed(long? Id, string? Slug, bool? Archived, ServerProject? Project, ServerOrigin? Origin);

internal sealed record ServerOrigin(long? Id);

internal sealed record ServerProject(string? Key);

internal sealed record ServerLinks(IReadOnlyList<BitbucketLink?>? Self, [property: JsonPropertyName("clone")] IReadOnlyList<ServerCloneLink?>? Clones);

internal sealed record ServerCloneLink(string? Name, string? Href);

/// <summary>A branch or a tag: the latest commit is peeled, the hash is that of the tag object where there is one.</summary>
internal sealed record ServerRef(string? DisplayId, string? LatestCommit, string? Hash, bool? IsDefault);

/// <param name="CommitterTimestamp">Milliseconds.</param>
internal sealed record ServerCommit(string? Id, string? Message, ServerPerson? Author, ServerPerson? Committer, long? AuthorTimestamp, long? CommitterTimestamp, IReadOnlyList<ServerParent?>? Parents);

internal sealed record ServerParent(string? Id);

internal sealed record ServerPerson(string? Name, string? EmailAddress, string? DisplayName);

internal sealed record ServerChange(string? Type, ServerFilePath? Path, ServerFilePath? SrcPath);

internal sealed record ServerPullRequest(
    long? Id, string? Title, string? Description, string? State, bool? Draft, long? CreatedDate, long? UpdatedDate, long? ClosedDate, ServerEnd? FromRef, ServerEnd? ToRef, ServerParticipant? Author,
    ServerPullRequestProperties? Properties, ServerLinks? Links);

/// <summary>Where a pull request comes from, or goes to.</summary>
internal sealed record ServerEnd(string? DisplayId, string? LatestCommit, ServerRepository? Repository);

internal sealed record ServerParticipant(ServerPerson? User);

internal sealed record ServerPullRequestProperties(ServerMergeCommit? MergeCommit);

internal sealed record ServerMergeCommit(string? Id);

internal sealed record ServerFilePath([property: JsonPropertyName("toString")] string? Text);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ServerRepository))]
[JsonSerializable(typeof(ServerPage<ServerRef>))]
[JsonSerializable(typeof(ServerPullRequest))]
[JsonSerializable(typeof(ServerPage<ServerPullRequest>))]
[JsonSerializable(typeof(ServerPage<ServerListed>))]
[JsonSerializable(typeof(ServerPage<ServerCommit>))]
[JsonSerializable(typeof(ServerPage<ServerChange>))]
[JsonSerializable(typeof(ServerCommit))]
internal sealed partial class ServerJson : JsonSerializerContext;
