using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>Asks the guard about each change of a branch, with what is stored of those before it: so a restart forgets nothing.</summary>
internal sealed class LoopWatch(PollStore store)
{
    /// <summary>Of one look: a mass change is no loop.</summary>
    private const int MaxAsked = 100;

    /// <returns>The changes, those that <c>loop_guard: stop</c> keeps back marked so, and a sentence for each loop that was not known before.</returns>
    public async Task<(IReadOnlyList<LearntChange> Changes, IReadOnlyList<string> Found)> JudgeAsync(PolledRepository repository, IReadOnlyList<LearntChange> changes, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var mode = repository.Config.LoopGuard;
        if (mode == "off")
        {
            return (changes, []);
        }

        var judged = changes.ToArray();
        var found = new List<string>();
        foreach (var at in Enumerable.Range(0, judged.Length).Where(at => IsAsked(judged[at].Event)).Take(MaxAsked))
        {
            var change = judged[at].Event;
            var author = EarlierChange.AuthorOf(change.Commits[^1])!;
            var earlier = await store.LoadEarlierAsync(repository.Config.Name, change.Change.Ref, now - LoopGuard.Window, cancellationToken);
            if (LoopGuard.Count(author, now, earlier) is not (> 0 and var count))
            {
                continue;
            }

            if (repository.Loops.Note(change.Change.Ref, author, count, now, isStopped: mode == "stop") is { } notice)
            {
                found.Add(notice);
            }

            if (mode == "stop")
            {
                judged[at] = judged[at] with { Event = change with { Skipped = new SkipInfo("loop_guard", $"{author} has changed this ref {count} times within {LoopGuard.Window.TotalMinutes:0} minutes, again and again after a delivery") } };
            }
        }

        return (judged, found);
    }

    private static bool IsAsked(ChangeEvent change) =>
        change is { Skipped: null, Change: { Kind: RefKind.Branch, After: not null } } && change.Commits.Count > 0 && EarlierChange.AuthorOf(change.Commits[^1]) is not null;
}
