using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Which events moved since one reader was told last: names only, each once, and not more than a bound.</summary>
internal sealed class MovedEvents : IDisposable
{
    public const int Most = 1_000;

    private readonly LiveFeed feed;
    private readonly Lock gate = new();
    private readonly SemaphoreSlim signal = new(0, 1);
    private HashSet<string> events = new(StringComparer.Ordinal);
    private HashSet<long> deliveries = [];
    private bool overflowed;

    public MovedEvents(LiveFeed feed)
    {
        this.feed = feed;
        feed.Subscribe(Noted);
    }

    /// <summary>Until something happens, or the time is over.</summary>
    public Task WaitAsync(TimeSpan atMost, CancellationToken cancellationToken) => signal.WaitAsync(atMost, cancellationToken);

    /// <summary>What moved since the last call; overflowed if it was more than is kept.</summary>
    public (IReadOnlyCollection<string> Events, IReadOnlyCollection<long> Deliveries, bool Overflowed) Take()
    {
        lock (gate)
        {
            var taken = (events, deliveries, overflowed);
            (events, deliveries, overflowed) = (new HashSet<string>(StringComparer.Ordinal), [], false);
            return taken;
        }
    }

    // The signal is left to the collector: a note may come while it is given up.
    public void Dispose() => feed.Unsubscribe(Noted);

    private void Noted(LiveNote note)
    {
        lock (gate)
        {
            if (events.Count + deliveries.Count >= Most)
            {
                overflowed = true;
                events.Clear();
                deliveries.Clear();
            }

            _ = note switch
            {
                LiveNote.Attempted attempted => events.Add(attempted.EventId.ToString()),
                LiveNote.Moved move => deliveries.Add(move.DeliveryId),
                _ => false,
            };
            if (note is not LiveNote.LookFailed && signal.CurrentCount == 0)
            {
                signal.Release();
            }
        }
    }
}
