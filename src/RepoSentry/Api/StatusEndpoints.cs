using System.Diagnostics;
using System.Globalization;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Polling.Discovery;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Api;

/// <summary>The running service at one look.</summary>
internal static class StatusEndpoints
{
    public static void MapStatus(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/status", Status).RequireRole(Role.Viewer).WithName("getStatus").WithTags("status").WithSummary("State, components, backlog");
        routes.MapGet("/history", (FleetHistory history, string? span) => span is null or "hour" or "day" ? TypedResults.Ok(history.Read(span == "day")) : Problems.BadRequest("span is hour or day"))
            .RequireRole(Role.Viewer).WithName("getHistory").WithTags("status").WithSummary("How the fleet stood, how long looks took and what was sent: since the start, an hour by ten seconds or a day by five minutes")
            .Produces<HistoryAnswer>().ProducesProblem(400);
        routes.MapGet("/metrics.json", NumbersAsync).RequireRole(Role.Viewer).WithName("getNumbers").WithTags("status").WithSummary("The brief's metrics as JSON");
    }

    internal static StatusAnswer Status(SentryConfig config, DiscoveryBook book, CurrentConfig current, Lifecycle lifecycle, HealthRegistry health, PollWorker polling, DeliveryWorkers deliveries, RefSourceCatalog sources, TimeProvider time)
    {
        using var process = Process.GetCurrentProcess();
        var startedAt = new DateTimeOffset(process.StartTime.ToUniversalTime());
        return new StatusAnswer(
            config.App.Name,
            ProductVersion.Text,
            lifecycle.State.ToString(),
            lifecycle.Since,
            lifecycle.Reason,
            startedAt,
            (time.GetUtcNow() - startedAt).TotalSeconds,
            Environment.MachineName,
            current.Standing,
            new PollingStatus(config.Polling.Strategy, config.Polling.Interval.TotalSeconds, [.. polling.Budgets.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => PollingBudget.Of(one.Key, one.Value, polling, time.GetUtcNow()))]),
            RepositoryCounts(polling),
            FleetStanding.Of(polling, time.GetUtcNow()),
            [.. config.Discovery.Select(discovery => DiscoveryStatus.Of(discovery, book.Of(discovery.Key), config))],
            [.. deliveries.All.Select(worker => worker.View)],
            [.. sources.Limits.Select(limit => new BudgetStatus(limit.Credential, limit.Provider, limit.State.Resource, limit.State.Limit, limit.State.Remaining, limit.State.ResetsAt))],
            health.Check());
    }

    internal static async Task<NumbersAnswer> NumbersAsync(RepositoryLog log, PollWorker polling, RecentLooks looks, RefSourceCatalog sources, TimeProvider time, CancellationToken cancellationToken)
    {
        using var process = Process.GetCurrentProcess();
        var counts = await log.CountAsync(cancellationToken);
        var repositories = Math.Max(1, polling.Repositories.Count);
        return new NumbersAnswer(
            (time.GetUtcNow() - new DateTimeOffset(process.StartTime.ToUniversalTime())).TotalSeconds,
            process.WorkingSet64,
            ThreadPool.ThreadCount + ThreadPool.PendingWorkItemCount,
            counts.Repositories,
            counts.Events,
            looks.Total / repositories,
            looks.MeanMilliseconds,
            SentryMetrics.RequestCount,
            looks.ErrorRate,
            LeastLeft(sources, "github"),
            LeastLeft(sources, "gitlab"));
    }

    private static int? LeastLeft(RefSourceCatalog sources, string provider) =>
        sources.Limits.Where(limit => limit.Provider == provider && limit.State.Resource is null or "core").Min(limit => (int?)limit.State.Remaining);

    private static Dictionary<string, int> RepositoryCounts(PollWorker polling) =>
        polling.Repositories.Values.GroupBy(repository => repository.Status, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.Count(), StringComparer.Ordinal);
}

internal sealed record StatusAnswer(
    string Name,
    string Version,
    string State,
    DateTimeOffset StateSince,
    string? Reason,
    DateTimeOffset StartedAt,
    double UptimeSeconds,
    string Node,
    ConfigStanding Config,
    PollingStatus Polling,
    IReadOnlyDictionary<string, int> Repositories,
    FleetStanding Fleet,
    IReadOnlyList<DiscoveryStatus> Discovery,
    IReadOnlyList<TriggerView> Triggers,
    IReadOnlyList<BudgetStatus> Budgets,
    IReadOnlyDictionary<string, ComponentHealth> Components);

/// <param name="Strategy">adaptive or fixed.</param>
/// <param name="Budgets">What the looks of each credential may spend.</param>
internal sealed record PollingStatus(string Strategy, double IntervalSeconds, IReadOnlyList<PollingBudget> Budgets);

/// <param name="LooksPerSecond">Spent on looks.</param>
/// <param name="Available">Looks a second that the forge's limits leave; null where nobody counts.</param>
/// <param name="KeepsInterval">Whether polling.interval holds for everyone.</param>
/// <param name="LongestSeconds">Nobody waits longer.</param>
/// <param name="Way">single: each repository with a request of its own; batch: many with one; sweep: those that a list of pushes tells of.</param>
/// <param name="RequestsPerHour">Of looks that find nothing new.</param>
/// <param name="BlockedUntil">Until when nothing is asked with it, as its forge or its budget demands; null if nothing does.</param>
internal sealed record PollingBudget(string Credential, int Repositories, double LooksPerSecond, double? Available, bool KeepsInterval, double LongestSeconds, string Way, double RequestsPerHour, string Says, DateTimeOffset? BlockedUntil = null)
{
    public static PollingBudget Of(string credential, LookBudget budget, PollWorker polling, DateTimeOffset now)
    {
        var (wait, failing) = (polling.WaitOf(credential), polling.Repositories.Values.Count(repository => repository.FailedLooks > 0 && repository.Sources.Credential == credential));
        var says = budget.Explain(credential) + (failing > 0 ? string.Create(CultureInfo.InvariantCulture, $"; {failing} whose looks fail are tried beside them") : "");
        return new PollingBudget(
            credential, budget.Repositories, budget.Spent, double.IsInfinity(budget.Available) ? null : budget.Available, budget.KeepsInterval && wait is null, budget.Longest.TotalSeconds, budget.WayName, budget.RequestsPerHour,
            wait is null ? says : $"{wait}; else {says}", now + wait?.Left);
    }
}

/// <summary>An organization whose repositories are watched as they come and go.</summary>
/// <param name="Found">Repositories of the last complete listing.</param>
/// <param name="Watched">Those of them that are watched.</param>
/// <param name="ListedAt">When the last listing was complete; null before the first.</param>
/// <param name="Problem">Why the last listing failed, or is not believed yet; null if neither.</param>
/// <param name="Name">Provider and organization; with its number where one organization stands in several entries.</param>
internal sealed record DiscoveryStatus(string Name, string Provider, string Organization, int Found, int Watched, DateTimeOffset? ListedAt, DateTimeOffset? NextAt, string? Problem)
{
    public static DiscoveryStatus Of(DiscoveryConfig discovery, DiscoveryState state, SentryConfig config) => new(
        discovery.Key, discovery.Provider, discovery.Organization, state.Found, config.Repositories.Count(repository => repository.Discovery == discovery.Key), state.ListedAt, state.NextAt, state.Problem);
}

/// <summary>What a forge said of a credential's limit.</summary>
/// <param name="Resource">The forge's name of the limit, such as core or graphql; null where it has one only.</param>
internal sealed record BudgetStatus(string Credential, string Provider, string? Resource, int Limit, int Remaining, DateTimeOffset ResetsAt);

/// <summary>The brief's metrics structure.</summary>
/// <param name="GoroutineCount">Thread-pool threads and queued work.</param>
/// <param name="PollingCycles">Looks divided by repositories.</param>
/// <param name="ErrorRate">Share of looks that failed in the last five minutes.</param>
/// <param name="GithubRemaining">Of the credential with the least left; null without one.</param>
internal sealed record NumbersAnswer(
    double UptimeSeconds,
    long MemoryUsageBytes,
    long GoroutineCount,
    long RepositoryCount,
    long EventCount,
    long PollingCycles,
    double AvgPollingTimeMs,
    long ApiCallCount,
    double ErrorRate,
    int? GithubRemaining,
    int? GitlabRemaining);
