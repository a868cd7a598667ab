using System.Collections.Concurrent;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>
/// A pipeline that pushes to the branch that starts it starts itself for ever. The sign of it: one author changes a ref again and again, each time after the change
/// before was delivered. Knows no clock: times are given to it.
/// </summary>
internal sealed class LoopGuard
{
    /// <summary>Changes within <see cref="Window"/> that are a sign.</summary>
    public const int MinChanges = 10;

    /// <summary>Also the quiet after which a loop has ended.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(30);

    private readonly ConcurrentDictionary<(string Ref, string Author), Loop> loops = new();

    /// <summary>Whether a change is one of a loop.</summary>
    /// <param name="earlier">Changes of the ref before it, newest first.</param>
    /// <returns>How many changes of this author there are in the window; 0 if it is no loop.</returns>
    public static int Count(string author, DateTimeOffset now, IReadOnlyList<EarlierChange> earlier)
    {
        var recent = earlier.TakeWhile(change => now - change.At < Window).ToList();
        var own = 1 + recent.Count(change => change.Author == author);
        var driven = recent.Count > 0 && recent[0].WasDeliveredBy(now) ? 1 : 0;
        for (var at = 0; at + 1 < recent.Count; at++)
        {
            driven += recent[at].Author == author && recent[at + 1].WasDeliveredBy(recent[at].At) ? 1 : 0;
        }

        // The first of them came after nobody's delivery, or after one that lies before the window.
        return (own >= MinChanges && driven + 1 >= MinChanges) || recent.Any(change => change.Author == author && change.IsStopped) ? own : 0;
    }

    /// <returns>A sentence for a loop that was not known; null for one that was.</returns>
    public string? Note(string refName, string author, int count, DateTimeOffset now, bool isStopped)
    {
        var isKnown = loops.TryGetValue((refName, author), out var known) && now - known.At < Window;
        var loop = loops[(refName, author)] = new Loop(refName, author, count, now, isStopped);
        return isKnown ? null : loop.Text;
    }

    /// <summary>One sentence for each loop that has not ended.</summary>
    public IReadOnlyList<string> Notices(DateTimeOffset now)
    {
        foreach (var ended in loops.Where(pair => now - pair.Value.At >= Window))
        {
            loops.TryRemove(ended);
        }

        return [.. loops.Values.OrderBy(loop => loop.Ref, StringComparer.Ordinal).Select(loop => loop.Text)];
    }

    private sealed record Loop(string Ref, string Author, int Count, DateTimeOffset At, bool IsStopped)
    {
        public string Text =>
            $"{RefName.ToText(GitRef.Shorten(Ref))} was changed {Count} times within {Window.TotalMinutes:0} minutes by {Author}, again and again after a delivery: does a pipeline start itself? "
            + $"Name its author in ignore_authors, or a text of its messages in skip_messages{(IsStopped ? $"; until then what {Author} does there is recorded and not delivered, until {Window.TotalMinutes:0} minutes are quiet" : "")}";
    }
}
