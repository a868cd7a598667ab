using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>
/// How the fleet stood and what was sent, in memory and since the start: an hour in slots of ten seconds, a day in slots of five minutes. What is older is
/// for the metrics.
/// </summary>
internal sealed class FleetHistory(PollWorker polling, RecentLooks looks, LiveFeed feed, TimeProvider time) : IDisposable
{
    private const int AttemptsKept = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);
    private static readonly int[] NoLooks = new int[RecentLooks.Bounds.Length + 1];

    private readonly Lock gate = new();
    private readonly DateTimeOffset since = time.GetUtcNow();
    private readonly Ring hour = new(Every, 360);
    private readonly Ring day = new(TimeSpan.FromMinutes(5), 288);
    private readonly Dictionary<string, Queue<(bool Accepted, float Milliseconds)>> attempts = new(StringComparer.Ordinal);
    private (long Looks, long Failed, int[] ByDuration) before = (0, 0, NoLooks);
    private int delivered;
    private int triedAgain;
    private int dead;
    private ITimer? timer;

    public void Begin()
    {
        feed.Subscribe(Noted);
        timer = time.CreateTimer(_ => Sample(), null, Every, Every);
    }

    public HistoryAnswer Read(bool wholeDay)
    {
        var ring = wholeDay ? day : hour;
        lock (gate)
        {
            return new HistoryAnswer(since, ring.Slot.TotalSeconds, RecentLooks.Bounds, [.. ring.Slots], attempts.ToDictionary(pair => pair.Key, pair => TriggerFigures.Of([.. pair.Value]), StringComparer.Ordinal));
        }
    }

    public void Dispose()
    {
        feed.Unsubscribe(Noted);
        timer?.Dispose();
    }

    internal void Sample()
    {
        var now = time.GetUtcNow();
        var standing = FleetStanding.Of(polling, now);
        var totals = looks.Totals();
        lock (gate)
        {
            var slot = new HistorySlot(
                now, standing.Fresh, standing.Late, standing.Failing, (int)(totals.Looks - before.Looks), (int)(totals.Failed - before.Failed),
                [.. totals.ByDuration.Zip(before.ByDuration, (after, earlier) => after - earlier)], delivered, triedAgain, dead);
            (before, delivered, triedAgain, dead) = (totals, 0, 0, 0);
            hour.Add(slot);
            day.Add(slot);
        }
    }

    private void Noted(LiveNote note)
    {
        if (note is not LiveNote.Attempted { Attempt: var attempt } attempted)
        {
            return;
        }

        lock (gate)
        {
            _ = attempt.DeliveryStatus switch { DeliveryStatus.Delivered => delivered++, DeliveryStatus.Dead => dead++, _ => triedAgain++ };
            if (!attempts.TryGetValue(attempted.Trigger, out var kept))
            {
                attempts[attempted.Trigger] = kept = new Queue<(bool, float)>();
            }

            kept.Enqueue((attempt.DeliveryStatus == DeliveryStatus.Delivered, (float)attempt.Duration.TotalMilliseconds));
            if (kept.Count > AttemptsKept)
            {
                kept.Dequeue();
            }
        }
    }

    private sealed class Ring(TimeSpan slot, int most)
    {
        private readonly Queue<HistorySlot> slots = new();
        private HistorySlot? open;

        public TimeSpan Slot => slot;

        public IEnumerable<HistorySlot> Slots => open is null ? slots : slots.Append(open);

        public void Add(HistorySlot next)
        {
            var starts = new DateTimeOffset(next.At.UtcTicks / slot.Ticks * slot.Ticks, TimeSpan.Zero);
            if (open is not null && open.At == starts)
            {
                open = open.With(next);
                return;
            }

            if (open is not null)
            {
                slots.Enqueue(open);
            }

            open = next with { At = starts };
            while (slots.Count >= most)
            {
                slots.Dequeue();
            }
        }
    }
}

/// <param name="Since">Nothing before it is known: the start of the process.</param>
/// <param name="LookBoundsMs">What looks are sorted by: up to the first, up to the second, and at last longer than all.</param>
/// <param name="Slots">Oldest first; the last one is not full.</param>
/// <param name="Triggers">Of the last 500 attempts of each.</param>
internal sealed record HistoryAnswer(
    DateTimeOffset Since, double SlotSeconds, IReadOnlyList<double> LookBoundsMs, IReadOnlyList<HistorySlot> Slots, IReadOnlyDictionary<string, TriggerFigures> Triggers);

/// <param name="At">When it begins.</param>
/// <param name="Fresh">Repositories at the end of the slot, as <c>fleet</c> of the status counts them.</param>
/// <param name="LooksByDuration">One number more than there are bounds.</param>
/// <param name="TriedAgain">Attempts that are followed by another.</param>
internal sealed record HistorySlot(
    DateTimeOffset At, int Fresh, int Late, int Failing, int Looks, int FailedLooks, IReadOnlyList<int> LooksByDuration, int Delivered, int TriedAgain, int Dead)
{
    public HistorySlot With(HistorySlot next) => next with
    {
        At = At,
        Looks = Looks + next.Looks,
        FailedLooks = FailedLooks + next.FailedLooks,
        LooksByDuration = [.. LooksByDuration.Zip(next.LooksByDuration, (one, other) => one + other)],
        Delivered = Delivered + next.Delivered,
        TriedAgain = TriedAgain + next.TriedAgain,
        Dead = Dead + next.Dead,
    };
}

/// <param name="Success">Share of the attempts that were accepted; null without any.</param>
internal sealed record TriggerFigures(int Attempts, int Accepted, double? Success, double? P50Ms, double? P99Ms)
{
    public static TriggerFigures None { get; } = new(0, 0, null, null, null);

    public static TriggerFigures Of(IReadOnlyList<(bool Accepted, float Milliseconds)> attempts)
    {
        if (attempts.Count == 0)
        {
            return None;
        }

        var sorted = attempts.Select(attempt => (double)attempt.Milliseconds).Order().ToList();
        var accepted = attempts.Count(attempt => attempt.Accepted);
        return new TriggerFigures(attempts.Count, accepted, (double)accepted / attempts.Count, At(sorted, 0.5), At(sorted, 0.99));
    }

    private static double At(List<double> sorted, double share) => Math.Round(sorted[Math.Max(0, (int)Math.Ceiling(share * sorted.Count) - 1)], 1);
}
