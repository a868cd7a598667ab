using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.AzureDevOps;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.Providers.Gitea;
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

    private readonly TimeProvider time;
    private readonly GitCache cache;
    private IReadOnlyDictionary<string, (string Identity, RefSources Sources)> known = new Dictionary<string, (string, RefSources)>();

    public RefSourceCatalog(CurrentConfig config, TimeProvider time)
    {
        this.time = time;
        cache = new GitCache(Path.GetFullPath(Path.Combine(config.Value.App.DataDir, "cache", "git")), time);
        Apply(config.Value);
    }

    /// <summary>Takes over another configuration. A provider that says the same as before keeps its source, with all that it has learnt.</summary>
    public void Apply(SentryConfig config) => Volatile.Write(
        ref known,
        config.Providers.ToDictionary(
            provider => provider.Name,
            provider => known.TryGetValue(provider.Name, out var before) && before.Identity == provider.Identity ? before : (provider.Identity, Create(provider, config)),
            StringComparer.Ordinal));

    /// <summary>What each forge last said of its credential's limit; those that said nothing are left out.</summary>
    public IEnumerable<(string Credential, string Provider, RateLimitState State)> Limits =>
        from source in Volatile.Read(ref known).Values.Select(pair => pair.Sources)
        from state in (source.Primary as IRateLimited)?.States ?? []
        select (source.Credential, source.PrimaryName, state);

    public RefSources For(RepositoryConfig repository) => Volatile.Read(ref known)[repository.Provider].Sources;

    /// <summary>What lists the repositories of an organization with that credential; null where its forge cannot.</summary>
    public IRepositoryLister? ListerOf(string provider) => Volatile.Read(ref known).GetValueOrDefault(provider).Sources?.Primary as IRepositoryLister;

    /// <summary>The unit of ownership: a credential's repositories together, those of plain Git in 64 parts.</summary>
    public static string ShardOf(RepositoryConfig repository) =>
        repository.ProviderType == "git" ? Shards.Git(repository.Url) : Shards.Credential(repository.Provider);

    private RefSources Create(ProviderConfig provider, SentryConfig config)
    {
        var outbound = config.Outbound() with { PublicOnly = provider.PublicOnly, CaFile = provider.CaFile, Proxy = provider.Proxy, MaxConnectionsPerHost = MaxConnections };
        var http = OutboundHttp.CreateClient(outbound);
        var app = provider.App is null ? null : new GitHubApp(provider.App, provider.Name, GitHubOptions.ApiBaseOf(provider), http, time);
        provider = app is null ? provider : provider with { Token = app.Token, Username = "x-access-token" };
        var git = PlainGitRefSource.For(provider, http, time, options => new GitHistory(options, outbound, cache, time));
        var source = provider.Type == "github" ? GitHubRefSource.For(provider, http, time, app) : SourceOf(provider, http, time);
        return source is null ? new RefSources(provider.Name, git, "git", null) : new RefSources(provider.Name, source, provider.Type, git) { Page = PageOf(provider) };
    }

    // Azure tells all of a kind at once.
    private static int PageOf(ProviderConfig provider) => provider.Type switch
    {
        "gitea" => GiteaRefSource.PageSize,
        "bitbucket" when !BitbucketOptions.IsCloud(provider) => BitbucketServerRefSource.MostOnPage,
        "azure" => int.MaxValue,
        _ => RefPages.PageSize,
    };

    /// <summary>What asks the interface of a forge whose only credential is a token; null for plain Git.</summary>
    public static IRefSource? SourceOf(ProviderConfig provider, HttpClient http, TimeProvider time) => provider.Type switch
    {
        "gitlab" => GitLabRefSource.For(provider, http, time),
        "gitea" => GiteaRefSource.For(provider, http, time),
        "bitbucket" when BitbucketOptions.IsCloud(provider) => BitbucketRefSource.For(provider, http, time),
        "azure" => AzureRefSource.For(provider, http, time),
        "bitbucket" => BitbucketServerRefSource.For(provider, http, time),
        _ => null,
    };
}

/// <summary>What looks at a repository.</summary>
/// <param name="Credential">Name of the provider entry: limits and blocks are per credential.</param>
/// <param name="Primary">Asked first.</param>
/// <param name="PrimaryName">Its type, such as github; git for plain Git.</param>
/// <param name="Fallback">Git, where the primary is an API; null where it is Git already.</param>
internal sealed record RefSources(string Credential, IRefSource Primary, string PrimaryName, IRefSource? Fallback)
{
    /// <summary>Refs of a kind that the primary tells with one request.</summary>
    public int Page { get; init; } = int.MaxValue;
}
