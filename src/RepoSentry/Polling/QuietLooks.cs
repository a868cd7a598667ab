using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>The last looks at a repository that found nothing new. No row is stored of them and most looks are such, so they are kept small, and take no more room as time goes by.</summary>
internal sealed class QuietLooks
{
    public const int Most = 50;

    private readonly Lock gate = new();
    private (long StartedAt, TimeSpan Duration, string Source)[] looks = [];
    private int count;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<PollOutcome> All
    {
        get
        {
            lock (gate)
            {
                return [.. Enumerable.Range(1, Math.Min(count, Most)).Select(back => looks[(count - back) % Most]).Select(look =>
                    new PollOutcome(new DateTimeOffset(look.StartedAt, TimeSpan.Zero), look.Duration, PollOutcome.Unchanged, look.Source))];
            }
        }
    }

    public void Note(PollOutcome look)
    {
        lock (gate)
        {
            looks = looks.Length == 0 ? new (long, TimeSpan, string)[Most] : looks;
            looks[count % Most] = (look.StartedAt.UtcTicks, look.Duration, look.Source);
            count = count + 1 < 2 * Most ? count + 1 : Most; // full from then on
        }
    }
}
