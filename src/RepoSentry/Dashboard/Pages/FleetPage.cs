using RepoSentry.Api;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>The first page: whether everything is seen in time, what is not well, and what just happened.</summary>
internal static class FleetPage
{
    private const int IncidentsShown = 8;
    private const int MostIncidents = 500;
    private const int EventsShown = 8;

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var status = v.Status();
        var model = new FleetModel(status, await v.NumbersAsync(), v.History(), await v.NewestEventsAsync(EventsShown), [.. (await DeadLettersAsync(v)).Concat(Incidents(v, status)).OrderBy(incident => Urgency.Of(incident.Status))]);
        return new Sheet(v.T["nav.fleet"], "fleet", FleetView.Of(v, model));
    }

    // Of the newest ones; more are told as more.
    public static async Task<IEnumerable<Incident>> DeadLettersAsync(Visit v)
    {
        _ = Answered.Is<ListAnswer<DeliveryView>>(await v.DeliveriesAsync(null, DeliveryStatus.Dead, v.Beside($"?limit={Paging.MaxLimit}")), out var dead);
        return (dead?.Items ?? []).GroupBy(delivery => delivery.Trigger, StringComparer.Ordinal)
            .Select(group => DeadLetters(v, group.Key, $"{group.Count()}{(dead!.NextCursor is null ? "" : "+")}"));
    }

    private static Incident DeadLetters(Visit v, string trigger, string count)
    {
        var (status, says) = v.HasTrigger(trigger) ? (DeliveryStatus.Dead, count == "1" ? "incidents.dead.one" : "incidents.dead") : ("removed", "incidents.gone");
        return new Incident(status, trigger, Parts.Show.Trigger(trigger), v.T.Of(says, count)) { IsOurs = true };
    }

    private static List<Incident> Incidents(Visit v, StatusAnswer status)
    {
        var found = new List<Incident>();
        found.AddRange(status.Components.Where(part => part.Value.Status != "ok" && part.Key is not ("poller" or "trigger") && !part.Key.StartsWith("git:", StringComparison.Ordinal))
            .Select(part => new Incident(part.Value.Status, part.Key, "/system", part.Value.Message ?? "")));
        found.AddRange(status.Triggers.Where(trigger => trigger.State != "running").Select(trigger => new Incident(trigger.State, trigger.Name, Parts.Show.Trigger(trigger.Name), trigger.Reason ?? "")));
        found.AddRange(status.Polling.Budgets.Where(budget => !budget.KeepsInterval).Select(budget => new Incident("degraded", budget.Credential, "/budget", budget.Says)));
        found.AddRange(v.Get<PollWorker>().Repositories.Values.Where(repository => repository.IsWatched && (repository.FailedLooks > 0 || repository.Status is RepositoryStatus.Held or RepositoryStatus.Gone))
            .OrderBy(repository => repository.Config.Name, StringComparer.Ordinal)
            .Select(repository => new Incident(repository.Status, repository.Config.Name, Parts.Show.Repository(repository.Config.Name), repository.Standing.Notice ?? "")));
        return found;
    }

    public static (IReadOnlyList<Incident> Shown, int More) Cut(Visit v, IReadOnlyList<Incident> incidents)
    {
        var most = v.Query("incidents") == "all" ? MostIncidents : incidents.Count == IncidentsShown + 1 ? incidents.Count : IncidentsShown; // one more takes no more room than the word that there is one
        return ([.. incidents.Take(most)], Math.Max(0, incidents.Count - most));
    }
}

/// <param name="Events">The newest.</param>
internal sealed record FleetModel(StatusAnswer Status, NumbersAnswer Numbers, HistoryAnswer History, IReadOnlyList<EventView> Events, IReadOnlyList<Incident> Incidents)
{
    public int Backlog => Status.Triggers.Sum(trigger => trigger.Backlog);

    public DateTimeOffset? OldestUndelivered => Status.Triggers.Min(trigger => trigger.OldestCreatedAt);
}

/// <summary>Something that is not well, and where one sees more of it.</summary>
internal sealed record Incident(string Status, string Name, string Path, string Says)
{
    /// <summary>The sentence is of the pages, in the caller's language; the service's own are in English.</summary>
    public bool IsOurs { get; init; }
}
