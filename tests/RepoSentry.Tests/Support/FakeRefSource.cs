using RepoSentry.Abstractions;
using RepoSentry.Providers;

namespace RepoSentry.Tests.Support;

/// <summary>A hosting in memory. It answers like a careful one: validators, prefixes, whole kinds; and it fails when it is told to.</summary>
internal sealed class FakeRefSource : IRefSource, ICommitSource, IPullRequestSource
{
    private readonly Dictionary<RefKind, SortedDictionary<string, string>> refs = new()
    {
        [RefKind.Branch] = new(StringComparer.Ordinal),
        [RefKind.Tag] = new(StringComparer.Ordinal),
        [RefKind.PullRequest] = new(StringComparer.Ordinal),
    };

    private readonly Dictionary<string, PullRequestInfo> pullRequests = new(StringComparer.Ordinal);

    private readonly Queue<RefSourceException> failures = new();

    public List<RefLookRequest> Asked { get; } = [];

    /// <summary>Answers of single looks that differ from the truth: they leave these refs out.</summary>
    public string? LeavesOutOnce { get; set; }

    /// <summary>Some proxies strip the entity tags that validators are made of.</summary>
    public bool HasValidators { get; set; } = true;

    public string DefaultBranch { get; set; } = "refs/heads/main";

    public bool Archived { get; set; }

    public Uri? MovedTo { get; set; }

    public Func<RefLookRequest, CancellationToken, Task>? Before { get; set; }

    public FakeRefSource Push(string branch, char commit)
    {
        refs[RefKind.Branch]["refs/heads/" + branch] = Build.Commit(commit);
        return this;
    }

    public FakeRefSource Tag(string tag, char commit)
    {
        refs[RefKind.Tag]["refs/tags/" + tag] = Build.Commit(commit);
        return this;
    }

    /// <summary>What each own record says; those that are open stand in the list.</summary>
    public FakeRefSource Open(long number, char commit, string into = "main", bool isFork = false)
    {
        var name = PullRequestRefs.Pull(number);
        refs[RefKind.PullRequest][name] = Build.Commit(commit);
        pullRequests[name] = new PullRequestInfo { Number = number, HeadSha = Build.Commit(commit), HeadBranch = "topic", BaseBranch = into, Fork = isFork, Title = "A title", Labels = ["ci"] };
        return this;
    }

    public FakeRefSource Describe(long number, string title, string login)
    {
        pullRequests[PullRequestRefs.Pull(number)] = pullRequests[PullRequestRefs.Pull(number)] with { Title = title, Author = new PersonInfo(null, null, login), BaseSha = Build.Commit('4') };
        return this;
    }

    /// <summary>Files that differ between two commits.</summary>
    public FakeRefSource Change(char from, char to, params string[] files)
    {
        var others = Ranges;
        Ranges = (before, after) => (before, after) == (Build.Commit(from), Build.Commit(to)) ? new CommitRange([], null, null) { Files = files } : others(before, after);
        return this;
    }

    /// <param name="state">Null where its record is gone too.</param>
    public void Close(long number, PullRequestState? state)
    {
        var name = PullRequestRefs.Pull(number);
        refs[RefKind.PullRequest].Remove(name);
        if (state is { } known)
        {
            pullRequests[name] = pullRequests[name] with { State = known };
        }
        else
        {
            pullRequests.Remove(name);
        }
    }

    /// <summary>A kind that it knows nothing of.</summary>
    public RefKind? Leaves { get; set; }

    /// <summary>Own records that were asked for.</summary>
    public int Records { get; private set; }

    /// <summary>No own record is told.</summary>
    public bool HidesRecords { get; set; }

    public Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken)
    {
        Records++;
        return HidesRecords ? throw new RefSourceException(RefSourceError.Unavailable, "told to fail") : Task.FromResult(pullRequests.GetValueOrDefault(PullRequestRefs.Pull(number)));
    }

    public void Delete(string branch) => refs[RefKind.Branch].Remove("refs/heads/" + branch);

    public void DeleteTag(string tag) => refs[RefKind.Tag].Remove("refs/tags/" + tag);

    public void FailNext(RefSourceError error, TimeSpan? retryAfter = null) => failures.Enqueue(new RefSourceException(error, $"told to fail: {error}", retryAfter));

    public async Task<RefLook> LookAsync(RefLookRequest request, CancellationToken cancellationToken)
    {
        lock (Asked)
        {
            Asked.Add(request);
        }

        if (Before is not null)
        {
            await Before(request, cancellationToken);
        }

        if (failures.TryDequeue(out var failure))
        {
            throw failure;
        }

        var look = new RefLook([.. request.Kinds.Where(wanted => wanted.Kind != Leaves).Select(Look)], DefaultBranch, "7", Archived, MovedTo);
        LeavesOutOnce = null;
        return look;
    }

    /// <summary>When commits were made, newest first.</summary>
    public IReadOnlyList<DateTimeOffset> Recent { get; set; } = [];

    public Task<IReadOnlyList<DateTimeOffset>> RecentAsync(Uri repositoryUrl, Uri? apiBaseUrl, CancellationToken cancellationToken) => Task.FromResult(Recent);

    public Task<CommitRange?> CompareAsync(Uri repositoryUrl, Uri? apiBaseUrl, string before, string after, CancellationToken cancellationToken) => Task.FromResult(Ranges(before, after));

    public Task<CommitInfo?> CommitAsync(Uri repositoryUrl, Uri? apiBaseUrl, string commitId, CancellationToken cancellationToken) => Task.FromResult(CommitOf(commitId));

    public Func<string, string, CommitRange?> Ranges { get; set; } = (_, _) => null;

    public Func<string, CommitInfo?> CommitOf { get; set; } = _ => null;

    public RepositoryFacts? Known(Uri repositoryUrl, Uri? apiBaseUrl) => null;

    private KindLook Look(KindRequest wanted)
    {
        var seen = refs[wanted.Kind].Where(pair => pair.Key != LeavesOutOnce && (wanted.Prefixes.Count == 0 || wanted.Prefixes.Any(prefix => RefName.ToText(pair.Key).StartsWith(prefix, StringComparison.Ordinal))))
            .Select(pair => new GitRef(pair.Key, pair.Value)).ToList();
        var validator = !HasValidators ? null : string.Join(',', seen.Select(item => item.Name + item.CommitId));
        return new KindLook(wanted.Kind, validator is not null && validator == wanted.Validator ? null : new RefSnapshot(wanted.Kind, seen, validator) { PullRequests = seen.Where(item => pullRequests.ContainsKey(item.Name)).ToDictionary(item => item.Name, item => pullRequests[item.Name]) });
    }
}
