using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>What the poll worker is told: the ends of looks, orders, and the clock.</summary>
internal abstract record PollSignal
{
    internal sealed record Ended(PolledRepository Repository, LookEnd End, bool IsAlone) : PollSignal;

    /// <summary>All of a batch have ended.</summary>
    internal sealed record BatchEnded(PollTurn.Batch Turn, RefSourceException? Failure) : PollSignal;

    internal sealed record ListEnded(PollTurn.List Turn, ListResult? Result, RefSourceException? Failure) : PollSignal;

    internal sealed record Asked(string Repository, bool Released) : PollSignal;

    internal sealed record Paused(string Repository, bool IsPaused) : PollSignal;

    internal sealed record Reassigned(IReadOnlyList<RepositoryAssignment> Wanted, TaskCompletionSource Done) : PollSignal;

    internal sealed record Checkpoint : PollSignal;

    internal sealed record Tick : PollSignal;
}
