using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>One event for each commit that an update of a branch brought, oldest first. Pure.</summary>
internal static class CommitEvents
{
    /// <summary>The newest are kept.</summary>
    public const int MaxCommits = 250;

    /// <summary>Where the commits cannot be had: one for the head of an update, marked by <c>commits</c> among what is unknown.</summary>
    public static IEnumerable<ChangeEvent> Of(LearntChange learnt, ChangeRules rules)
    {
        var update = learnt.Event;
        if (update.Change is not { Kind: RefKind.Branch, After: { } after })
        {
            return [];
        }

        var head = update.Commits.Count > 0 && update.Commits[^1].Id == after ? update.Commits[^1] : new CommitInfo { Id = after };
        var pushed = learnt.Pushed ?? (update.Change.Before is null ? [] : [head]);
        var count = learnt.Pushed is null ? update.CommitCount : Math.Max(update.CommitCount ?? 0, pushed.Count);
        var kept = pushed.TakeLast(MaxCommits).ToList();
        var isCut = kept.Count > 0 && (learnt.Pushed is null || count > kept.Count);
        return kept.Select((commit, at) => Of(update, commit, at > 0 ? kept[at - 1].Id : isCut ? null : update.Change.Before, count, isCut, rules));
    }

    private static ChangeEvent Of(ChangeEvent update, CommitInfo commit, string? previous, int? count, bool isCut, ChangeRules rules)
    {
        var before = commit.Parents switch { [var parent, ..] => parent, [] => null, null => previous ?? update.Change.Before };
        var files = commit is { Added: { } added, Modified: { } modified, Removed: { } removed } ? added.Concat(modified).Concat(removed).Distinct(StringComparer.Ordinal).ToList() : null;
        (string Word, bool Missing)[] parts =
        [
            ("message", commit.Message is null),
            ("author", commit.Author is null),
            ("files", files is null),
            ("forced", commit.Parents is null && isCut && update.Forced is null),
            ("commits", isCut),
        ];
        var single = update with
        {
            Change = update.Change with { Before = before, After = commit.Id, IsCommit = true },
            Forced = commit.Parents is null && isCut ? update.Forced : false, // what lies before it is its parent
            Commits = [commit],
            CommitCount = count,
            CompareUrl = before is null ? null : ChangeEnricher.CompareUrl(update.Repository, before, commit.Id),
            Files = files is null ? null : [.. files.Take(ChangeEvent.MaxFiles)],
            FileCount = files?.Count,
            Unknown = [.. parts.Where(part => part.Missing).Select(part => part.Word)],
        };
        return single with { Skipped = update.Skipped is { By: "loop_guard" } ? update.Skipped : rules.Judge(single, files) };
    }
}
