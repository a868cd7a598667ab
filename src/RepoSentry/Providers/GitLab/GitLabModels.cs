using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.GitLab;

/// <summary>What looks with one GitLab credential need to know.</summary>
internal sealed record GitLabOptions
{
    /// <summary>Name of the provider in the configuration: messages say where a credential is set.</summary>
    public required string Provider { get; init; }
    public Secret? Token { get; init; }

    /// <summary>Base of the API: the only server that the token is sent to.</summary>
    public required Uri ApiBase { get; init; }
    public int RequestsPerHour { get; init; } = 120_000;
    public int Burst { get; init; } = 100;

    public static GitLabOptions For(ProviderConfig provider) => new()
    {
        Provider = provider.Name,
        Token = provider.Token,
        ApiBase = provider.ApiBaseUrl ?? ApiBaseOf(provider.Url),
        RequestsPerHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : 120_000,
        Burst = provider.Burst > 0 ? provider.Burst : 100,
    };

    // The path of the URL is the relative root of an instance that shares its host.
    private static Uri ApiBaseOf(Uri? url) => new((url switch
    {
        null => "https://gitlab.com",
        { Scheme: "http" or "https" } => url.GetLeftPart(UriPartial.Path).TrimEnd('/'),
        _ => $"https://{url.Host}",
    }) + "/api/v4");
}

internal sealed record GitLabProject(long? Id, string? PathWithNamespace, string? WebUrl, string? DefaultBranch, string? Visibility, bool? EmptyRepo, bool? Archived);

/// <summary>A branch or a tag of a list. The commit is peeled; the target is the tag object where there is one.</summary>
internal sealed record GitLabRef(string? Name, string? Target, GitLabTarget? Commit);

internal sealed record GitLabTarget(string? Id);

internal sealed record GitLabComparison(IReadOnlyList<GitLabCommit>? Commits, IReadOnlyList<GitLabDiff>? Diffs, bool? CompareTimeout);

internal sealed record GitLabCommit(
    string? Id, string? Message, string? WebUrl, string? AuthorName, string? AuthorEmail, string? CommitterName, string? CommitterEmail, DateTimeOffset? CommittedDate);

internal sealed record GitLabDiff(string? OldPath, string? NewPath, bool NewFile, bool RenamedFile, bool DeletedFile);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GitLabProject))]
[JsonSerializable(typeof(IReadOnlyList<GitLabRef>))]
[JsonSerializable(typeof(GitLabTarget))]
[JsonSerializable(typeof(GitLabComparison))]
[JsonSerializable(typeof(GitLabCommit))]
[JsonSerializable(typeof(IReadOnlyList<GitLabCommit>))]
[JsonSerializable(typeof(IReadOnlyList<GitLabDiff>))]
internal sealed partial class GitLabJson : JsonSerializerContext;
