using RepoSentry.Api;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Polling.Discovery;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Dashboard;

/// <summary>What the API answers, asked for within the process: no number has a second source.</summary>
internal static class Reads
{
    public static StatusAnswer Status(this Visit v) => StatusEndpoints.Status(
        v.Config, v.Get<DiscoveryBook>(), v.Get<CurrentConfig>(), v.Get<Lifecycle>(), v.Get<HealthRegistry>(), v.Get<PollWorker>(), v.Get<DeliveryWorkers>(), v.Get<RefSourceCatalog>(), v.Get<TimeProvider>());

    public static Task<NumbersAnswer> NumbersAsync(this Visit v) =>
        StatusEndpoints.NumbersAsync(v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Get<RecentLooks>(), v.Get<RefSourceCatalog>(), v.Get<TimeProvider>(), v.Ends);

    public static HistoryAnswer History(this Visit v) => v.Get<FleetHistory>().Read(v.Query("span") == "day");

    public static Task<IResult> EventsAsync(this Visit v, string? repository = null, string? @ref = null, string? type = null, string? status = null, string? since = null, string? until = null) =>
        EventEndpoints.ListAsync(v.Get<EventLog>(), v.Context, repository, @ref, type, status, since, until, v.Ends);

    public static Task<IResult> EventAsync(this Visit v, string id) => EventEndpoints.ShowAsync(id, v.Get<EventLog>(), v.Get<TektonOutcomes>(), v.Ends);

    public static Task<IResult> DeliveryAsync(this Visit v, long id) => DeliveryEndpoints.ShowAsync(id, v.Get<EventLog>(), v.Context, v.Ends);

    public static Task<IResult> DeliveriesAsync(this Visit v, string? trigger, string? status) =>
        DeliveryEndpoints.ListAsync(v.Get<EventLog>(), v.Context, trigger, status, null, null, v.Ends);

    public static Task<IResult> RepositoryAsync(this Visit v, string name) => RepositoryEndpoints.ShowAsync(name, v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Ends);

    public static Task<IResult> ExplainAsync(this Visit v, string name, string? @ref) => RepositoryEndpoints.ExplainAsync(
        name, @ref, v.Get<PollWorker>(), v.Config, v.Get<DeliveryWorkers>(), v.Get<EventLog>(), v.Get<RepositoryLog>(), v.Ends);

    public static IReadOnlyList<TriggerView> Triggers(this Visit v) => [.. v.Get<DeliveryWorkers>().All.Select(worker => worker.View)];
}
