using System.Collections.Immutable;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Tells, within this process, what was just committed. For those who show things as they happen; nobody relies on it for the work.</summary>
internal sealed class LiveFeed
{
    private ImmutableArray<Action<LiveNote>> listeners = [];

    public void Subscribe(Action<LiveNote> listener) => ImmutableInterlocked.Update(ref listeners, list => list.Add(listener));

    public void Unsubscribe(Action<LiveNote> listener) => ImmutableInterlocked.Update(ref listeners, list => list.Remove(listener));

    public void Publish(LiveNote note)
    {
        foreach (var listener in listeners)
        {
            listener(note);
        }
    }
}

/// <summary>Something that was committed.</summary>
internal abstract record LiveNote(DateTimeOffset At)
{
    /// <summary>A look counted for the first time.</summary>
    internal sealed record Baseline(DateTimeOffset At, string Repository, int Refs) : LiveNote(At);

    internal sealed record Changed(DateTimeOffset At, ChangeEvent Event, IReadOnlyList<string> Triggers) : LiveNote(At);

    internal sealed record LookFailed(DateTimeOffset At, string Repository, string Error) : LiveNote(At);

    /// <summary>A delivery became something else without an attempt: superseded, or asked for by an operator.</summary>
    internal sealed record Moved(DateTimeOffset At, long DeliveryId) : LiveNote(At);

    internal sealed record Attempted(DateTimeOffset At, Guid EventId, string Repository, string Trigger, AttemptRecord Attempt) : LiveNote(At);
}
