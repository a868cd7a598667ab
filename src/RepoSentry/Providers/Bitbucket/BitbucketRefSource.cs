using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.Bitbucket;

/// <summary>Looks at branches, tags and pull requests of repositories on bitbucket.org, and tells of their commits.</summary>
internal sealed class BitbucketRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IRepositoryLister
{
    private const string CommitFields = "hash,message,date,author.raw,author.user.nickname,links.html.href,parents.hash";

    /// <summary>Files of one commit that are asked for at once.</summary>
    private const int MaxFiles = 500;

    /// <summary>Ids of commits that are remembered.</summary>
    private const int MaxWholeIds = 20_000;

    // Without fields an answer is twenty times as large.
    private static readonly string ListFields = "&fields=" + Uri.EscapeDataString("next,values.name,values.target.hash");
    private static readonly string FileFields = "fields=" + Uri.EscapeDataString("next,values.status,values.old.path,values.new.path");
    private static readonly string RangeFields = "&fields=" + Uri.EscapeDataString("next," + string.Join(',', CommitFields.Split(',').Select(field => "values." + field)));

    private readonly ForgeRateLimit limit;
    private readonly ForgeApi api;
    private readonly ForgeLooks looks;
    private readonly ConcurrentDictionary<string, string> wholeIds = new(StringComparer.Ordinal);
    private readonly ForgeListing listing;

    public BitbucketRefSource(ForgeOptions options, HttpClient client, TimeProvider time)
    {
        limit = new ForgeRateLimit(options, time);
        api = new ForgeApi(options, client, limit, time);
        var query = "?fields=" + Uri.EscapeDataString("uuid,full_name,is_private,mainbranch.name,links.html.href");
        looks = new ForgeLooks(api, new ForgeShape { HomeOf = HomeOf, ById = ById, Query = query, Describe = Describe, List = List }, time);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, BitbucketListing.Cloud());
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static BitbucketRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(BitbucketOptions.For(provider), client, time);

    public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => looks.LookAsync(request, cancellationToken);

    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/commits?include={after}&exclude={before}&pagelen={RefPages.PageSize}{RangeFields}"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(BitbucketJson.Default.BitbucketPageBitbucketCommit);
        var commits = (told.Values ?? []).Reverse().Select(commit => BitbucketCommits.Read(commit, answer)).ToList(); // told newest first

        // What only the commit before has was overwritten.
        var lost = await api.FindAsync(new Uri($"{root}/commits?include={before}&exclude={after}&pagelen=1&fields=values.hash"), "compare", cancellationToken);
        return new CommitRange(commits, told.Next is null ? commits.Count : null, lost?.Read(BitbucketJson.Default.BitbucketPageBitbucketCommit).Values is { } only ? only.Count > 0 : null);
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var root = looks.RootOf(repositoryUrl, apiBaseUrl);
        if (await api.FindAsync(new Uri($"{root}/commit/{commitId}?fields={Uri.EscapeDataString(CommitFields)}"), "commit", cancellationToken) is not { } answer)
        {
            return null;
        }

        var commit = BitbucketCommits.Read(answer.Read(BitbucketJson.Default.BitbucketCommit), answer);
        return BitbucketCommits.WithFiles(commit, await FilesAsync(new Uri($"{root}/diffstat/{commitId}?pagelen={MaxFiles}&{FileFields}"), cancellationToken));
    }

    public async Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken)
    {
        var told = await looks.PullRequestAsync(
            repositoryUrl, apiBaseUrl, BitbucketPullRequests.CloudPath(number), answer => BitbucketPullRequests.Read(answer.Read(BitbucketJson.Default.CloudPullRequest), answer), cancellationToken);
        return told is null ? null : await WholeAsync(told, cancellationToken) ?? told;
    }

    // "topic" would compare with what both have in common, and which of the two is the newer one would matter.
    public async Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) => BitbucketCommits.Paths(
        await FilesAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/diffstat/{after}..{before}?topic=false&pagelen={MaxFiles}&{FileFields}"), cancellationToken));

    private async Task<BitbucketPage<BitbucketFile>?> FilesAsync(Uri url, CancellationToken cancellationToken) =>
        (await api.FindAsync(url, "diff", cancellationToken))?.Read(BitbucketJson.Default.BitbucketPageBitbucketFile);

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var branch = Known(repositoryUrl, apiBaseUrl)?.DefaultBranch is { } name ? $"&include={Uri.EscapeDataString(RefName.ToText(name[GitRef.BranchPrefix.Length..]))}" : "";
        var answer = await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits?pagelen={RefPages.PageSize}{branch}&fields=values.date"), "commits", cancellationToken);
        return answer is null ? [] : [.. (answer.Read(BitbucketJson.Default.BitbucketPageBitbucketCommit).Values ?? []).Select(commit => commit?.Date).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => looks.Known(repositoryUrl, apiBaseUrl);

    private static Uri HomeOf(Uri url, Uri apiBase) => ForgeLooks.PartsOf(url, apiBase, "/2.0") is [var workspace, var slug]
        ? new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/repositories/{Uri.EscapeDataString(workspace)}/{Uri.EscapeDataString(slug)}")
        : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no repository of Bitbucket: its path is WORKSPACE/NAME");

    // An id is unique beyond its workspace, whose place stays empty.
    private static Uri ById(string id, Uri apiBase, Uri home) => new($"{apiBase.AbsoluteUri.TrimEnd('/')}/repositories/%7B%7D/{Uri.EscapeDataString(id)}");

    private static ForgeFacts Describe(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(BitbucketJson.Default.BitbucketRepository);
        var facts = new RepositoryFacts(
            told.Uuid ?? throw answer.Malformed("a repository without an id"),
            told.Mainbranch?.Name is { Length: > 0 } branch ? GitRef.BranchPrefix + RefName.FromText(branch) : null,
            told.IsPrivate,
            null,
            ForgeHttp.MovedTo(asked, told.FullName, told.Links?.Html?.Href));
        return new ForgeFacts(facts);
    }

    // The id of a pull request's commit is cut off after twelve digits: the commit itself tells the rest. Null for one that is gone, with the fork that had it.
    private async Task<PullRequestInfo?> WholeAsync(PullRequestInfo told, CancellationToken cancellationToken)
    {
        if (ForgeHttp.CommitId(told.HeadSha) is not null)
        {
            return told;
        }

        if (!wholeIds.TryGetValue(told.HeadSha, out var whole))
        {
            if (told.HeadRepository?.Split('/') is not [var workspace, var slug]
                || await api.FindAsync(new Uri($"{api.Options.ApiBase.AbsoluteUri.TrimEnd('/')}/repositories/{Uri.EscapeDataString(workspace)}/{Uri.EscapeDataString(slug)}/commit/{told.HeadSha}?fields=hash"), "commit", cancellationToken) is not { } answer)
            {
                return null;
            }

            whole = answer.Read(BitbucketJson.Default.BitbucketCommit).Hash is { } hash && ForgeHttp.CommitId(hash) is { } id && id.StartsWith(told.HeadSha, StringComparison.Ordinal) ? id : throw answer.Malformed("another commit than the one that was asked for");
            if (wholeIds.Count >= MaxWholeIds)
            {
                wholeIds.Clear();
            }

            wholeIds[told.HeadSha] = whole;
        }

        return told with { HeadSha = whole };
    }

    private async Task<RefPage> WholeAsync(RefPage page, CancellationToken cancellationToken)
    {
        var told = new List<PullRequestInfo>();
        foreach (var one in page.PullRequests.Values)
        {
            if (await WholeAsync(one, cancellationToken) is { } whole)
            {
                told.Add(whole);
            }
        }

        return page with
        {
            Refs = [.. told.Select(one => new GitRef(PullRequestRefs.Bitbucket(one.Number), one.HeadSha))],
            PullRequests = told.ToDictionary(one => PullRequestRefs.Bitbucket(one.Number), StringComparer.Ordinal),
        };
    }

    private RefList List(RefKind kind)
    {
        if (kind == RefKind.PullRequest)
        {
            return new RefList("/pullrequests", BitbucketPullRequests.CloudQuery, int.MaxValue, answer =>
            {
                var told = answer.Read(BitbucketJson.Default.BitbucketPageCloudPullRequest);
                return RefPage.Of(
                    answer,
                    (told.Values ?? throw answer.Malformed("a list without values")).Select(one => BitbucketPullRequests.Read(one, answer)),
                    PullRequestRefs.Bitbucket,
                    told.Next is { } next ? ForgeHttp.QueryOf(next, answer.At, "next") : null);
            })
            { Complete = WholeAsync };
        }

        var (path, prefix) = kind == RefKind.Branch ? ("/refs/branches", GitRef.BranchPrefix) : ("/refs/tags", GitRef.TagPrefix);
        return new RefList(path, $"?pagelen={RefPages.PageSize}&sort=name{ListFields}", int.MaxValue, answer =>
        {
            var told = answer.Read(BitbucketJson.Default.BitbucketPageBitbucketRef);
            return new RefPage(
                ForgeLooks.Refs(answer, prefix, (told.Values ?? throw answer.Malformed("a list without values")).Select(item => (item?.Name, item?.Target?.Hash, (string?)null))),
                answer.ETag,
                told.Next is { } next ? ForgeHttp.QueryOf(next, answer.At, "next") : null,
                null);
        });
    }
}
