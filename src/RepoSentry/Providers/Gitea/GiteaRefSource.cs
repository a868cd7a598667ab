using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.Gitea;

/// <summary>Looks at branches, tags and pull requests of repositories on an instance of Gitea or Forgejo, and tells of their commits.</summary>
internal sealed class GiteaRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IRepositoryLister
{
    /// <summary>The most that an instance gives on one page, unless its administrator allows more.</summary>
    public const int PageSize = 50;

    private readonly ForgeRateLimit limit;
    private readonly ForgeApi api;
    private readonly ForgeLooks looks;
    private readonly ForgeListing listing;

    public GiteaRefSource(ForgeOptions options, HttpClient client, TimeProvider time)
    {
        limit = new ForgeRateLimit(options, time);
        api = new ForgeApi(options, client, limit, time);
        looks = new ForgeLooks(api, new ForgeShape { HomeOf = HomeOf, ById = ById, Describe = Describe, List = List }, time);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, GiteaListing.Shape(options.Web, PageSize));
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public bool LeavesDifferences => true;

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static GiteaRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(GiteaOptions.For(provider), client, time);

    public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => looks.LookAsync(request, cancellationToken);

    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/compare/{before}...{after}?verification=false"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(GiteaJson.Default.GiteaComparison);
        var commits = (told.Commits ?? []).Reverse().Select(commit => GiteaCommits.Read(commit, answer)).ToList(); // told newest first

        // What only the commit before has was overwritten.
        var lost = await api.FindAsync(new Uri($"{root}/compare/{after}...{before}?verification=false&files=false"), "compare", cancellationToken);
        return new CommitRange(commits, told.TotalCommits, lost?.Read(GiteaJson.Default.GiteaComparison).TotalCommits is { } count ? count > 0 : null) { Files = commits.Count == told.TotalCommits ? GiteaCommits.Paths(commits) : null };
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var answer = await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/git/commits/{commitId}?stat=false&verification=false"), "commit", cancellationToken);
        return answer is null ? null : GiteaCommits.Read(answer.Read(GiteaJson.Default.GiteaCommit), answer);
    }

    public Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken) => looks.PullRequestAsync(
        repositoryUrl, apiBaseUrl, GiteaPullRequests.Path(number), answer => GiteaPullRequests.Read(answer.Read(GiteaJson.Default.GiteaPullRequest), answer), cancellationToken);

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var answer = await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits?limit={PageSize}&stat=false&verification=false&files=false"), "commits", cancellationToken);
        return answer is null ? [] : [.. answer.Read(GiteaJson.Default.IReadOnlyListGiteaCommit).Select(commit => commit?.Commit?.Committer?.Date).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => looks.Known(repositoryUrl, apiBaseUrl);

    private static Uri HomeOf(Uri url, Uri apiBase) => ForgeLooks.PartsOf(url, apiBase, GiteaOptions.ApiPath) is [var owner, var name]
        ? new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/repos/{Uri.EscapeDataString(owner)}/{Uri.EscapeDataString(name)}")
        : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no repository of Gitea: its path is OWNER/NAME");

    private static Uri ById(string id, Uri apiBase, Uri home) => new($"{apiBase.AbsoluteUri.TrimEnd('/')}/repositories/{Uri.EscapeDataString(id)}");

    private static ForgeFacts Describe(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(GiteaJson.Default.GiteaRepository);
        var facts = new RepositoryFacts(
            told.Id?.ToString(CultureInfo.InvariantCulture) ?? throw answer.Malformed("a repository without an id"),
            told.DefaultBranch is { Length: > 0 } branch ? GitRef.BranchPrefix + RefName.FromText(branch) : null,
            told.Private,
            told.Archived,
            ForgeHttp.MovedTo(asked, told.FullName, told.HtmlUrl));
        return new ForgeFacts(facts, told.Empty == true, told.FullName?.Split('/') is [{ Length: > 0 } owner, { Length: > 0 } name] ? $"/repos/{Uri.EscapeDataString(owner)}/{Uri.EscapeDataString(name)}" : null);
    }

    private static RefList List(RefKind kind)
    {
        if (kind == RefKind.PullRequest)
        {
            return new RefList("/pulls", GiteaPullRequests.Query(PageSize), PageSize, answer => RefPage.Of(
                answer, answer.Read(GiteaJson.Default.IReadOnlyListGiteaPullRequest).Select(one => GiteaPullRequests.Read(one, answer)), PullRequestRefs.Pull, answer.Next));
        }

        var (path, prefix) = kind == RefKind.Branch ? ("/branches", GitRef.BranchPrefix) : ("/tags", GitRef.TagPrefix);
        return new RefList(path, $"?limit={PageSize}", PageSize, answer => new RefPage(
            ForgeLooks.Refs(answer, prefix, answer.Read(GiteaJson.Default.IReadOnlyListGiteaRef).Select(item => (item?.Name, item?.Commit?.Id ?? item?.Commit?.Sha, kind == RefKind.Tag ? item?.Id : null))),
            answer.ETag,
            answer.Next,
            answer.LastPage,
            answer.Total));
    }
}
