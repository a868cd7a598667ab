using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>When a trigger did not send, and so how old a delivery really is. Safe to read from many attempts at once.</summary>
internal sealed class HaltLog(IReadOnlyList<TriggerHalt> stored)
{
    private static readonly TimeSpan BreakerLimit = TimeSpan.FromDays(30);

    private TriggerHalt[] halts = [.. stored];

    public TriggerHalt? Open(string kind) => Array.Find(Volatile.Read(ref halts), halt => halt.Kind == kind && halt.EndedAt is null);

    public void Begin(string kind, string reason, DateTimeOffset now)
    {
        if (Open(kind) is null)
        {
            Volatile.Write(ref halts, [.. halts, new TriggerHalt { Kind = kind, Reason = reason, StartedAt = now }]);
        }
    }

    public void End(string kind, DateTimeOffset now) =>
        Volatile.Write(ref halts, [.. halts.Select(halt => halt.Kind == kind && halt.EndedAt is null ? halt with { EndedAt = now } : halt)]);

    /// <summary>Time since creation, without the time in which nothing could be sent: an open breaker counts out for 30 days at most, a pause without limit.</summary>
    public TimeSpan Age(DateTimeOffset createdAt, DateTimeOffset now)
    {
        var open = TimeSpan.Zero;
        var paused = TimeSpan.Zero;
        foreach (var halt in Volatile.Read(ref halts))
        {
            var from = halt.StartedAt > createdAt ? halt.StartedAt : createdAt;
            var to = halt.EndedAt ?? now;
            if (to > from)
            {
                (open, paused) = halt.Kind == TriggerHalt.Breaker ? (open + (to - from), paused) : (open, paused + (to - from));
            }
        }

        return now - createdAt - (open < BreakerLimit ? open : BreakerLimit) - paused;
    }
}
