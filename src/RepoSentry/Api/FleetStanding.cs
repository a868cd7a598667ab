using RepoSentry.Polling;

namespace RepoSentry.Api;

/// <summary>How the promise of polling.interval stands.</summary>
/// <param name="Watched">Repositories that are looked at.</param>
/// <param name="Fresh">Looked at no longer ago than their budget promises.</param>
/// <param name="Late">Looked at longer ago than that, though looks succeed.</param>
/// <param name="Failing">The last look failed.</param>
/// <param name="New">Never looked at.</param>
internal sealed record FleetStanding(int Watched, int Fresh, int Late, int Failing, int New)
{
    public static readonly string[] States = ["fresh", "late", "failing", "new"];

    /// <summary>Those that are counted as that.</summary>
    public static IReadOnlyList<string> NamesOf(string state, PollWorker polling, DateTimeOffset now) =>
        [.. polling.Repositories.Values.Where(repository => repository.IsWatched && StateOf(repository, polling, now) == state).Select(repository => repository.Config.Name)];

    public static FleetStanding Of(PollWorker polling, DateTimeOffset now)
    {
        var (fresh, late, failing, unseen) = (0, 0, 0, 0);
        foreach (var repository in polling.Repositories.Values.Where(repository => repository.IsWatched))
        {
            _ = StateOf(repository, polling, now) switch { "failing" => failing++, "new" => unseen++, "late" => late++, _ => fresh++ };
        }

        return new FleetStanding(fresh + late + failing + unseen, fresh, late, failing, unseen);
    }

    /// <summary>fresh, late, failing or new.</summary>
    public static string StateOf(PolledRepository repository, PollWorker polling, DateTimeOffset now) =>
        repository.FailedLooks > 0 ? "failing"
        : repository.LastSureAt is not { } seen ? "new"
        : now - seen > Allowed(repository, polling) ? "late"
        : "fresh";

    // What was promised, and the time that a look may take.
    private static TimeSpan Allowed(PolledRepository repository, PollWorker polling)
    {
        var interval = polling.IntervalOf(repository);
        if (polling.Budgets.GetValueOrDefault(repository.Config.Provider) is not { } budget)
        {
            return interval * 2;
        }

        var promised = repository.Config.PollingInterval is { } own ? own * budget.PinStretch : budget.Longest;
        return (promised > interval ? promised : interval) + budget.Polling.Timeout;
    }
}
