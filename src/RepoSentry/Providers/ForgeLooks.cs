using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Providers;

/// <summary>Where a forge's interface tells what: the part of a look that differs from forge to forge.</summary>
internal sealed record ForgeShape
{
    /// <summary>The resource of the repository with that URL, below that base of the API.</summary>
    /// <exception cref="RefSourceException">It is no URL of a repository there.</exception>
    public required Func<Uri, Uri, Uri> HomeOf { get; init; }

    /// <summary>The resource of the repository with that id, below that base of the API, whose other resource is by name; null where ids are not asked for.</summary>
    public Func<string, Uri, Uri, Uri>? ById { get; init; }

    /// <summary>Query of the question for the repository itself.</summary>
    public string Query { get; init; } = "";

    /// <summary>What the answer to it says of the repository that was asked for by that URL.</summary>
    public required Func<ForgeAnswer, Uri, ForgeFacts> Describe { get; init; }

    public required Func<RefKind, RefList> List { get; init; }
}

/// <param name="IsEmpty">Nothing was ever pushed: some versions then answer the lists with 404.</param>
/// <param name="Path">Of its resource below the base of the API, where that is not the one that answered.</param>
internal sealed record ForgeFacts(RepositoryFacts Facts, bool IsEmpty = false, string? Path = null);

/// <summary>A list of refs below the resource of a repository.</summary>
/// <param name="Path">Such as <c>/branches</c>.</param>
/// <param name="Query">Of its first page.</param>
/// <param name="PageSize">Refs of a full page; <see cref="int.MaxValue"/> where each page names the next one in its own body.</param>
/// <param name="Read">What stands on a page.</param>
internal sealed record RefList(string Path, string Query, int PageSize, Func<ForgeAnswer, RefPage> Read)
{
    /// <summary>Asks for what the page itself leaves out; null where it leaves out nothing.</summary>
    public Func<RefPage, CancellationToken, Task<RefPage>>? Complete { get; init; }
}

/// <summary>Looks through a forge's interface: where the repository is, then the pages of each kind. Remembers where repositories are, after renames too.</summary>
internal sealed class ForgeLooks(ForgeApi api, ForgeShape shape, TimeProvider time)
{
    // The default branch and the id change rarely, and a request that names them changes with every push: asked before the first look, then at this pace.
    private static readonly TimeSpan DescribeEvery = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Uri, Place> places = new();

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
                    kinds.Add(await LookAtAsync(wanted, home, place, budget, cancellationToken));
                }
                catch (RefSourceException failure) when (wanted.Kind == RefKind.PullRequest && kinds.Count > 0 && failure.Error is RefSourceError.NotFound or RefSourceError.Unauthorized)
                {
                    throw PullRequestRefs.Refused(failure);
                }
            }

            place = places.GetValueOrDefault(home, place);
            return new RefLook(kinds, place.Facts.DefaultBranch, place.Facts.Id, place.Facts.Archived, place.Facts.MovedTo);
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            places.TryRemove(home, out _);
            throw;
        }
    }

    /// <summary>The resource of a repository: the place it was renamed to, where a look has learnt it.</summary>
    public Uri RootOf(Uri url, Uri? apiBaseUrl) => HomeOf(url, apiBaseUrl) is var home && places.TryGetValue(home, out var place) ? place.Root : home;

    /// <summary>What a look learnt of the repository; null if none did.</summary>
    public RepositoryFacts? Known(Uri url, Uri? apiBaseUrl) => places.GetValueOrDefault(HomeOf(url, apiBaseUrl))?.Facts;

    /// <summary>Refs of one page. Each entry has a name and a commit, or the look does not count.</summary>
    public static IReadOnlyList<GitRef> Refs(ForgeAnswer answer, string prefix, IEnumerable<(string? Name, string? Commit, string? TagObject)> told) =>
    [
        .. told.Select(item => item is { Name: { Length: > 0 and <= PlainGitLimits.MaxNameBytes } name, Commit: { } sha } && ForgeHttp.CommitId(sha) is { } commit
            ? new GitRef(prefix + RefName.FromText(name), commit, item.TagObject is { } target && target != commit ? ForgeHttp.CommitId(target) : null)
            : throw answer.Malformed("a list that has an entry without a name or a commit")),
    ];

    /// <summary>The own record of a pull request; null where the forge does not know of it.</summary>
    /// <param name="path">Below the resource of the repository.</param>
    public async Task<PullRequestInfo?> PullRequestAsync(Uri url, Uri? apiBaseUrl, string path, Func<ForgeAnswer, PullRequestInfo?> read, CancellationToken cancellationToken)
    {
        var answer = await api.FindAsync(new Uri($"{RootOf(url, apiBaseUrl)}{path}"), "pull", cancellationToken);
        return answer is null ? null : read(answer) ?? throw answer.Malformed("a pull request without a commit");
    }

    /// <summary>The parts of a URL's path, without what an instance below a path has before them.</summary>
    /// <param name="apiPath">What the path of the API's base ends with, such as <c>/api/v4</c>.</param>
    public static string[] PartsOf(Uri url, Uri apiBase, string apiPath)
    {
        var path = Uri.UnescapeDataString(url.IsAbsoluteUri ? url.AbsolutePath : "").Trim('/');
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        var basePath = apiBase.AbsolutePath.TrimEnd('/');
        var root = basePath.EndsWith(apiPath, StringComparison.Ordinal) ? basePath[..^apiPath.Length].Trim('/') + "/" : "/";
        var parts = (root.Length > 1 && path.StartsWith(root, StringComparison.Ordinal) ? path[root.Length..] : path).Split('/');
        return Array.Exists(parts, part => part is "" or "." or "..") ? [] : parts;
    }

    private Uri HomeOf(Uri url, Uri? apiBaseUrl) => shape.HomeOf(url, apiBaseUrl ?? api.Options.ApiBase);

    private async Task<Place> DescribeAsync(Uri home, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var known = places.GetValueOrDefault(home);
        if (known is not null && time.GetElapsedTime(known.AskedAt) < DescribeEvery)
        {
            return known;
        }

        ForgeAnswer answer;
        try
        {
            answer = await api.GetAsync(Asked(home), "repository", known?.ETag, budget, cancellationToken);
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound && request.ForgeId is not null)
        {
            if (await DescribeByIdAsync(home, request, budget, cancellationToken) is { } renamed)
            {
                return places[home] = renamed;
            }

            throw;
        }

        if (answer.NotModified)
        {
            return places[home] = known! with { AskedAt = time.GetTimestamp() };
        }

        var place = Read(answer, request);
        if (request.ForgeId is { } id && id != place.Facts.Id && await DescribeByIdAsync(home, request, budget, cancellationToken) is { } moved)
        {
            place = moved;
        }

        return places[home] = place;
    }

    // Another repository has taken the name: the one that is watched may live on under another. If it does not, the new one is what the URL means.
    private async Task<Place?> DescribeByIdAsync(Uri home, RefLookRequest request, AnswerBudget budget, CancellationToken cancellationToken)
    {
        if (shape.ById is not { } byId)
        {
            return null;
        }

        try
        {
            var answer = await api.GetAsync(Asked(byId(request.ForgeId!, request.ApiBaseUrl ?? api.Options.ApiBase, home)), "repository", null, budget, cancellationToken);
            return Read(answer, request) with { ETag = null };
        }
        catch (RefSourceException failure) when (failure.Error == RefSourceError.NotFound)
        {
            return null;
        }
    }

    private Uri Asked(Uri resource) => new(resource.AbsoluteUri + shape.Query);

    private Place Read(ForgeAnswer answer, RefLookRequest request)
    {
        var (facts, isEmpty, path) = shape.Describe(answer, request.Url);
        var root = new Uri(path is null ? answer.At.GetLeftPart(UriPartial.Path) : (request.ApiBaseUrl ?? api.Options.ApiBase).AbsoluteUri.TrimEnd('/') + path);
        return new Place(root, facts, isEmpty, answer.ETag, time.GetTimestamp());
    }

    private async Task<KindLook> LookAtAsync(KindRequest wanted, Uri home, Place place, AnswerBudget budget, CancellationToken cancellationToken)
    {
        var list = shape.List(wanted.Kind);
        var pages = new RefPages(api.Options.Type, wanted.Kind, FetchAsync, list.PageSize);
        var snapshot = await pages.LookAsync(list.Query, wanted.Validator);
        return new KindLook(wanted.Kind, snapshot is null ? null : snapshot with { Refs = Within(wanted.Prefixes, snapshot.Refs) });

        async Task<RefPage> FetchAsync(string query, string? etag)
        {
            var asked = new Uri($"{place.Root}{list.Path}{query}");
            ForgeAnswer answer;
            try
            {
                answer = await api.GetAsync(asked, wanted.Kind switch { RefKind.Branch => "branches", RefKind.Tag => "tags", _ => "pulls" }, etag, budget, cancellationToken);
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

            var page = answer.NotModified ? new RefPage(null, answer.ETag, null, null) : list.Read(answer);
            page = page.Refs is null || list.Complete is null ? page : await list.Complete(page, cancellationToken);
            if (page.DefaultBranch is { Length: > 0 } branch && places.TryGetValue(home, out var known))
            {
                places[home] = known with { Facts = known.Facts with { DefaultBranch = GitRef.BranchPrefix + RefName.FromText(branch) } };
            }

            return page;
        }
    }

    private static IReadOnlyList<GitRef> Within(IReadOnlyList<string> prefixes, IReadOnlyList<GitRef> refs) =>
        prefixes.Count == 0 ? refs : [.. refs.Where(item => prefixes.Any(prefix => item.Name.StartsWith(prefix, StringComparison.Ordinal)))];

    /// <param name="Root">Where its resources are: the place it was renamed to.</param>
    /// <param name="AskedAt">When it was last described, monotonic.</param>
    private sealed record Place(Uri Root, RepositoryFacts Facts, bool IsEmpty, string? ETag, long AskedAt);
}
