using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.GitHub;

/// <summary>Looks at branches, tags and pull requests of repositories on github.com or an Enterprise Server, and tells of their commits.</summary>
internal sealed class GitHubRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IBatchSource, ISweepSource, IRepositoryLister
{
    // The default branch and the id change rarely, and a request that names them changes with every push: asked before the first look, then at this pace.
    private static readonly TimeSpan DescribeEvery = TimeSpan.FromMinutes(10);

    private readonly GitHubOptions options;
    private readonly TimeProvider time;
    private readonly GitHubRateLimit limit;
    private readonly GitHubApi api;
    private readonly GitHubBatches batches;
    private readonly ForgeListing listing;
    private readonly ConcurrentDictionary<Uri, Place> places = new();

    public GitHubRefSource(GitHubOptions options, HttpClient client, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        limit = new GitHubRateLimit(options, time);
        api = new GitHubApi(options, client, limit, time);
        batches = new GitHubBatches(api);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, GitHubListing.Shape(options.Web));
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Core.Current?.Remaining);
        SentryMetrics.ObserveExpiry(options.Provider, () => limit.TokenEnd);
    }

    public RateLimitState? Current => limit.Core.Current;

    public IEnumerable<RateLimitState> States => new[] { limit.Core.Current, limit.Graph.Current }.OfType<RateLimitState>();

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static GitHubRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time, GitHubApp? app = null) => new(GitHubOptions.For(provider, app), client, time);

    public async Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken)
    {
        var home = HomeOf(request.Url, request.ApiBaseUrl);
        using var budget = new AnswerBudget();
        try
        {
            var place = await DescribeAsync(home, request, budget, cancellationToken);
            var kinds = new List<KindLook>();
            foreach (var wanted in request.Kinds)
            {
                try
                {
                    kinds.Add(await LookAtAsync(wanted, home, place.Root, budget, cancellationToken));
                }
                catch (RefSourceException failure) when (wanted.Kind == RefKind.PullRequest && kinds.Count > 0 && failure.Error is RefSourceError.NotFound or RefSourceError.Unauthorized)
                {
                    throw PullRequestRefs.Refused(failure);
                }
            }

            return new RefLook(kinds, place.Facts.DefaultBranch, place.Facts.Id, place.Facts.Archived, place.Facts.MovedTo);
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            places.TryRemove(home, out _);
            throw;
        }
    }

    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var root = RootOf(HomeOf(repositoryUrl, apiBaseUrl));
        if (await AskAsync(new Uri($"{root}/compare/{before}...{after}"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(GitHubJson.Default.GitHubComparison);
        var commits = (told.Commits ?? []).Select(commit => GitHubCommits.Read(commit, answer)).ToList();
        bool? forced = told.Status switch { "diverged" or "behind" => true, "ahead" or "identical" => false, _ => null };
        if (told is { TotalCommits: 1, Status: "ahead" } && commits.Count == 1)
        {
            commits[0] = GitHubCommits.WithFiles(commits[0], told.Files); // the whole difference is this one commit's
        }

        return new CommitRange(commits, told.TotalCommits, forced) { Files = GitHubCommits.Paths(told.Files) };
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var root = RootOf(HomeOf(repositoryUrl, apiBaseUrl));
        if (await AskAsync(new Uri($"{root}/commits/{commitId}"), "commit", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(GitHubJson.Default.GitHubCommit);
        return GitHubCommits.WithFiles(GitHubCommits.Read(told, answer), told.Files);
    }

    public async Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken)
    {
        var answer = await AskAsync(new Uri($"{RootOf(HomeOf(repositoryUrl, apiBaseUrl))}/pulls/{number}"), "pull", cancellationToken);
        return answer is null ? null : GitHubPullRequests.Read(answer.Read(GitHubJson.Default.GitHubPullRequest), answer);
    }

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var root = RootOf(HomeOf(repositoryUrl, apiBaseUrl));
        var answer = await AskAsync(new Uri($"{root}/commits?per_page={RefPages.PageSize}"), "commits", cancellationToken);
        return answer is null ? [] : [.. answer.Read(GitHubJson.Default.IReadOnlyListGitHubCommit).Select(commit => commit?.Commit?.Committer?.Date).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => places.GetValueOrDefault(HomeOf(repositoryUrl, apiBaseUrl))?.Facts;

    public int BatchSize => batches.Size;

    public int SweepSize => batches.SweepSize;

    // Only who says who they are may ask GraphQL.
    public bool CanBatch(RefLookRequest request) =>
        options.Token is not null && request.ApiBaseUrl is null && request.Kinds.Count > 0
        && GitHubQueries.NameOf(request.Url) is var (owner, name) && GitHubQueries.IsPlain(owner) && GitHubQueries.IsPlain(name);

    public async Task<IReadOnlyList<BatchLook>> LookAsync(IReadOnlyList<BatchRequest> requests, CancellationToken cancellationToken)
    {
        var asked = requests.Select(request => GitHubQueries.NameOf(request.Request.Url) is var (owner, name) ? (owner, name, request) : throw new ArgumentException("not one that can be asked for in company", nameof(requests))).ToList();
        var answers = await batches.LookAsync(asked, cancellationToken);
        for (var at = 0; at < answers.Count; at++)
        {
            if (answers[at].Facts is { } facts)
            {
                var home = HomeOf(requests[at].Request.Url, null);
                places[home] = new Place(RootOf(home), facts, places.GetValueOrDefault(home)?.ETag, time.GetTimestamp());
            }
        }

        return [.. answers.Select(answer => answer.Look)];
    }

    public async Task<IReadOnlyList<IReadOnlyList<DateTimeOffset>>> RecentAsync(IReadOnlyList<RefLookRequest> requests, CancellationToken cancellationToken)
    {
        var all = new List<IReadOnlyList<DateTimeOffset>>(requests.Count);
        foreach (var some in requests.Chunk(GitHubQueries.MostHistories))
        {
            all.AddRange(limit.Graph.Current is { } left && left.Remaining < left.Limit / 2
                ? Enumerable.Repeat<IReadOnlyList<DateTimeOffset>>([], some.Length)
                : await batches.RecentAsync([.. some.Select(request => GitHubQueries.NameOf(request.Url)!.Value)], cancellationToken));
        }

        return all;
    }

    public string? OwnerOf(Uri repositoryUrl) => options.Token is not null ? GitHubQueries.OwnerOf(repositoryUrl) : null;

    public Task<SweepAnswer> SweepAsync(IReadOnlyList<SweepRequest> owners, CancellationToken cancellationToken) => batches.SweepAsync(owners, cancellationToken);

    private Uri HomeOf(Uri url, Uri? apiBaseUrl) =>
        GitHubQueries.NameOf(url) is var (owner, name)
            ? new Uri($"{(apiBaseUrl ?? options.ApiBase).AbsoluteUri.TrimEnd('/')}/repos/{Uri.EscapeDataString(owner)}/{Uri.EscapeDataString(name)}")
            : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no repository of GitHub: its path is OWNER/NAME");

    private Uri RootOf(Uri home) => places.GetValueOrDefault(home)?.Root ?? home;

    private async Task<Place> DescribeAsync(Uri home, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var known = places.GetValueOrDefault(home);
        if (known is not null && time.GetElapsedTime(known.AskedAt) < DescribeEvery)
        {
            return known;
        }

        var answer = await api.GetAsync(home, "repository", known?.ETag, budget, cancellationToken);
        var place = answer.NotModified
            ? known! with { Root = answer.At, AskedAt = time.GetTimestamp() }
            : new Place(answer.At, Read(answer, request.Url), answer.ETag, time.GetTimestamp());
        if (request.ForgeId is { } id && id != place.Facts.Id && await DescribeByIdAsync(id, request, budget, cancellationToken) is { } moved)
        {
            place = moved;
        }

        return places[home] = place;
    }

    // Another repository has taken the name: the one that is watched may live on under another. If it does not, the new one is what the URL means.
    private async Task<Place?> DescribeByIdAsync(string id, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await api.GetAsync(new Uri($"{(request.ApiBaseUrl ?? options.ApiBase).AbsoluteUri.TrimEnd('/')}/repositories/{Uri.EscapeDataString(id)}"), "repository", null, budget, cancellationToken);
            return new Place(answer.At, Read(answer, request.Url), null, time.GetTimestamp());
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            return null;
        }
    }

    private static RepositoryFacts Read(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(GitHubJson.Default.GitHubRepository);
        return told.Id is { } id
            ? new RepositoryFacts(
                id.ToString(System.Globalization.CultureInfo.InvariantCulture),
                told.DefaultBranch is { Length: > 0 } branch ? GitRef.BranchPrefix + RefName.FromText(branch) : null,
                told.Private,
                told.Archived,
                ForgeHttp.MovedTo(asked, told.FullName, told.HtmlUrl))
            : throw answer.Malformed("a repository without an id");
    }

    private async Task<KindLook> LookAtAsync(KindRequest wanted, Uri home, Uri root, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var (word, prefix) = wanted.Kind switch { RefKind.Branch => ("branches", GitRef.BranchPrefix), RefKind.Tag => ("tags", GitRef.TagPrefix), _ => ("pulls", "") };
        var pages = new RefPages("github", wanted.Kind, FetchAsync);
        var snapshot = await pages.LookAsync(wanted.Kind == RefKind.PullRequest ? GitHubPullRequests.Query : $"?per_page={RefPages.PageSize}", wanted.Validator);
        return new KindLook(wanted.Kind, snapshot is null ? null : snapshot with { Refs = Within(wanted.Prefixes, snapshot.Refs) });

        async Task<RefPage> FetchAsync(string query, string? etag)
        {
            var asked = new Uri($"{root}/{word}{query}");
            var answer = await api.GetAsync(asked, word, etag, budget, cancellationToken);
            if (answer.At != asked)
            {
                places.TryRemove(home, out _); // moved since it was described: the next look learns where to
            }

            return wanted.Kind == RefKind.PullRequest && !answer.NotModified
                ? RefPage.Of(answer, answer.Read(GitHubJson.Default.IReadOnlyListGitHubPullRequest).Select(one => GitHubPullRequests.Read(one, answer)), PullRequestRefs.Pull, answer.Next)
                : new RefPage(answer.NotModified ? null : Refs(answer, prefix), answer.ETag, answer.Next, answer.LastPage);
        }
    }

    private static List<GitRef> Refs(ForgeAnswer answer, string prefix) =>
    [
        .. answer.Read(GitHubJson.Default.IReadOnlyListGitHubRef).Select(item => item is { Name.Length: > 0 and <= PlainGitLimits.MaxNameBytes, Commit.Sha: { } sha } && ForgeHttp.CommitId(sha) is { } commit
            ? new GitRef(prefix + RefName.FromText(item.Name), commit)
            : throw answer.Malformed("a list that has an entry without a name or a commit")),
    ];

    private static IReadOnlyList<GitRef> Within(IReadOnlyList<string> prefixes, IReadOnlyList<GitRef> refs) =>
        prefixes.Count == 0 ? refs : [.. refs.Where(item => prefixes.Any(prefix => item.Name.StartsWith(prefix, StringComparison.Ordinal)))];

    private async Task<ForgeAnswer?> AskAsync(Uri url, string kind, CancellationToken cancellationToken)
    {
        try
        {
            using var budget = new AnswerBudget();
            return await api.GetAsync(url, kind, null, budget, cancellationToken);
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            return null;
        }
    }

    /// <param name="Root">Where its resources are: the place it was renamed to, by id.</param>
    /// <param name="AskedAt">When it was last described, monotonic.</param>
    private sealed record Place(Uri Root, RepositoryFacts Facts, string? ETag, long AskedAt);
}
