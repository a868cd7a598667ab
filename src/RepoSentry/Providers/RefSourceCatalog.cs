using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.GitLab;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;

namespace RepoSentry.Providers;

/// <summary>The table from a provider entry to what looks at its repositories. One source per credential, shared by all of them.</summary>
internal sealed class RefSourceCatalog
{
    // GitHub refuses a credential's 101st request at once.
    private const int MaxConnections = 90;

    private readonly Dictionary<string, RefSources> sources = new(StringComparer.Ordinal);

    public RefSourceCatalog(SentryConfig config, TimeProvider time)
    {
        foreach (var provider in config.Providers)
        {
            sources.Add(provider.Name, Create(provider, config, time));
        }
    }

    /// <summary>What each forge last said of its credential's limit; those that said nothing are left out.</summary>
    public IEnumerable<(string Credential, string Provider, RateLimitState State)> Limits =>
        from source in sources.Values
        let state = (source.Primary as IRateLimited)?.Current
        where state is not null
        select (source.Credential, source.PrimaryName, state);

    public RefSources For(RepositoryConfig repository) => sources[repository.Provider];

    /// <summary>The unit of ownership: a credential's repositories together, those of plain Git in 64 parts.</summary>
    public static string ShardOf(RepositoryConfig repository) =>
        repository.ProviderType == "git" ? Shards.Git(repository.Url) : Shards.Credential(repository.Provider);

    private static RefSources Create(ProviderConfig provider, SentryConfig config, TimeProvider time)
    {
        var http = OutboundHttp.CreateClient(config.Outbound() with { CaFile = provider.CaFile, Proxy = provider.Proxy, MaxConnectionsPerHost = MaxConnections });
        var git = PlainGitRefSource.For(provider, http, time);
        return provider.Type switch
        {
            "github" => new RefSources(provider.Name, GitHubRefSource.For(provider, http, time), "github", git),
            "gitlab" => new RefSources(provider.Name, GitLabRefSource.For(provider, http, time), "gitlab", git),
            _ => new RefSources(provider.Name, git, "git", null),
        };
    }
}

/// <summary>What looks at a repository.</summary>
/// <param name="Credential">Name of the provider entry: limits and blocks are per credential.</param>
/// <param name="Primary">Asked first.</param>
/// <param name="PrimaryName">github, gitlab or git.</param>
/// <param name="Fallback">Git, where the primary is an API; null where it is Git already.</param>
internal sealed record RefSources(string Credential, IRefSource Primary, string PrimaryName, IRefSource? Fallback);
