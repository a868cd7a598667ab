using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Polling.Discovery;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>The health of each component of the brief, by its name there. A forge or a trigger that fails makes the service degraded, never unready.</summary>
internal sealed class ComponentChecks(
    CurrentConfig current, SealsInUse seals, HealthRegistry health, Lifecycle lifecycle, OpenedDatabase database, PollWorker polling, DeliveryWorkers deliveries, DiscoveryBook book, TimeProvider time)
{
    public void Register()
    {
        health.Register("runtime", () => lifecycle.State is LifecycleState.Running or LifecycleState.Reloading ? ComponentHealth.Ok : ComponentHealth.Failing(lifecycle.Reason ?? $"{lifecycle.State}"));
        health.Register("storage", Storage);
        health.Register("poller", Poller);
        health.Register("trigger", Trigger);
        health.Register("config", Config);
        health.Register("api", () => ComponentHealth.Ok);
        health.Register("logger", () => ComponentHealth.Ok);
        health.RegisterMany(() =>
        [
            .. Credentials(),
            .. current.Value.Discovery.Select(discovery => ("discovery:" + discovery.Key, book.Of(discovery.Key).Problem is { } problem ? ComponentHealth.Degraded(problem) : ComponentHealth.Ok)),
        ]);
    }

    private ComponentHealth Storage() => database switch
    {
        { IsOpen: false } => ComponentHealth.Failing(lifecycle.Reason ?? "not open yet"),
        { WriteFailure: { } failure } => ComponentHealth.Failing(failure),
        _ => ComponentHealth.Ok,
    };

    private ComponentHealth Config() =>
        (current.Standing.Problem ?? seals.Problem(current.Value.Security.MasterKey is { } lines ? new MasterKey(lines) : null)) is { } problem ? ComponentHealth.Degraded(problem) : ComponentHealth.Ok;

    private ComponentHealth Poller()
    {
        var failing = polling.Repositories.Values.Count(repository => repository.FailedLooks > 0);
        return failing == 0 ? new ComponentHealth("ok", Loops()) : ComponentHealth.Degraded($"{failing} of {polling.Repositories.Count} repositories cannot be looked at");
    }

    // Worth a notice; the service itself is well.
    private string? Loops()
    {
        var now = time.GetUtcNow();
        var notices = polling.Repositories.Values.SelectMany(repository => repository.Loops.Notices(now).Select(notice => $"{repository.Config.Name}: {notice}")).ToList();
        return notices.Count == 0 ? null : string.Join("; ", notices.Take(5)) + (notices.Count > 5 ? $"; and {notices.Count - 5} more" : "");
    }

    private ComponentHealth Trigger()
    {
        var halted = deliveries.All.Where(worker => worker.View.State != "running").Select(worker => $"{worker.Name}: {worker.View.Reason}").ToList();
        return halted.Count == 0 ? ComponentHealth.Ok : ComponentHealth.Degraded(string.Join("; ", halted));
    }

    private IEnumerable<(string Name, ComponentHealth Health)> Credentials()
    {
        var own = polling.Repositories.Values.ToLookup(repository => repository.Config.Provider, StringComparer.Ordinal);
        return current.Value.Providers.Select(provider => ("git:" + provider.Name, Credential([.. own[provider.Name]])));
    }

    private static ComponentHealth Credential(List<PolledRepository> own)
    {
        var failing = own.Count(repository => repository.FailedLooks > 0);
        var unseen = own.FirstOrDefault(repository => repository.PullRequestsUnseen is not null);
        return failing > 0 ? ComponentHealth.Degraded($"{failing} of {own.Count} repositories fail")
            : unseen is not null ? ComponentHealth.Degraded($"{own.Count(repository => repository.PullRequestsUnseen is not null)} of {own.Count}, {unseen.Config.Name} for one: {unseen.PullRequestsUnseen}")
            : ComponentHealth.Ok;
    }
}
