using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Telemetry;

namespace RepoSentry.Providers.GitLab;

/// <summary>Looks at branches and tags of projects on gitlab.com or an instance of one's own, and tells of their commits. Other kinds are left out of the answer.</summary>
internal sealed class GitLabRefSource : IRefSource, ICommitSource, IRateLimited
{
    // The default branch and the id change rarely, and a request that names them changes with every push: asked before the first look, then at this pace.
    private static readonly TimeSpan DescribeEvery = TimeSpan.FromMinutes(10);

    private readonly GitLabOptions options;
    private readonly TimeProvider time;
    private readonly GitLabRateLimit limit;
    private readonly GitLabApi api;
    private readonly ConcurrentDictionary<Uri, Place> places = new();

    public GitLabRefSource(GitLabOptions options, HttpClient client, TimeProvider time)
    {
        this.options = options;
        this.time = time;
        limit = new GitLabRateLimit(options, time);
        api = new GitLabApi(options, client, limit, time);
        SentryMetrics.ObserveRateLimit(options.Provider, () => limit.Current?.Remaining);
    }

    public RateLimitState? Current => limit.Current;

    /// <param name="client">Made by Network for that provider; not owned.</param>
    public static GitLabRefSource For(ProviderConfig provider, HttpClient client, TimeProvider time) => new(GitLabOptions.For(provider), client, time);

    public async Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken)
    {
        var home = HomeOf(request.Url, request.ApiBaseUrl);
        using var budget = new AnswerBudget();
        try
        {
            var place = await DescribeAsync(home, request, budget, cancellationToken);
            var kinds = new List<KindLook>();
            foreach (var wanted in request.Kinds.Where(wanted => wanted.Kind is RefKind.Branch or RefKind.Tag))
            {
                kinds.Add(await LookAtAsync(wanted, home, place, budget, cancellationToken));
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
        if (await AskAsync(new Uri($"{root}/repository/compare?from={before}&to={after}&straight=false"), "compare", cancellationToken) is not { } answer)
        {
            return null;
        }

        var told = answer.Read(GitLabJson.Default.GitLabComparison);
        var commits = (told.Commits ?? []).Select(commit => GitLabCommits.Read(commit, answer)).ToList();
        var parent = await AskAsync(new Uri($"{root}/repository/merge_base?refs%5B%5D={before}&refs%5B%5D={after}"), "merge_base", cancellationToken);
        bool? forced = parent is null ? null : parent.Read(GitLabJson.Default.GitLabTarget).Id != before;
        if (commits.Count == 1 && forced == false && told.CompareTimeout != true)
        {
            commits[0] = GitLabCommits.WithFiles(commits[0], told.Diffs, GitLabCommits.MaxFiles); // the whole difference is this one commit's
        }

        return new CommitRange(commits, commits.Count, forced);
    }

    public async Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken)
    {
        var root = RootOf(HomeOf(repositoryUrl, apiBaseUrl));
        if (await AskAsync(new Uri($"{root}/repository/commits/{commitId}"), "commit", cancellationToken) is not { } answer)
        {
            return null;
        }

        var commit = GitLabCommits.Read(answer.Read(GitLabJson.Default.GitLabCommit), answer);
        var diff = await AskAsync(new Uri($"{root}/repository/commits/{commitId}/diff?per_page={RefPages.PageSize}"), "diff", cancellationToken);
        return diff is null ? commit : GitLabCommits.WithFiles(commit, diff.Read(GitLabJson.Default.IReadOnlyListGitLabDiff), RefPages.PageSize);
    }

    public async Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var root = RootOf(HomeOf(repositoryUrl, apiBaseUrl));
        var answer = await AskAsync(new Uri($"{root}/repository/commits?per_page={RefPages.PageSize}&first_parent=true"), "commits", cancellationToken);
        return answer is null ? [] : [.. answer.Read(GitLabJson.Default.IReadOnlyListGitLabCommit).Select(commit => commit.CommittedDate).OfType<DateTimeOffset>()];
    }

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => places.GetValueOrDefault(HomeOf(repositoryUrl, apiBaseUrl))?.Facts;

    private Uri HomeOf(Uri url, Uri? apiBaseUrl)
    {
        var apiBase = (apiBaseUrl ?? options.ApiBase).AbsoluteUri.TrimEnd('/');
        var path = Uri.UnescapeDataString(url.IsAbsoluteUri ? url.AbsolutePath : "").Trim('/');
        path = WithoutRoot(path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path, new Uri(apiBase).AbsolutePath);
        return path.Split('/') is { Length: > 1 } parts && !parts.Any(part => part is "" or "." or "..")
            ? new Uri($"{apiBase}/projects/{Uri.EscapeDataString(path)}")
            : throw new RefSourceException(RefSourceError.NotFound, $"{SafeText.Of(url)} is no project of GitLab: its path is GROUP/NAME");
    }

    // An instance below a path has that path in the URLs of its projects too, but not in their names.
    private static string WithoutRoot(string path, string apiPath)
    {
        var root = apiPath.EndsWith("/api/v4", StringComparison.Ordinal) ? apiPath[..^"/api/v4".Length].Trim('/') + "/" : "/";
        return root.Length > 1 && path.StartsWith(root, StringComparison.Ordinal) ? path[root.Length..] : path;
    }

    private Uri RootOf(Uri home) => places.GetValueOrDefault(home)?.Root ?? home;

    private async Task<Place> DescribeAsync(Uri home, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var known = places.GetValueOrDefault(home);
        if (known is not null && time.GetElapsedTime(known.AskedAt) < DescribeEvery)
        {
            return known;
        }

        var answer = await api.GetAsync(home, "repository", known?.ETag, budget, cancellationToken);
        if (answer.NotModified)
        {
            return places[home] = known! with { Root = answer.At, AskedAt = time.GetTimestamp() };
        }

        var place = Read(answer, request.Url);
        if (request.ForgeId is { } id && id != place.Facts.Id && await DescribeByIdAsync(id, request, budget, cancellationToken) is { } moved)
        {
            place = moved;
        }

        return places[home] = place;
    }

    // Another project has taken the name: the one that is watched may live on under another. If it does not, the new one is what the URL means.
    private async Task<Place?> DescribeByIdAsync(string id, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        try
        {
            var byId = new Uri($"{(request.ApiBaseUrl ?? options.ApiBase).AbsoluteUri.TrimEnd('/')}/projects/{Uri.EscapeDataString(id)}");
            return Read(await api.GetAsync(byId, "repository", null, budget, cancellationToken), request.Url) with { ETag = null };
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            return null;
        }
    }

    private Place Read(ForgeAnswer answer, Uri asked)
    {
        var told = answer.Read(GitLabJson.Default.GitLabProject);
        return new Place(answer.At, Facts(told, answer, asked), told.EmptyRepo == true, answer.ETag, time.GetTimestamp());
    }

    private static RepositoryFacts Facts(GitLabProject told, ForgeAnswer answer, Uri asked) => told.Id is { } id
        ? new RepositoryFacts(
            id.ToString(System.Globalization.CultureInfo.InvariantCulture),
            told.DefaultBranch is { Length: > 0 } branch ? GitRef.BranchPrefix + RefName.FromText(branch) : null,
            told.Visibility is null ? null : told.Visibility != "public",
            told.Archived,
            ForgeHttp.MovedTo(asked, told.PathWithNamespace, told.WebUrl))
        : throw answer.Malformed("a project without an id");

    private async Task<KindLook> LookAtAsync(KindRequest wanted, Uri home, Place place, AnswerBudget budget, CancellationToken cancellationToken)
    {
        // Pages that begin at a name, in the order of names: they do not shift while they are read.
        var (word, prefix, order) = wanted.Kind == RefKind.Branch ? ("branches", GitRef.BranchPrefix, "") : ("tags", GitRef.TagPrefix, "&order_by=name&sort=asc");
        var pages = new RefPages("gitlab", wanted.Kind, FetchAsync);
        var snapshot = await pages.LookAsync($"?per_page={RefPages.PageSize}&pagination=keyset{order}", wanted.Validator);
        return new KindLook(wanted.Kind, snapshot is null ? null : snapshot with { Refs = Within(wanted.Prefixes, snapshot.Refs) });

        async Task<RefPage> FetchAsync(string query, string? etag)
        {
            var asked = new Uri($"{place.Root}/repository/{word}{query}");
            ForgeAnswer answer;
            try
            {
                answer = await api.GetAsync(asked, word, etag, budget, cancellationToken);
            }
            catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound && place.IsEmpty)
            {
                places.TryRemove(home, out _); // described anew at the next look, for it may have vanished since
                return new RefPage([], null, null, null);
            }

            if (answer.At != asked)
            {
                places.TryRemove(home, out _); // moved since it was described: the next look learns where to
            }

            return new RefPage(answer.NotModified ? null : Refs(answer, prefix), answer.ETag, answer.Next, answer.LastPage);
        }
    }

    private static List<GitRef> Refs(ForgeAnswer answer, string prefix) =>
    [
        .. answer.Read(GitLabJson.Default.IReadOnlyListGitLabRef).Select(item => item is { Name.Length: > 0 and <= PlainGitLimits.MaxNameBytes, Commit.Id: { } sha } && ForgeHttp.CommitId(sha) is { } commit
            ? new GitRef(prefix + RefName.FromText(item.Name), commit, item.Target is { } target && target != commit ? ForgeHttp.CommitId(target) : null)
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
    /// <param name="IsEmpty">Nothing was ever pushed: some versions then answer the lists with 404.</param>
    /// <param name="AskedAt">When it was last described, monotonic.</param>
    private sealed record Place(Uri Root, RepositoryFacts Facts, bool IsEmpty, string? ETag, long AskedAt);
}
