using System.Globalization;
using System.Security.Cryptography;
using RepoSentry.Abstractions;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Providers.GitHub;

/// <summary>Looks at many repositories, and reads the pushes of many owners, with one request each, through GraphQL.</summary>
internal sealed class GitHubBatches(GitHubApi api)
{
    private const int Least = 10;

    // GitHub ends a question that takes it more than ten seconds: one that was too much is asked for in smaller parts, and grows again by and by.
    private int size = GitHubQueries.Page;
    private int owners = GitHubQueries.MostOwners;

    public int Size => Volatile.Read(ref size);

    public int SweepSize => Volatile.Read(ref owners);

    /// <returns>One for each, in order; with the facts of the repository where there is a look.</returns>
    public Task<List<(BatchLook Look, RepositoryFacts? Facts)>> LookAsync(IReadOnlyList<(string Owner, string Name, BatchRequest Request)> asked, CancellationToken cancellationToken) => AskAsync(
        GitHubQueries.Refs([.. asked.Select(one => (one.Owner, one.Name, one.Request.Request))]),
        "refs",
        GitHubQueries.Points(asked.Sum(one => one.Request.Request.Kinds.Count)),
        (Size, GitHubQueries.Page, size => Volatile.Write(ref this.size, size)),
        answer => asked.Select((one, at) => Read(one.Request, answer, Alias('r', at))).ToList(),
        cancellationToken);

    public Task<SweepAnswer> SweepAsync(IReadOnlyList<SweepRequest> asked, CancellationToken cancellationToken) => AskAsync(
        GitHubQueries.LastPushes(asked),
        "pushes",
        GitHubQueries.Points(asked.Count),
        (SweepSize, GitHubQueries.MostOwners, size => Volatile.Write(ref owners, size)),
        answer => new SweepAnswer([.. asked.Select((_, at) => Pushes(answer.Node(Alias('o', at))))], answer.Skew),
        cancellationToken);

    /// <summary>Histories of at most <see cref="GitHubQueries.MostHistories"/>.</summary>
    public Task<List<IReadOnlyList<DateTimeOffset>>> RecentAsync(IReadOnlyList<(string Owner, string Name)> asked, CancellationToken cancellationToken) => api.QueryAsync(
        GitHubQueries.Recent(asked),
        "histories",
        GitHubQueries.Points(asked.Count),
        answer => asked.Select((_, at) => Times(answer.Node(Alias('r', at)))).ToList(),
        cancellationToken);

    private static IReadOnlyList<DateTimeOffset> Times(GraphNode? told) => [.. (told?.DefaultBranchRef?.Target?.History?.Nodes ?? []).Select(commit => commit?.CommittedDate).OfType<DateTimeOffset>()];

    private static string Alias(char letter, int at) => string.Create(CultureInfo.InvariantCulture, $"{letter}{at}");

    private async Task<T> AskAsync<T>(string query, string kind, int points, (int Now, int Most, Action<int> Set) size, Func<GraphAnswer, T> read, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await api.QueryAsync(query, kind, points, read, cancellationToken);
            size.Set(Math.Min(size.Most, size.Now + Math.Max(1, size.Now / 10)));
            return answer;
        }
        catch (RefSourceException failure) when (failure is { Error: RefSourceError.Unavailable or RefSourceError.Malformed, RetryAfter: null })
        {
            size.Set(Math.Max(Least, size.Now / 2));
            throw;
        }
    }

    // What GitHub said the last time too was understood then.
    private static (BatchLook Look, RepositoryFacts? Facts) Read(BatchRequest asked, GraphAnswer answer, string alias)
    {
        Span<byte> mark = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(answer.Text(alias), mark);
        if (asked.Mark is { } known && mark.SequenceEqual(known))
        {
            return (new BatchLook(new RefLook([.. asked.Request.Kinds.Select(kind => new KindLook(kind.Kind, null))]), Mark: known), null);
        }

        var (look, facts) = Read(asked.Request, answer.Node(alias));
        return (look.Look is null ? look : look with { Mark = mark.ToArray() }, facts);
    }

    private static (BatchLook Look, RepositoryFacts? Facts) Read(RefLookRequest request, GraphNode? told)
    {
        if (told is not { DatabaseId: { } number } || number.ToString(CultureInfo.InvariantCulture) is var id && request.ForgeId is { } known && known != id)
        {
            return (new BatchLook(null, AloneBecause.NotTold), null);
        }

        var kinds = new List<KindLook>(request.Kinds.Count);
        foreach (var wanted in request.Kinds)
        {
            var (snapshot, alone) = wanted.Kind switch
            {
                RefKind.Branch => Refs(wanted.Kind, told.Heads, GitRef.BranchPrefix),
                RefKind.Tag => Refs(wanted.Kind, told.Tags, GitRef.TagPrefix),
                _ => PullRequests(told.Pulls),
            };
            if (snapshot is null)
            {
                return (new BatchLook(null, alone), null);
            }

            kinds.Add(new KindLook(wanted.Kind, snapshot));
        }

        var branch = told.DefaultBranchRef?.Name is { Length: > 0 } name ? GitRef.BranchPrefix + RefName.FromText(name) : null;
        var facts = new RepositoryFacts(id, branch, told.IsPrivate, told.IsArchived, ForgeHttp.MovedTo(request.Url, told.NameWithOwner, told.Url));
        return (new BatchLook(new RefLook(kinds, branch, id, told.IsArchived, facts.MovedTo)), facts);
    }

    private static (RefSnapshot? Snapshot, AloneBecause Alone) PullRequests(GraphPullRequests? told)
    {
        if (told is not { Nodes: { } nodes, PageInfo: { } page } || page.HasNextPage)
        {
            return (null, told?.PageInfo?.HasNextPage == true ? AloneBecause.TooManyRefs : AloneBecause.NotTold);
        }

        var open = new SortedDictionary<string, PullRequestInfo>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (GitHubPullRequests.Read(node) is not { } one || !open.TryAdd(PullRequestRefs.Pull(one.Number), one))
            {
                return (null, AloneBecause.NotTold);
            }
        }

        return (new RefSnapshot(RefKind.PullRequest, [.. open.Select(pair => new GitRef(pair.Key, pair.Value.HeadSha))]) { PullRequests = open }, AloneBecause.None);
    }

    private static (RefSnapshot? Snapshot, AloneBecause Alone) Refs(RefKind kind, GraphRefs? told, string prefix)
    {
        if (told is not { Nodes: { } nodes, PageInfo: { } page })
        {
            return (null, AloneBecause.NotTold);
        }

        if (page.HasNextPage)
        {
            return (null, AloneBecause.TooManyRefs);
        }

        var refs = new List<GitRef>(nodes.Count);
        foreach (var item in nodes)
        {
            var commit = item?.Target;
            while (commit is { Type: "Tag" })
            {
                commit = commit.Target;
            }

            if (item is not { Name.Length: > 0 and <= PlainGitLimits.MaxNameBytes } || commit is not { Type: "Commit", Oid: { } oid } || ForgeHttp.CommitId(oid) is not { } peeled)
            {
                return (null, AloneBecause.NotTold);
            }

            refs.Add(new GitRef(prefix + RefName.FromText(item.Name), peeled));
        }

        refs.Sort((a, b) => string.CompareOrdinal(a.Name, b.Name));
        return HasDoubles(refs) ? (null, AloneBecause.NotTold) : (new RefSnapshot(kind, refs), AloneBecause.None);
    }

    private static bool HasDoubles(List<GitRef> sorted)
    {
        for (var at = 1; at < sorted.Count; at++)
        {
            if (sorted[at].Name == sorted[at - 1].Name)
            {
                return true;
            }
        }

        return false;
    }

    private static SweepPage? Pushes(GraphNode? owner)
    {
        if (owner?.Repositories is not { Nodes: { } nodes } list)
        {
            return null;
        }

        var pushes = nodes.Where(node => node is { DatabaseId: not null, PushedAt: not null })
            .Select(node => new LastPush(node!.DatabaseId!.Value.ToString(CultureInfo.InvariantCulture), node.PushedAt!.Value));
        return new SweepPage([.. pushes], list.PageInfo is { HasNextPage: true, EndCursor: { } cursor } && GitHubQueries.IsPlain(cursor) ? cursor : null);
    }
}
