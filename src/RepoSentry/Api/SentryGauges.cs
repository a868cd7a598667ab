using System.Diagnostics.Metrics;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Telemetry;

namespace RepoSentry.Api;

/// <summary>The instruments that are read when somebody looks.</summary>
internal sealed class SentryGauges
{
    public SentryGauges(SentryConfig config, PollWorker polling, DeliveryWorkers deliveries, TimeProvider time, IMeterFactory meters)
    {
        var meter = meters.Create(SentryMetrics.MeterName);
        meter.CreateObservableGauge(
            "reposentry_delivery_backlog",
            () => deliveries.All.Select(worker => Of(worker.View.Backlog, "trigger", worker.Name)),
            description: "Deliveries that are not finished.");
        meter.CreateObservableGauge(
            "reposentry_oldest_undelivered",
            () => deliveries.All.Select(worker => Of(worker.View.OldestCreatedAt is { } at ? (time.GetUtcNow() - at).TotalSeconds : 0, "trigger", worker.Name)),
            "s",
            "Age of the oldest delivery that is not finished.");
        meter.CreateObservableGauge(
            "reposentry_repositories",
            () => polling.Repositories.Values.GroupBy(repository => repository.Status, StringComparer.Ordinal).Select(group => Of(group.Count(), "status", group.Key)),
            description: "Repositories watched, by status.");
        meter.CreateObservableGauge(
            "reposentry_polling_interval_kept",
            () => polling.Budgets.Select(one => Of(one.Value.KeepsInterval && polling.WaitOf(one.Key) is null ? 1 : 0, "credential", one.Key)),
            description: "Whether the budget of a credential covers polling.interval (1), or its looks are spread up to polling.max_interval, or wait as the forge asked (0).");
        meter.CreateObservableGauge("reposentry_build_info", () => Of(1, "version", ProductVersion.Text), description: "Always 1; the label tells the build.");
        if (config.Telemetry.MetricsPerRepository)
        {
            meter.CreateObservableGauge(
                "reposentry_repository_last_look_age",
                () => polling.Repositories.Values.Where(repository => repository.LastLookedAt is not null)
                    .Select(repository => Of((time.GetUtcNow() - repository.LastLookedAt!.Value).TotalSeconds, "repository", repository.Config.Name)),
                "s",
                "Time since the last look that counted, for each repository (telemetry.metrics_per_repository).");
        }
    }

    private static Measurement<T> Of<T>(T value, string label, string of)
        where T : struct => new(value, new KeyValuePair<string, object?>(label, of));
}
