using System.Text.Json.Serialization;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.GitLab;

/// <summary>What questions with one GitLab credential need to know.</summary>
internal static class GitLabOptions
{
    public const string ApiPath = "/api/v4";

    public static ForgeOptions For(ProviderConfig provider) => new()
    {
        Provider = provider.Name,
        Type = "gitlab",
        Title = "GitLab",
        Token = provider.Token,
        ApiBase = ForgeOptions.ApiBaseOf(provider, "https://gitlab.com", ApiPath), // the path of the URL is the relative root of an instance that shares its host
        Web = ForgeOptions.WebOf(provider, "https://gitlab.com"),
        RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : 120_000,
        Burst = provider.Burst > 0 ? provider.Burst : 100,
        Credential = token => ("PRIVATE-TOKEN", token),
        LimitPrefix = "RateLimit-",
        TokenPath = provider.Token is null ? "/projects?per_page=1" : "/personal_access_tokens/self",
        Needs = "it needs the scope read_api and the role Reporter",
    };
}

internal sealed record GitLabProject(long? Id, string? PathWithNamespace, string? WebUrl, string? DefaultBranch, string? Visibility, bool? EmptyRepo, bool? Archived);

/// <summary>A project of a list. Old instances call its topics tags.</summary>
internal sealed record GitLabListed(long? Id, string? PathWithNamespace, bool? Archived, string? MarkedForDeletionOn, GitLabOrigin? ForkedFromProject, IReadOnlyList<string?>? Topics, IReadOnlyList<string?>? TagList);

internal sealed record GitLabOrigin(long? Id);

/// <summary>A branch or a tag of a list. The commit is peeled; the target is the tag object where there is one.</summary>
internal sealed record GitLabRef(string? Name, string? Target, GitLabTarget? Commit);

internal sealed record GitLabTarget(string? Id);

internal sealed record GitLabComparison(IReadOnlyList<GitLabCommit?>? Commits, IReadOnlyList<GitLabDiff?>? Diffs, bool? CompareTimeout);

internal sealed record GitLabCommit(
    string? Id, string? Message, string? WebUrl, string? AuthorName, string? AuthorEmail, string? CommitterName, string? CommitterEmail, DateTimeOffset? CommittedDate,
    IReadOnlyList<string?>? ParentIds);

internal sealed record GitLabDiff(string? OldPath, string? NewPath, bool NewFile, bool RenamedFile, bool DeletedFile);

internal sealed record GitLabMergeRequest(
    long? Iid, long? Id, string? State, string? Title, string? Description, string? WebUrl, bool? Draft, GitLabUser? Author, string? SourceBranch, string? TargetBranch, string? Sha,
    long? SourceProjectId, long? TargetProjectId, IReadOnlyList<string?>? Labels, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt, DateTimeOffset? ClosedAt, DateTimeOffset? MergedAt,
    string? MergeCommitSha, string? SquashCommitSha);

internal sealed record GitLabUser(string? Name, string? Username);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GitLabProject))]
[JsonSerializable(typeof(IReadOnlyList<GitLabRef>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabMergeRequest>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabListed>))]
[JsonSerializable(typeof(GitLabTarget))]
[JsonSerializable(typeof(GitLabComparison))]
[JsonSerializable(typeof(GitLabCommit))]
[JsonSerializable(typeof(IReadOnlyList<GitLabCommit>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabDiff>))]
internal sealed partial class GitLabJson : JsonSerializerContext;
