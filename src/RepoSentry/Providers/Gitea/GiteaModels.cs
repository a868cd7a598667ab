using System.Text.Json.Serialization;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.Gitea;

/// <summary>What questions with one credential of Gitea or Forgejo need to know. The forge itself knows no limit; those in front of it are obeyed.</summary>
internal static class GiteaOptions
{
    public const string ApiPath = "/api/v1";

    public static ForgeOptions For(ProviderConfig provider) => new()
    {
        Provider = provider.Name,
        Type = "gitea",
        Title = "Gitea",
        Token = provider.Token,
        ApiBase = ForgeOptions.ApiBaseOf(provider, "https://gitea.com", ApiPath), // an instance below a path has its API there too
        Web = ForgeOptions.WebOf(provider, "https://gitea.com"),
        RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : 36_000,
        Burst = provider.Burst > 0 ? provider.Burst : 100,
        Credential = token => ("Authorization", "token " + token),
        TokenPath = "/repos/search?limit=1", // whom the token belongs to is told to another scope only
        Needs = "it needs the scope read:repository",
    };
}

internal sealed record GiteaRepository(long? Id, string? FullName, string? HtmlUrl, string? DefaultBranch, bool? Private, bool? Archived, bool? Empty);

/// <summary>A repository of a list.</summary>
internal sealed record GiteaListed(long? Id, string? FullName, bool? Archived, bool? Fork, IReadOnlyList<string?>? Topics);

/// <summary>A branch or a tag of a list. A tag's own id is the tag object where there is one, and its commit is peeled.</summary>
internal sealed record GiteaRef(string? Name, string? Id, GiteaTarget? Commit);

/// <summary>Branches tell the commit as <c>id</c>, tags as <c>sha</c>.</summary>
internal sealed record GiteaTarget(string? Id, string? Sha);

internal sealed record GiteaComparison(int? TotalCommits, IReadOnlyList<GiteaCommit?>? Commits);

internal sealed record GiteaCommit(string? Sha, string? HtmlUrl, GiteaCommitText? Commit, GiteaAccount? Author, GiteaAccount? Committer, IReadOnlyList<GiteaFile?>? Files, IReadOnlyList<GiteaTarget?>? Parents);

internal sealed record GiteaCommitText(string? Message, GiteaPerson? Author, GiteaPerson? Committer);

internal sealed record GiteaPerson(string? Name, string? Email, DateTimeOffset? Date);

internal sealed record GiteaAccount(string? Login, string? FullName);

internal sealed record GiteaFile(string? Filename, string? Status);

internal sealed record GiteaPullRequest(
    long? Number, long? Id, string? State, string? Title, string? Body, string? HtmlUrl, bool? Draft, bool? Merged, GiteaAccount? User, GiteaEnd? Head, GiteaEnd? Base, IReadOnlyList<GiteaLabel?>? Labels,
    DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt, DateTimeOffset? ClosedAt, DateTimeOffset? MergedAt, string? MergeCommitSha);

/// <summary>Where a pull request comes from, or goes to.</summary>
internal sealed record GiteaEnd(string? Ref, string? Sha, long? RepoId, GiteaEndRepository? Repo);

internal sealed record GiteaEndRepository(string? FullName, string? CloneUrl);

internal sealed record GiteaLabel(string? Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GiteaRepository))]
[JsonSerializable(typeof(IReadOnlyList<GiteaRef>))]
[JsonSerializable(typeof(IReadOnlyList<GiteaPullRequest>))]
[JsonSerializable(typeof(IReadOnlyList<GiteaListed>))]
[JsonSerializable(typeof(GiteaComparison))]
[JsonSerializable(typeof(GiteaCommit))]
[JsonSerializable(typeof(IReadOnlyList<GiteaCommit>))]
internal sealed partial class GiteaJson : JsonSerializerContext;
