using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Payloads;

/// <summary>A change in the words of a push: zeros for "no commit", a head, commits oldest first, and an honest list of what stands in for the unknown.</summary>
internal sealed class PushFacts
{
    /// <summary>What is said where a name or a message is not known. Never a person, never nothing: a binding on a missing field fails without a word.</summary>
    public const string UnknownText = "(unknown)";

    /// <summary>The same where an account name stands: accounts have no parentheses, and labels made of them would be refused.</summary>
    public const string UnknownLogin = "unknown";

    private readonly PayloadBudget budget;

    public PushFacts(ChangeEvent change, PayloadBudget budget)
    {
        this.budget = budget;
        Event = change;
        Repository = RepositoryFacts.Of(change.Repository);
        var (before, after) = (change.Change.Before, change.Change.After);
        NoCommit = new string('0', Math.Max(before?.Length ?? 0, after?.Length ?? 0) == 64 ? 64 : 40);
        Before = before ?? NoCommit;
        After = after ?? NoCommit;
        if (after is not null)
        {
            Head = change.Commits.LastOrDefault(commit => commit.Id == after) ?? new CommitInfo { Id = after };
            IReadOnlyList<CommitInfo> known = change.Commits.Contains(Head) ? change.Commits : [.. change.Commits, Head];
            Commits = [.. known.TakeLast(budget.Commits)];
            KnownCommits = [.. change.Commits.TakeLast(budget.Commits)];
            Count = change.Change.IsCommit ? 1 : Math.Max(change.CommitCount ?? known.Count, Commits.Count); // of a single commit the number is that of its update
        }

        Unknown = [.. change.Unknown.Take(20).Concat(Missing()).Distinct(StringComparer.Ordinal)];
    }

    public ChangeEvent Event { get; }
    public RepositoryFacts Repository { get; }

    /// <summary>40 zeros, or 64 in a sha256 repository.</summary>
    public string NoCommit { get; }
    public string Before { get; }
    public string After { get; }
    public bool Created => Event.Change.Before is null;
    public bool Deleted => Event.Change.After is null;
    public bool IsTag => Event.Change.Kind == RefKind.Tag;

    /// <summary>Short name of the ref; of a pull request that of the branch it brings.</summary>
    public string BranchName => Event.PullRequest is { HeadBranch: { Length: > 0 } branch } ? branch : GitRef.Shorten(RefName.ToText(Event.Change.Ref));

    /// <summary>False where it is not known; <see cref="Unknown"/> tells.</summary>
    public bool Forced => Event.Forced ?? false;

    /// <summary>The commit the ref points to now; null when it was deleted.</summary>
    public CommitInfo? Head { get; }

    /// <summary>Oldest first, the head last, at least one unless the ref was deleted.</summary>
    public IReadOnlyList<CommitInfo> Commits { get; } = [];

    /// <summary>The same without a stand-in: empty where nothing is known.</summary>
    public IReadOnlyList<CommitInfo> KnownCommits { get; } = [];
    public int Count { get; }
    public IReadOnlyList<string> Unknown { get; }

    public bool Truncated =>
        Commits.Count < Count || Commits.Any(commit => (commit.Message?.Length ?? 0) > budget.Text || MostFiles(commit) > budget.Files);

    public string MessageOf(CommitInfo commit) => Shorten(commit.Message is { Length: > 0 } message ? message : UnknownText);

    /// <summary>A message within the budget.</summary>
    public string Shorten(string message) => PayloadJson.Clean(message, budget.Text);

    /// <summary>Paths within the budget.</summary>
    public IEnumerable<string> Shorten(IReadOnlyList<string> files) => files.Take(budget.Files);

    public string TimeOf(CommitInfo commit) => PayloadJson.Time(commit.Timestamp ?? Event.DetectedAt);

    public string UrlOf(CommitInfo commit) =>
        commit.Url is { Length: < PayloadJson.NameLimit } url && Uri.IsWellFormedUriString(url, UriKind.Absolute) && Ascii.IsValid(url) && !url.AsSpan().ContainsAny('[', ']')
            ? url
            : Repository.CommitUrl(RepositoryFacts.Escape(commit.Id));

    /// <summary>Page of the difference; of the commit, where there was nothing before.</summary>
    public string CompareUrl()
    {
        if (Event.CompareUrl is { Length: > 0 and < PayloadJson.NameLimit } known)
        {
            return known;
        }

        return Created
            ? Repository.CommitUrl(RepositoryFacts.Escape(After))
            : $"{Repository.HtmlUrl}/compare/{RepositoryFacts.Escape(Short(Before))}...{RepositoryFacts.Escape(Short(After))}";
    }

    /// <summary>The three lists, always there: an interceptor that adds changed files reads them of every commit.</summary>
    public void WriteFiles(Utf8JsonWriter json, CommitInfo commit)
    {
        json.Texts("added", Shorten(commit.Added ?? []));
        json.Texts("removed", Shorten(commit.Removed ?? []));
        json.Texts("modified", Shorten(commit.Modified ?? []));
    }

    /// <summary>What is ours to say stands in headers, so that the body stays what the forge would have sent.</summary>
    public void Mark(Dictionary<string, string> headers)
    {
        headers["X-RepoSentry-Repository"] = HeaderText.Encode(Event.Repository.Name);
        if (Event.PullRequest is { Fork: true })
        {
            headers["X-RepoSentry-Fork"] = "true"; // what strangers wrote
        }

        headers["X-RepoSentry-Unknown"] = string.Join(',', Unknown); // what in the body is a stand-in
        if (Truncated)
        {
            headers["X-RepoSentry-Truncated"] = "true";
        }
    }

    private static string Short(string commit) => commit.Length > 12 ? commit[..12] : commit;

    private static int MostFiles(CommitInfo commit) => Math.Max(commit.Added?.Count ?? 0, Math.Max(commit.Modified?.Count ?? 0, commit.Removed?.Count ?? 0));

    private IEnumerable<string> Missing()
    {
        if (Event.PullRequest is { } told)
        {
            (string Name, bool Missing)[] parts = [("sender", Event.Change.Before is not null || told.Reopened), ("head_repository", told is { Fork: true, HeadCloneUrl: null }), ("base_sha", told.BaseSha is null)];
            foreach (var part in parts.Where(part => part.Missing))
            {
                yield return part.Name;
            }
        }
        else
        {
            yield return "pusher"; // a poller sees that a ref moved, never who moved it
        }

        if (Head is not null && Event.PullRequest is null)
        {
            (string Name, bool Missing)[] parts =
            [
                ("message", Head.Message is not { Length: > 0 }),
                ("author", Head.Author is null),
                ("timestamp", Head.Timestamp is null),
                ("files", Head.Added is null && Head.Modified is null && Head.Removed is null),
                ("forced", Event.Forced is null && !Created),
            ];
            foreach (var part in parts.Where(part => part.Missing))
            {
                yield return part.Name;
            }
        }

        if (!Repository.IdKnown)
        {
            yield return "repository_id";
        }

        if (Event.Repository.DefaultBranch is null)
        {
            yield return "default_branch";
        }

        if (Event.Repository.Private is null)
        {
            yield return "private";
        }
    }
}
