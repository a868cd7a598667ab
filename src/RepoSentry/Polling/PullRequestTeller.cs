using RepoSentry.Abstractions;
using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>Asks for the own records of pull requests: whether one that left the list is closed, and what the list does not tell.</summary>
internal static class PullRequestTeller
{
    /// <summary>Records asked for in one look; the others stay as they were until the next one.</summary>
    private const int MaxRecords = 20;

    /// <summary>A pull request that is not in the list any more counts as closed only if its own record says so.</summary>
    /// <returns>Null if all is as it was.</returns>
    public static async Task<KindSight?> ConfirmAsync(PolledRepository repository, KindSight compared, IRefSource source, CancellationToken cancellationToken)
    {
        var told = new Dictionary<string, PullRequestInfo>(compared.Snapshot.PullRequests, StringComparer.Ordinal);
        var (closed, kept) = (new List<RefChange>(), new List<string>());
        foreach (var (at, change) in compared.Changes.Where(change => change.After is null).Index())
        {
            var record = at < MaxRecords ? await AskAsync(repository, change, source, cancellationToken) : null;
            if (record is null or { State: PullRequestState.Open })
            {
                kept.Add(change.Ref);
                continue;
            }

            closed.Add(change);
            told[change.Ref] = record;
        }

        compared = compared with { Snapshot = compared.Snapshot with { PullRequests = told } };
        if (kept.Count == 0)
        {
            return compared;
        }

        var head = repository.Heads[RefKind.PullRequest];
        var rest = compared.Keeping(kept, head);
        rest = rest with { Changes = [.. rest.Changes, .. closed], Snapshot = closed.Count > 0 ? rest.Snapshot with { Validator = null } : rest.Snapshot };
        return rest.IsAs(head) ? null : rest;
    }

    /// <summary>What an event says of the pull request that moved.</summary>
    public static PullRequestInfo? Of(RefChange change, IReadOnlyList<KindSight> kinds)
    {
        if (change.Kind != RefKind.PullRequest)
        {
            return null;
        }

        return kinds.Select(kind => kind.Snapshot).FirstOrDefault(snapshot => snapshot.Kind == RefKind.PullRequest)?.PullRequests.GetValueOrDefault(change.Ref) ?? Unknown(change);
    }

    /// <summary>Adds what a list leaves out. No failure here fails the look.</summary>
    /// <param name="forge">Null where nobody is asked.</param>
    public static async Task<ChangeEvent> CompleteAsync(ChangeEvent change, IPullRequestSource? forge, Uri url, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        if (forge is not null && change.PullRequest is { Labels: null, State: PullRequestState.Open } known)
        {
            try
            {
                if (await forge.PullRequestAsync(url, apiBaseUrl, known.Number, cancellationToken) is { State: PullRequestState.Open } whole)
                {
                    change = change with { PullRequest = whole with { HeadSha = known.HeadSha, Reopened = known.Reopened } };
                }
            }
            catch (Exception unknown) when (unknown is RefSourceException or OperationCanceledException)
            {
                // told as far as it is known
            }
        }

        return change with { Unknown = Missing(change.PullRequest!) };
    }

    private static IReadOnlyList<string> Missing(PullRequestInfo told)
    {
        (string Word, bool Missing)[] parts = [("title", told.Title is null), ("author", told.Author is null), ("labels", told.Labels is null), ("head", told.HeadBranch.Length == 0), ("base", told.BaseBranch.Length == 0)];
        return [.. parts.Where(part => part.Missing).Select(part => part.Word)];
    }

    private static async Task<PullRequestInfo?> AskAsync(PolledRepository repository, RefChange change, IRefSource source, CancellationToken cancellationToken)
    {
        if (source is not IPullRequestSource forge)
        {
            return null;
        }

        try
        {
            return await forge.PullRequestAsync(repository.Config.Url, repository.Config.ApiBaseUrl, PullRequestRefs.NumberOf(change.Ref), cancellationToken) ?? Unknown(change);
        }
        catch (RefSourceException failure) when (failure.Error is not RefSourceError.RateLimited)
        {
            return null; // the list counts; of this one nothing is known until the next look
        }
    }

    // One that the forge does not know any more, or tells nothing of.
    private static PullRequestInfo Unknown(RefChange change) => new()
    {
        Number = PullRequestRefs.NumberOf(change.Ref),
        HeadSha = change.After ?? change.Before!,
        State = change.After is null ? PullRequestState.Closed : PullRequestState.Open,
    };
}
