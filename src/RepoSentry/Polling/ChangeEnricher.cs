using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>
/// Adds what the forge tells of a change: message, author, files, whether it was forced. What the repository's rules need is asked for first. What cannot be learnt
/// in time stays unknown, and no failure here fails the look: the change itself is certain.
/// </summary>
internal sealed class ChangeEnricher(EnrichmentSource source, ChangeRules rules, bool wantsCommits, TimeProvider time)
{
    /// <summary>A mass change would spend the budget of many looks.</summary>
    private const int MaxChanges = 10;

    /// <summary>Changes that a rule is asked about: those beyond fire.</summary>
    private const int MaxJudged = 100;

    /// <summary>The newest are kept.</summary>
    private const int MaxCommits = 20;

    /// <summary>Commits of one change whose files are asked for one by one.</summary>
    private const int MaxFileQuestions = 5;

    /// <param name="limit">Time for all of them.</param>
    /// <param name="defaultHead">Commit of the default branch, that new branches are compared with; null where not known.</param>
    public async Task<IReadOnlyList<LearntChange>> EnrichAsync(IReadOnlyList<ChangeEvent> changes, string? defaultHead, TimeSpan limit, CancellationToken cancellationToken)
    {
        var learnt = changes.Select(change => new LearntChange(WithoutAsking(change))).ToArray();
        var needed = Ordered(learnt).Where(at => Needs(learnt[at].Event.Change)).Take(MaxJudged).ToList();
        var wanted = source.Forge is null ? [] : Ordered(learnt).Take(MaxChanges).ToList();
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        foreach (var (turn, at) in Enumerable.Range(0, changes.Count).Where(at => changes[at].PullRequest is not null).Index())
        {
            var told = await source.CompleteAsync(learnt[at].Event, mayAsk: turn < MaxChanges, either.Token);
            learnt[at] = new LearntChange(await JudgedAsync(told, mayAsk: turn < MaxJudged, either.Token));
        }

        var known = changes.Count == 0 ? null : source.Known();
        foreach (var at in needed.Concat(wanted.Except(needed)))
        {
            learnt[at] = await LearnAsync(learnt[at], defaultHead, either.Token);
        }

        foreach (var at in wanted.Where(at => learnt[at].Event.Skipped is null))
        {
            learnt[at] = await LearnFilesAsync(learnt[at], either.Token);
        }

        return known is null ? learnt : [.. learnt.Select(one => one with { Event = one.Event with { Repository = one.Event.Repository with { Private = known.Private } } })];
    }

    /// <summary>Page that shows the difference; null where the forge has none.</summary>
    public static string? CompareUrl(RepositoryInfo repository, string before, string after)
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

    private bool Needs(RefChange change) => rules.NeedsHead(change) || rules.NeedsFiles(change) || (wantsCommits && change is { Kind: RefKind.Branch, After: not null });

    private ChangeEvent WithoutAsking(ChangeEvent change)
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

    // The default branch first: it is the one that most pipelines wait for.
    private static IEnumerable<int> Ordered(LearntChange[] changes) => Enumerable.Range(0, changes.Length)
        .Where(at => changes[at].Event is { Change.After: not null, PullRequest: null })
        .OrderBy(at => changes[at].Event.Change.Ref == GitRef.BranchPrefix + changes[at].Event.Repository.DefaultBranch ? 0 : 1);

    private async Task<LearntChange> LearnAsync(LearntChange learnt, string? defaultHead, CancellationToken cancellationToken)
    {
        var change = learnt.Event;
        var (before, after) = (change.Change.Before, change.Change.After!);
        var forge = source.For(Needs(change.Change));
        IReadOnlyList<string>? files = null;
        try
        {
            // A new branch is compared with the default one where a rule asks for it; of that only what came since they parted is told.
            var origin = before ?? (change.Change.Kind == RefKind.Branch && Needs(change.Change) && defaultHead != after ? defaultHead : null);
            if (forge is not null && origin is not null && await forge.CompareAsync(source.Url, source.ApiBaseUrl, origin, after, cancellationToken) is { } range)
            {
                // A list that does not end with the head lacks the newest commits: it is not what happened last.
                var isNewest = range.Commits.Count > 0 && range.Commits[^1].Id == after;
                learnt = learnt with { Pushed = isNewest || range.Count == 0 ? range.Commits : null };
                change = before is null ? change : change with { Forced = range.Forced, CommitCount = range.Count, Commits = isNewest ? [.. range.Commits.TakeLast(MaxCommits)] : [] };
                files = before is null || range.Forced == false ? range.Files : null;
            }

            if (forge is not null && change.Commits.Count == 0 && await forge.CommitAsync(source.Url, source.ApiBaseUrl, after, cancellationToken) is { } head)
            {
                change = change with { Commits = [head] };
            }

            if (files is null && before is not null && rules.NeedsFiles(change.Change))
            {
                files = await source.DifferenceAsync(before, after, cancellationToken);
            }
        }
        catch (Exception)
        {
            // The forge does not tell now, or not in time: what was learnt so far is kept, the rest is named as unknown.
        }

        change = change with { Files = files is null ? null : [.. files.Take(ChangeEvent.MaxFiles)], FileCount = files?.Count, Skipped = rules.Judge(change, files) };
        return learnt with { Event = change with { Unknown = Unknown(change) } };
    }

    // What a pull request changes is what came since its branch and the one it goes to parted.
    private async Task<ChangeEvent> JudgedAsync(ChangeEvent change, bool mayAsk, CancellationToken cancellationToken)
    {
        var told = change.PullRequest!;
        IReadOnlyList<string>? files = null;
        if (mayAsk && rules.NeedsFiles(told) && source.Forge is { } forge)
        {
            try
            {
                files = (await forge.CompareAsync(source.Url, source.ApiBaseUrl, told.BaseSha!, told.HeadSha, cancellationToken))?.Files;
            }
            catch (Exception)
            {
                // Not told, or not in time: it fires.
            }
        }

        return change with
        {
            Files = files is null ? null : [.. files.Take(ChangeEvent.MaxFiles)],
            FileCount = files?.Count,
            Skipped = rules.Judge(told, files),
            Unknown = files is null && rules.HasPaths ? [.. change.Unknown, "files"] : change.Unknown,
        };
    }

    private async Task<LearntChange> LearnFilesAsync(LearntChange learnt, CancellationToken cancellationToken)
    {
        var change = learnt.Event;
        var forge = source.Forge!;
        try
        {
            for (var (at, questions) = (change.Commits.Count - 1, 0); at >= 0 && questions < MaxFileQuestions; at--)
            {
                if (change.Commits[at].Modified is null)
                {
                    questions++;
                    var commit = await forge.CommitAsync(source.Url, source.ApiBaseUrl, change.Commits[at].Id, cancellationToken);
                    change = commit is null ? change : change with { Commits = [.. change.Commits.Take(at), commit, .. change.Commits.Skip(at + 1)] };
                }
            }
        }
        catch (Exception)
        {
            // As above.
        }

        // Those of the update are the newest of all that were pushed.
        return new LearntChange(change with { Unknown = Unknown(change) })
        {
            Pushed = learnt.Pushed is { } all && all.Count >= change.Commits.Count && change.Change.Before is not null ? [.. all.SkipLast(change.Commits.Count), .. change.Commits] : learnt.Pushed,
        };
    }

    private List<string> Unknown(ChangeEvent change)
    {
        var head = change.Commits.Count > 0 ? change.Commits[^1] : null;
        var isDeletion = change.Change.After is null;
        // The files of the commits are those of the change only if the commits are all that lies between before and after.
        var hasFiles = change is { Forced: false, CommitCount: { } count } && count == change.Commits.Count && change.Commits.All(commit => commit.Modified is not null)
            && (change.Files is not null || !rules.NeedsFiles(change.Change));
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

/// <param name="Event">What is recorded.</param>
internal sealed record LearntChange(ChangeEvent Event)
{
    /// <summary>The commits that are new with it, oldest first, as far as they were told; null where the newest are not known.</summary>
    public IReadOnlyList<CommitInfo>? Pushed { get; init; }
}
