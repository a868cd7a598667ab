using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>Looks at branches, tags and pull requests of repositories on an instance of Bitbucket Data Center, and tells of their commits.</summary>
internal sealed class BitbucketServerRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IRepositoryLister
{
    /// <summary>The most that an instance gives on one page, unless its administrator allows more.</summary>
    public const int MostOnPage = 1000;

    private readonly ForgeRateLimit limit;
    private readonly ForgeApi api;
    private readonly ForgeLooks looks;
    private readonly ForgeListing listing;

    public BitbucketServerRefSource(ForgeOptions options, HttpClient client, TimeProvider time)
    {
        limit = new ForgeRateLimit(options, time);
        api = new ForgeApi(options, client, limit, time);
        looks = new ForgeLooks(api, new ForgeShape { HomeOf = HomeOf, Describe = Describe, List = List }, time);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, BitbucketListing.Server(options.Web));
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static BitbucketServerRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(BitbucketOptions.For(provider), client, time);

    public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => looks.LookAsync(request, cancellationToken);

    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/commits?since={before}&until={after}&limit={RefPages.PageSize}"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(ServerJson.Default.ServerPageServerCommit);
        var commits = (told.Values ?? []).Reverse().Select(commit => BitbucketCommits.Read(commit, answer, PageOf(root))).ToList(); // told newest first

        // What only the commit before has was overwritten.
        var lost = await api.FindAsync(new Uri($"{root}/commits?since={after}&until={before}&limit=1"), "compare", cancellationToken);
        return new CommitRange(commits, told.IsLastPage == true ? commits.Count : null, lost?.Read(ServerJson.Default.ServerPageServerCommit).Values is { } only ? only.Count > 0 : null);
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/commits/{commitId}"), "commit", cancellationToken) is not { } answer)
        {
            return null;
        }

        var commit = BitbucketCommits.Read(answer.Read(ServerJson.Default.ServerCommit), answer, PageOf(root));
        var changes = await api.FindAsync(new Uri($"{root}/commits/{commitId}/changes?limit={MostOnPage}"), "diff", cancellationToken);
        return BitbucketCommits.WithFiles(commit, changes?.Read(ServerJson.Default.ServerPageServerChange));
    }

    public Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken) => looks.PullRequestAsync(
        repositoryUrl, apiBaseUrl, BitbucketPullRequests.ServerPath(number), answer => BitbucketPullRequests.Read(answer.Read(ServerJson.Default.ServerPullRequest), answer), cancellationToken);

    public async Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) => BitbucketCommits.Paths(
        (await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/changes?since={before}&until={after}&limit={MostOnPage}"), "diff", cancellationToken))?.Read(ServerJson.Default.ServerPageServerChange));

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var answer = await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits?limit={RefPages.PageSize}"), "commits", cancellationToken);
        return answer is null ? [] : [.. (answer.Read(ServerJson.Default.ServerPageServerCommit).Values ?? []).Select(commit => BitbucketCommits.Read(commit, answer, null).Timestamp).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => looks.Known(repositoryUrl, apiBaseUrl);

    private static Uri HomeOf(Uri url, Uri apiBase) => url.IsAbsoluteUri && BitbucketPath.Of(url) is { } path
        ? new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/projects/{Uri.EscapeDataString(path.Key)}/repos/{Uri.EscapeDataString(path.Slug)}")
        : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no repository of Bitbucket Data Center: its path is scm/KEY/NAME or projects/KEY/repos/NAME");

    // The page of a repository lies where its resource does, without the interface's own path.
    private static string? PageOf(Uri root) => root.AbsoluteUri.Split(BitbucketOptions.ServerPath + "/projects/") is [var web, var rest] && !rest.StartsWith('~') ? $"{web}/projects/{rest}" : null;

    private static ForgeFacts Describe(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(ServerJson.Default.ServerRepository);
        var isThere = told is not { Project.Key: { } key, Slug: { } slug } || new BitbucketPath("", key, slug).IsAt(asked);
        var facts = new RepositoryFacts(
            told.Id?.ToString(CultureInfo.InvariantCulture) ?? throw answer.Malformed("a repository without an id"),
            null, // the list of branches tells it
            told.Public is null ? null : !told.Public,
            told.Archived,
            !isThere && Uri.TryCreate(told.Links?.Self is [{ Href: var page }, ..] ? page : null, UriKind.Absolute, out var moved) && moved.Scheme is "http" or "https" ? moved : null);
        return new ForgeFacts(facts);
    }

    private static RefList List(RefKind kind)
    {
        if (kind == RefKind.PullRequest)
        {
            var open = $"?state=OPEN&order=OLDEST&limit={RefPages.PageSize}";
            return new RefList("/pull-requests", open, int.MaxValue, answer =>
            {
                var told = answer.Read(ServerJson.Default.ServerPageServerPullRequest);
                var values = told is { Values: { } all, IsLastPage: { } isLast } && (isLast || told.NextPageStart is not null) ? all : throw answer.Malformed("a list that does not tell how it goes on");
                return RefPage.Of(
                    answer,
                    values.Select(one => BitbucketPullRequests.Read(one, answer)),
                    PullRequestRefs.Bitbucket,
                    told.IsLastPage == true ? null : string.Create(CultureInfo.InvariantCulture, $"{open}&start={told.NextPageStart}"));
            });
        }

        var (path, prefix) = kind == RefKind.Branch ? ("/branches", GitRef.BranchPrefix) : ("/tags", GitRef.TagPrefix);
        var first = $"?limit={MostOnPage}&orderBy=ALPHABETICAL";
        return new RefList(path, first, int.MaxValue, answer =>
        {
            var told = answer.Read(ServerJson.Default.ServerPageServerRef);
            var refs = told is { Values: { } values, IsLastPage: { } isLast } && (isLast || told.NextPageStart is not null) ? values : throw answer.Malformed("a list that does not tell how it goes on");
            return new RefPage(
                ForgeLooks.Refs(answer, prefix, refs.Select(item => (item?.DisplayId, item?.LatestCommit, kind == RefKind.Tag ? item?.Hash : null))),
                answer.ETag,
                isLast ? null : string.Create(CultureInfo.InvariantCulture, $"{first}&start={told.NextPageStart}"),
                null)
            { DefaultBranch = refs.FirstOrDefault(item => item?.IsDefault == true)?.DisplayId };
        });
    }
}
