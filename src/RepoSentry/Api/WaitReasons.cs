using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Api;

/// <summary>Why a delivery is not where it shall go yet, in one sentence: the state of its trigger as <c>GET /triggers</c> has it, then what goes before it, then its own last attempt.</summary>
internal sealed class WaitReasons(DeliveryWorkers workers, EventLog log, Lifecycle lifecycle, TimeProvider time)
{
    public async Task<EventView> AddToAsync(EventView item, CancellationToken cancellationToken)
    {
        var deliveries = new List<DeliveryView>();
        foreach (var delivery in item.Deliveries)
        {
            deliveries.Add(await AddToAsync(delivery, cancellationToken));
        }

        return item with { Deliveries = deliveries };
    }

    public async Task<DeliveryView> AddToAsync(DeliveryView delivery, CancellationToken cancellationToken) =>
        delivery.Status is DeliveryStatus.Waiting or DeliveryStatus.InFlight ? delivery with { Waits = await OfAsync(delivery, cancellationToken) } : delivery;

    private async Task<string> OfAsync(DeliveryView delivery, CancellationToken cancellationToken)
    {
        if (delivery.Status == DeliveryStatus.InFlight)
        {
            return $"attempt {delivery.Attempts} is under way";
        }

        if (workers.Destinations.FirstOrDefault(destination => destination.Config.Name == delivery.Trigger) is not { } destination)
        {
            return $"the configuration no longer has trigger {delivery.Trigger}: it becomes a dead letter";
        }

        return lifecycle.State == LifecycleState.Stopping ? "the service is stopping: it is sent after the next start"
            : Halted(destination.Worker.View) ?? await BehindAsync(delivery, destination.Config, cancellationToken) ?? Tried(delivery) ?? Turn(destination);
    }

    private static string? Halted(TriggerView trigger) => trigger.State switch
    {
        "paused" => $"the trigger is paused ({trigger.Reason}): it is sent when somebody resumes it",
        "open" => $"the breaker is open, {trigger.Reason}; a probe goes every {Breaker.ProbeEvery.TotalSeconds:0} s, and what waits follows the first that arrives",
        _ => null,
    };

    // Where only the newest counts nothing but what is under way goes before it.
    private async Task<string?> BehindAsync(DeliveryView delivery, TriggerConfig trigger, CancellationToken cancellationToken)
    {
        if (await log.FindAheadAsync(delivery.Id, cancellationToken) is not { } ahead || (trigger.Coalesce == "latest" && ahead.Status != DeliveryStatus.InFlight))
        {
            return null;
        }

        var first = ahead.Status == DeliveryStatus.InFlight ? "it is being sent" : Tried(ahead.Attempts, ahead.LastError, ahead.NextAttemptAt) ?? "it is about to be sent";
        var which = ahead.Count == 1 ? "one older event of this ref goes first" : $"{ahead.Count} older events of this ref go first; of the oldest";
        return $"{which}: {first}";
    }

    private string? Tried(DeliveryView delivery) => Tried(delivery.Attempts, delivery.LastError, delivery.NextAttemptAt);

    private string? Tried(int attempts, string? error, DateTimeOffset? next) =>
        attempts == 0 || error is null ? null : $"attempt {attempts} failed ({error}); the next one {(next is { } at && at > time.GetUtcNow() ? $"is at {at.UtcDateTime:u}" : "is due")}";

    private static string Turn(Destination destination)
    {
        var (view, config) = (destination.Worker.View, destination.Config);
        return config.MaxInFlight > 0 && view.InFlight >= config.MaxInFlight ? $"as many others are being sent as max_in_flight allows: {view.InFlight}"
            : view.Backlog > 1 && config.RequestsPerSecond > 0 ? FormattableString.Invariant($"it is one of {view.Backlog} that take their turn, {config.RequestsPerSecond:0.##} a second (requests_per_second)")
            : "it is about to be sent";
    }
}
