using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.AzureDevOps;

/// <summary>Looks at branches, tags and pull requests of repositories on Azure DevOps, and tells of their commits.</summary>
internal sealed class AzureRefSource : IRefSource, ICommitSource, IPullRequestSource, IRateLimited, IRepositoryLister
{
    private const string Version = "api-version=7.1";

    private readonly ForgeRateLimit limit;
    private readonly ForgeApi api;
    private readonly ForgeLooks looks;
    private readonly ForgeListing listing;

    public AzureRefSource(ForgeOptions options, HttpClient client, TimeProvider time)
    {
        limit = new ForgeRateLimit(options, time);
        api = new ForgeApi(options, client, limit, time);
        looks = new ForgeLooks(api, new ForgeShape { HomeOf = HomeOf, ById = ById, Query = "?" + Version, Describe = Describe, List = List }, time);
        listing = new ForgeListing((url, etag, budget, token) => api.GetAsync(url, "repositories", etag, budget, token), options.ApiBase, AzureListing.Shape(options.Web, Version));
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static AzureRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(AzureOptions.For(provider), client, time);

    public Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken) => looks.LookAsync(request, cancellationToken);

    // How many commits lie between two is told, but not which: they are sought in the history of the later one.
    public async Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var query = $"baseVersion={before}&baseVersionType=commit&targetVersion={after}&targetVersionType=commit&$top=1&{Version}";
        if (await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/diffs/commits?{query}"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(AzureJson.Default.AzureDifference);
        var range = new CommitRange([], told.AheadCount, told.BehindCount is { } lost ? lost > 0 : null);
        return told is { CommonCommit: { } common, AheadCount: > 1 and < RefPages.PageSize } ? range with { Commits = await BetweenAsync(repositoryUrl, apiBaseUrl, common, after, told.AheadCount.Value, cancellationToken) } : range;
    }

    private async Task<IReadOnlyList<CommitInfo>> BetweenAsync(Uri repositoryUrl, Uri? apiBaseUrl, string common, string after, int count, CancellationToken cancellationToken)
    {
        var query = $"searchCriteria.itemVersion.version={after}&searchCriteria.itemVersion.versionType=commit&searchCriteria.$top={RefPages.PageSize}&{Version}";
        try
        {
            return await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits?{query}"), "commits", cancellationToken) is { } answer
                ? AzureCommits.Between([.. (answer.Read(AzureJson.Default.AzureListAzureCommit).Value ?? []).OfType<AzureCommit>().Select(commit => AzureCommits.Read(commit, answer))], common, after, count)
                : [];
        }
        catch (Exception e) when (e is RefSourceException or OperationCanceledException)
        {
            return []; // how many there are is known by then, and whether any were lost
        }
    }

    public async Task<IReadOnlyList<string>?> DifferenceAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken)
    {
        var query = $"baseVersion={before}&baseVersionType=commit&targetVersion={after}&targetVersionType=commit&diffCommonCommit=false&$top={AzureCommits.MaxChanges}&{Version}";
        return await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/diffs/commits?{query}"), "diff", cancellationToken) is { } answer
            ? AzureCommits.Paths(answer.Read(AzureJson.Default.AzureDifference))
            : null;
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var url = new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits/{commitId}?changeCount={AzureCommits.MaxChanges}&{Version}");
        return await api.FindAsync(url, "commit", cancellationToken) is { } answer ? AzureCommits.Read(answer.Read(AzureJson.Default.AzureCommit), answer) : null;
    }

    public Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken) => looks.PullRequestAsync(
        repositoryUrl, apiBaseUrl, AzurePullRequests.Path(number, Version), answer => AzurePullRequests.Read(answer.Read(AzureJson.Default.AzurePullRequest), answer), cancellationToken);

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var answer = await api.FindAsync(new Uri($"{looks.RootOf(repositoryUrl, apiBaseUrl)}/commits?searchCriteria.$top={RefPages.PageSize}&{Version}"), "commits", cancellationToken);
        return answer is null ? [] : [.. (answer.Read(AzureJson.Default.AzureListAzureCommit).Value ?? []).Select(commit => commit?.Committer?.Date).OfType<DateTimeOffset>()];
    }

    public Task<IReadOnlyList<ListedRepository>> ListAsync(string organization, CancellationToken cancellationToken, bool onlyFirst = false) => listing.ListAsync(organization, cancellationToken, onlyFirst);

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => looks.Known(repositoryUrl, apiBaseUrl);

    // A project's first repository has its name, and then the URL may leave the project out.
    private static Uri HomeOf(Uri url, Uri apiBase)
    {
        var parts = ForgeLooks.PartsOf(url, apiBase, "");
        var (project, name) = parts switch
        {
            [var organization, "_git", var alone] => ($"{Escape(organization)}/{Escape(alone)}", alone),
            [.. { Length: > 1 } before, "_git", var repository] => (string.Join('/', before.Select(Escape)), repository),
            _ => throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no repository of Azure DevOps: its path is ORGANIZATION/PROJECT/_git/NAME"),
        };
        return new Uri($"{apiBase.AbsoluteUri.TrimEnd('/')}/{project}/_apis/git/repositories/{Escape(name)}");
    }

    private static Uri ById(string id, Uri apiBase, Uri home) => new(home, Escape(id));

    private static string Escape(string part) => Uri.EscapeDataString(part);

    private static ForgeFacts Describe(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(AzureJson.Default.AzureRepository);
        var isThere = told.Name is null || Uri.UnescapeDataString(asked.AbsolutePath).TrimEnd('/').EndsWith("/_git/" + told.Name, StringComparison.OrdinalIgnoreCase);
        var facts = new RepositoryFacts(
            told.Id ?? throw answer.Malformed("a repository without an id"),
            told.DefaultBranch is { } name && name.StartsWith(GitRef.BranchPrefix, StringComparison.Ordinal) ? GitRef.BranchPrefix + RefName.FromText(name[GitRef.BranchPrefix.Length..]) : null,
            told.Project?.Visibility is { } visibility ? visibility != "public" : null,
            told.IsDisabled,
            !isThere && Uri.TryCreate(told.WebUrl, UriKind.Absolute, out var moved) && moved.Scheme is "http" or "https" ? moved : null);
        return new ForgeFacts(facts);
    }

    private static RefList List(RefKind kind)
    {
        if (kind == RefKind.PullRequest)
        {
            var open = AzurePullRequests.Query(Version);
            return new RefList("/pullrequests", open, int.MaxValue, answer =>
            {
                var values = answer.Read(AzureJson.Default.AzureListAzurePullRequest).Value ?? throw answer.Malformed("a list without values");
                return RefPage.Of(answer, values.Select(one => AzurePullRequests.Read(one, answer)).OfType<PullRequestInfo>(), PullRequestRefs.Pull, AzurePullRequests.Next(answer, values.Count, open));
            });
        }

        var prefix = kind == RefKind.Branch ? GitRef.BranchPrefix : GitRef.TagPrefix;
        var first = $"?filter={prefix["refs/".Length..]}&peelTags=true&{Version}";
        return new RefList("/refs", first, int.MaxValue, answer =>
        {
            var told = answer.Read(AzureJson.Default.AzureListAzureRef);
            var refs = told is { Value: { } values, Count: { } count } && count == values.Count ? values : throw answer.Malformed("a list that is not as long as it says");
            return new RefPage(
                ForgeLooks.Refs(answer, prefix, refs.Select(item => (item?.Name?.StartsWith(prefix, StringComparison.Ordinal) == true ? item.Name[prefix.Length..] : null, item?.PeeledObjectId ?? item?.ObjectId, item?.PeeledObjectId is null ? null : item.ObjectId))),
                answer.ETag,
                answer.Continuation is { Length: > 0 } token ? $"{first}&continuationToken={Uri.EscapeDataString(token)}" : null,
                null);
        });
    }
}
