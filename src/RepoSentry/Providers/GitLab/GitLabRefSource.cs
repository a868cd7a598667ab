using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.GitLab;

/// <summary>Looks at branches, tags and merge requests of projects on gitlab.com or an instance of one's own, and tells of their commits.</summary>
internal sealed class GitLabRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IRepositoryLister
{
    private readonly ForgeRateLimit limit;
    private readonly ForgeApi api;
    private readonly ForgeLooks looks;
    private readonly ForgeListing listing;

    public GitLabRefSource(ForgeOptions options, HttpClient client, TimeProvider time)
    {
        limit = new ForgeRateLimit(options, time);
        api = new ForgeApi(options, client, limit, time);
        looks = new ForgeLooks(api, new ForgeShape { HomeOf = HomeOf, ById = ById, Describe = Describe, List = List }, time);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, GitLabListing.Shape(options.Web));
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static GitLabRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(GitLabOptions.For(provider), client, time);

    public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => looks.LookAsync(request, cancellationToken);

    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/repository/compare?from={before}&to={after}&straight=false"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(GitLabJson.Default.GitLabComparison);
        var commits = (told.Commits ?? []).Select(commit => GitLabCommits.Read(commit, answer)).ToList();
        var parent = await api.FindAsync(new Uri($"{root}/repository/merge_base?refs%5B%5D={before}&refs%5B%5D={after}"), "merge_base", cancellationToken);
        bool? forced = parent is null ? null : parent.Read(GitLabJson.Default.GitLabTarget).Id != before;
        if (commits.Count == 1 && forced == false && told.CompareTimeout != true)
        {
            commits[0] = GitLabCommits.WithFiles(commits[0], told.Diffs, GitLabCommits.MaxFiles); // the whole difference is this one commit's
        }

        return new CommitRange(commits, commits.Count, forced) { Files = told.CompareTimeout == true ? null : GitLabCommits.Paths(told.Diffs) };
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/repository/commits/{commitId}"), "commit", cancellationToken) is not { } answer)
        {
            return null;
        }

        var commit = GitLabCommits.Read(answer.Read(GitLabJson.Default.GitLabCommit), answer);
        var diff = await api.FindAsync(new Uri($"{root}/repository/commits/{commitId}/diff?per_page={RefPages.PageSize}"), "diff", cancellationToken);
        return diff is null ? commit : GitLabCommits.WithFiles(commit, diff.Read(GitLabJson.Default.IReadOnlyListGitLabDiff), RefPages.PageSize);
    }

    public Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken) => looks.PullRequestAsync(
        repositoryUrl, apiBaseUrl, GitLabMergeRequests.Path(number), answer => GitLabMergeRequests.Read(answer.Read(GitLabJson.Default.GitLabMergeRequest), answer), cancellationToken);

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        var answer = await api.FindAsync(new Uri($"{root}/repository/commits?per_page={RefPages.PageSize}&first_parent=true"), "commits", cancellationToken);
        return answer is null ? [] : [.. answer.Read(GitLabJson.Default.IReadOnlyListGitLabCommit).Select(commit => commit?.CommittedDate).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => looks.Known(repositoryUrl, apiBaseUrl);

    private static Uri HomeOf(Uri url, Uri apiBase) => ForgeLooks.PartsOf(url, apiBase, GitLabOptions.ApiPath) is { Length: > 1 } parts
        ? new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/projects/{Uri.EscapeDataString(string.Join('/', parts))}")
        : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no project of GitLab: its path is GROUP/NAME");

    private static Uri ById(string id, Uri apiBase, Uri home) => new($"{apiBase.AbsoluteUri.TrimEnd('/')}/projects/{Uri.EscapeDataString(id)}");

    private static ForgeFacts Describe(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(GitLabJson.Default.GitLabProject);
        var facts = new RepositoryFacts(
            told.Id?.ToString(CultureInfo.InvariantCulture) ?? throw answer.Malformed("a project without an id"),
            told.DefaultBranch is { Length: > 0 } branch ? GitRef.BranchPrefix + RefName.FromText(branch) : null,
            told.Visibility is null ? null : told.Visibility != "public",
            told.Archived,
            ForgeHttp.MovedTo(asked, told.PathWithNamespace, told.WebUrl));
        return new ForgeFacts(facts, told.EmptyRepo == true);
    }

    private static RefList List(RefKind kind)
    {
        if (kind == RefKind.PullRequest)
        {
            return new RefList("/merge_requests", GitLabMergeRequests.Query, RefPages.PageSize, answer => RefPage.Of(
                answer, answer.Read(GitLabJson.Default.IReadOnlyListGitLabMergeRequest).Select(one => GitLabMergeRequests.Read(one, answer)).OfType<PullRequestInfo>(), PullRequestRefs.GitLab, answer.Next));
        }

        // Pages that begin at a name, in the order of names: they do not shift while they are read.
        var (path, prefix, order) = kind == RefKind.Branch ? ("branches", GitRef.BranchPrefix, "") : ("tags", GitRef.TagPrefix, "&order_by=name&sort=asc");
        return new RefList($"/repository/{path}", $"?per_page={RefPages.PageSize}&pagination=keyset{order}", RefPages.PageSize, answer => new RefPage(
            ForgeLooks.Refs(answer, prefix, answer.Read(GitLabJson.Default.IReadOnlyListGitLabRef).Select(item => (item?.Name, item?.Commit?.Id, item?.Target))),
            answer.ETag,
            answer.Next,
            answer.LastPage));
    }
}
