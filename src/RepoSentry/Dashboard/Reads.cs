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

    /// <summary>The newest events, whatever page of another list this is.</summary>
    public static async Task<IReadOnlyList<EventView>> NewestEventsAsync(this Visit v, int count, string? repository = null) =>
        Answered.Is<ListAnswer<EventView>>(await EventEndpoints.ListAsync(v.Get<EventLog>(), v.Beside($"?limit={count}"), repository, null, null, null, null, null, v.Ends), out var page) ? page.Items : [];

    public static Task<IResult> EventAsync(this Visit v, string id) => EventEndpoints.ShowAsync(id, v.Get<EventLog>(), v.Get<TektonOutcomes>(), v.Get<WaitReasons>(), v.Ends);

    /// <summary>A delivery with its newest attempts.</summary>
    /// <param name="asked">Which page of them.</param>
    public static Task<IResult> DeliveryAsync(this Visit v, long id, HttpContext asked) => DeliveryEndpoints.ShowAsync(id, v.Get<EventLog>(), v.Get<WaitReasons>(), asked, "newest", v.Ends);

    /// <param name="asked">Which page of them.</param>
    public static Task<IResult> DeliveriesAsync(this Visit v, string? trigger, string? status, HttpContext asked) =>
        DeliveryEndpoints.ListAsync(v.Get<EventLog>(), asked, trigger, status, null, null, v.Ends);

    /// <summary>The newest looks at a repository, whatever page of its refs this is.</summary>
    public static async Task<IReadOnlyList<PollView>> NewestLooksAsync(this Visit v, string name) =>
        Answered.Is<ListAnswer<PollView>>(await RepositoryEndpoints.PollsAsync(name, v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Beside(), v.Ends), out var page) ? page.Items : [];

    public static Task<IResult> RepositoryAsync(this Visit v, string name) => RepositoryEndpoints.ShowAsync(name, v.Get<RepositoryLog>(), v.Get<PollWorker>(), v.Ends);

    public static Task<IResult> ExplainAsync(this Visit v, string name, string? @ref) => RepositoryEndpoints.ExplainAsync(
        name, @ref, v.Get<PollWorker>(), v.Config, v.Get<DeliveryWorkers>(), v.Get<EventLog>(), v.Get<RepositoryLog>(), v.Ends);

    public static IReadOnlyList<TriggerView> Triggers(this Visit v) => [.. v.Get<DeliveryWorkers>().All.Select(worker => worker.View)];
}
