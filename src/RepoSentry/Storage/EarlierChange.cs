using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>A change of a ref that is on record.</summary>
/// <param name="Author">Who made its head; null where not known.</param>
/// <param name="DeliveredAt">When a trigger first took it; null while none has.</param>
/// <param name="IsStopped">The loop guard kept it from its triggers.</param>
internal sealed record EarlierChange(DateTimeOffset At, string? Author, DateTimeOffset? DeliveredAt, bool IsStopped)
{
    public bool WasDeliveredBy(DateTimeOffset time) => IsStopped || DeliveredAt <= time;

    /// <summary>Who made a commit, in a form that can be compared.</summary>
    public static string? AuthorOf(CommitInfo? head) => (head?.Author?.Email is { Length: > 0 } email ? email : head?.Author?.Name)?.ToLowerInvariant();
}
