using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.GitHub;

/// <summary>What looks with one GitHub credential need to know.</summary>
internal sealed record GitHubOptions
{
    /// <summary>Name of the provider in the configuration: messages say where a credential is set.</summary>
    public required string Provider { get; init; }
    public Secret? Token { get; init; }

    /// <summary>Base of the API: the only server that the token is sent to.</summary>
    public required Uri ApiBase { get; init; }

    /// <summary>Where repositories are cloned from.</summary>
    public Uri Web { get; init; } = new("https://github.com");

    /// <summary>Where the token comes from, if it is that of an App.</summary>
    public GitHubApp? App { get; init; }
    public int RequestsPerHour { get; init; } = 5000;
    public int Burst { get; init; } = 100;

    public static GitHubOptions For(ProviderConfig provider, GitHubApp? app = null)
    {
        var perHour = provider.RequestsPerHour > 0 ? provider.RequestsPerHour : provider.HasCredential ? 5000 : 60;
        return new GitHubOptions
        {
            Provider = provider.Name,
            Token = provider.Token,
            App = app,
            ApiBase = ApiBaseOf(provider),
            Web = provider.Url is { Host: not ("www.github.com" or "api.github.com") } url ? new Uri(ForgeOptions.WebOf(url)) : new Uri("https://github.com"),
            RequestsPerHour = perHour,
            Burst = provider.Burst > 0 ? provider.Burst : Math.Min(100, perHour),
        };
    }

    public static Uri ApiBaseOf(ProviderConfig provider) => provider.ApiBaseUrl ?? ApiBaseOf(provider.Url);

    // github.com and the tenants of ghe.com have their API on a host of its own, Enterprise Server below the same one.
    private static Uri ApiBaseOf(Uri? url) =>
        url is null || url.Host is "github.com" or "www.github.com" or "api.github.com" ? new Uri("https://api.github.com")
        : url.Host.EndsWith(".ghe.com", StringComparison.OrdinalIgnoreCase) ? new Uri($"https://api.{url.Host}")
        : new Uri((url.Scheme is "http" or "https" ? url.GetLeftPart(UriPartial.Authority) : $"https://{url.Host}") + "/api/v3");
}

internal sealed record GitHubInstallationToken(string? Token, DateTimeOffset? ExpiresAt);

internal sealed record GitHubRepository(long? Id, string? FullName, string? HtmlUrl, string? DefaultBranch, bool? Private, bool? Archived);

/// <summary>A repository of a list.</summary>
internal sealed record GitHubListed(long? Id, string? FullName, bool? Archived, bool? Disabled, bool? Fork, IReadOnlyList<string?>? Topics);

/// <summary>A branch or a tag of a list: the commit is peeled.</summary>
internal sealed record GitHubRef(string? Name, GitHubTarget? Commit);

internal sealed record GitHubTarget(string? Sha);

internal sealed record GitHubComparison(string? Status, int? TotalCommits, IReadOnlyList<GitHubCommit?>? Commits, IReadOnlyList<GitHubFile?>? Files);

internal sealed record GitHubCommit(string? Sha, string? HtmlUrl, GitHubCommitText? Commit, GitHubAccount? Author, GitHubAccount? Committer, IReadOnlyList<GitHubFile?>? Files, IReadOnlyList<GitHubTarget?>? Parents = null);

internal sealed record GitHubCommitText(string? Message, GitHubPerson? Author, GitHubPerson? Committer);

internal sealed record GitHubPerson(string? Name, string? Email, DateTimeOffset? Date);

internal sealed record GitHubAccount(string? Login);

internal sealed record GitHubFile(string? Filename, string? Status, string? PreviousFilename);

internal sealed record GitHubPullRequest(
    long? Number, long? Id, string? State, string? Title, string? Body, string? HtmlUrl, bool? Draft, GitHubAccount? User, GitHubEnd? Head, GitHubEnd? Base, IReadOnlyList<GitHubLabel?>? Labels,
    DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt, DateTimeOffset? ClosedAt, DateTimeOffset? MergedAt, string? MergeCommitSha);

/// <summary>Where a pull request comes from, or goes to; without a repository where that is gone.</summary>
internal sealed record GitHubEnd(string? Ref, string? Sha, GitHubEndRepository? Repo);

internal sealed record GitHubEndRepository(long? Id, string? FullName, string? CloneUrl);

internal sealed record GitHubLabel(string? Name);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(GitHubRepository))]
[JsonSerializable(typeof(GitHubInstallationToken))]
[JsonSerializable(typeof(IReadOnlyList<GitHubRef>))]
[JsonSerializable(typeof(IReadOnlyList<GitHubPullRequest>))]
[JsonSerializable(typeof(IReadOnlyList<GitHubListed>))]
[JsonSerializable(typeof(GitHubComparison))]
[JsonSerializable(typeof(GitHubCommit))]
[JsonSerializable(typeof(IReadOnlyList<GitHubCommit>))]
internal sealed partial class GitHubJson : JsonSerializerContext;
