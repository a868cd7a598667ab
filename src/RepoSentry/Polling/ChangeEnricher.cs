using RepoSentry.Abstractions;
using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>
/// Adds what the forge tells of a change: message, author, files, whether it was forced. What cannot be learnt in time stays unknown, and no failure here fails
/// the look: the change itself is certain.
/// </summary>
internal static class ChangeEnricher
{
    /// <summary>A mass change would spend the budget of many looks.</summary>
    private const int MaxChanges = 10;

    /// <summary>The newest are kept.</summary>
    private const int MaxCommits = 20;

    /// <summary>Commits of one change whose files are asked for one by one.</summary>
    private const int MaxFileQuestions = 5;

    /// <param name="url">Of the repository as configured: the one that the source knows it by.</param>
    /// <param name="apiBaseUrl">Of the repository's own; null for the credential's.</param>
    /// <param name="limit">Time for all of them.</param>
    public static async Task<IReadOnlyList<ChangeEvent>> EnrichAsync(
        IReadOnlyList<ChangeEvent> changes, IRefSource source, Uri url, Uri? apiBaseUrl, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        var enriched = changes.Select(WithoutAsking).ToArray();
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        foreach (var at in Enumerable.Range(0, changes.Count).Where(at => changes[at].PullRequest is not null).Take(MaxChanges))
        {
            enriched[at] = await PullRequestTeller.CompleteAsync(enriched[at], source, url, apiBaseUrl, either.Token);
        }

        if (source is not ICommitSource forge)
        {
            return enriched;
        }

        var facts = changes.Count == 0 ? null : Facts(forge, url, apiBaseUrl);
        foreach (var at in Chosen(enriched))
        {
            enriched[at] = await LearnAsync(enriched[at], forge, url, apiBaseUrl, either.Token);
        }

        return facts is null ? enriched : [.. enriched.Select(change => change with { Repository = change.Repository with { Private = facts.Private } })];
    }

    private static ChangeEvent WithoutAsking(ChangeEvent change)
    {
        if (change.PullRequest is not null)
        {
            return change;
        }

        var (before, after) = (change.Change.Before, change.Change.After);
        var known = change with
        {
            Forced = before is null || after is null ? false : null, // nothing was there to be overwritten, or nothing is
            CompareUrl = before is null || after is null ? null : CompareUrl(change.Repository, before, after),
        };
        return known with { Unknown = Unknown(known) };
    }

    private static string? CompareUrl(RepositoryInfo repository, string before, string after)
    {
        var host = repository.Url.Scheme is "http" or "https" ? repository.Url.GetLeftPart(UriPartial.Authority) : $"https://{repository.Url.Host}";
        var path = string.Join('/', repository.FullName.Split('/').Select(Uri.EscapeDataString));
        return repository.Provider switch
        {
            "github" or "gitea" => $"{host}/{path}/compare/{before}...{after}",
            "bitbucket" when repository.Url.Host == "bitbucket.org" => $"{host}/{path}/branches/compare/{after}..{before}",
            "gitlab" => $"{host}/{path}/-/compare/{before}...{after}",
            _ => null,
        };
    }

    private static RepositoryFacts? Facts(ICommitSource forge, Uri url, Uri? apiBaseUrl)
    {
        try
        {
            return forge.Known(url, apiBaseUrl);
        }
        catch (RefSourceException)
        {
            return null;
        }
    }

    // The default branch first: it is the one that most pipelines wait for.
    private static IEnumerable<int> Chosen(ChangeEvent[] changes) => Enumerable.Range(0, changes.Length)
        .Where(at => changes[at] is { Change.After: not null, PullRequest: null })
        .OrderBy(at => changes[at].Change.Ref == GitRef.BranchPrefix + changes[at].Repository.DefaultBranch ? 0 : 1)
        .Take(MaxChanges);

    private static async Task<ChangeEvent> LearnAsync(ChangeEvent change, ICommitSource forge, Uri url, Uri? apiBaseUrl, CancellationToken cancellationToken)
    {
        var after = change.Change.After!;
        try
        {
            if (change.Change.Before is { } before && await forge.CompareAsync(url, apiBaseUrl, before, after, cancellationToken) is { } range)
            {
                // A list that does not end with the head lacks the newest commits: it is not what happened last.
                var isNewest = range.Commits.Count > 0 && range.Commits[^1].Id == after;
                change = change with { Forced = range.Forced, CommitCount = range.Count, Commits = isNewest ? [.. range.Commits.TakeLast(MaxCommits)] : [] };
            }

            if (change.Commits.Count == 0 && await forge.CommitAsync(url, apiBaseUrl, after, cancellationToken) is { } head)
            {
                change = change with { Commits = [head] };
            }

            for (var (at, questions) = (change.Commits.Count - 1, 0); at >= 0 && questions < MaxFileQuestions; at--)
            {
                if (change.Commits[at].Modified is null)
                {
                    questions++;
                    var commit = await forge.CommitAsync(url, apiBaseUrl, change.Commits[at].Id, cancellationToken);
                    change = commit is null ? change : change with { Commits = [.. change.Commits.Take(at), commit, .. change.Commits.Skip(at + 1)] };
                }
            }
        }
        catch (Exception)
        {
            // The forge does not tell now, or not in time: what was learnt so far is kept, the rest is named as unknown.
        }

        return change with { Unknown = Unknown(change) };
    }

    private static List<string> Unknown(ChangeEvent change)
    {
        var head = change.Commits.Count > 0 ? change.Commits[^1] : null;
        var isDeletion = change.Change.After is null;
        // The files of the commits are those of the change only if the commits are all that lies between before and after.
        var hasFiles = change is { Forced: false, CommitCount: { } count } && count == change.Commits.Count && change.Commits.All(commit => commit.Modified is not null);
        (string Word, bool Missing)[] parts =
        [
            ("message", !isDeletion && head?.Message is null),
            ("author", !isDeletion && head?.Author is null),
            ("files", !isDeletion && !hasFiles),
            ("forced", change.Forced is null),
        ];
        return [.. parts.Where(part => part.Missing).Select(part => part.Word)];
    }
}
