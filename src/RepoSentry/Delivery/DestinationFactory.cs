using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Delivery;

/// <summary>Makes what a trigger of the configuration stands for.</summary>
internal sealed class DestinationFactory(
    DeliveryStore store, TriggerHaltStore halts, Outbox outbox, Ownership ownership, LiveFeed feed, TimeProvider time, ILoggerFactory logs)
{
    public IReadOnlyList<Destination> MakeAll(SentryConfig config) => [.. config.Triggers.Select(trigger => Make(trigger, config))];

    public Destination Make(TriggerConfig trigger, SentryConfig config)
    {
        var destination = CreateTrigger(trigger, config);
        return new Destination(
            trigger, destination, new DeliveryWorker(trigger, Runner(trigger, destination), store, halts, outbox, ownership, time, logs.CreateLogger<DeliveryWorker>()));
    }

    /// <summary>The same worker, which sends elsewhere or otherwise from now on.</summary>
    /// <returns>Takes it over when it is called, for making it may fail.</returns>
    public Func<Destination> Remake(Destination before, TriggerConfig trigger, SentryConfig config)
    {
        var destination = CreateTrigger(trigger, config);
        var runner = Runner(trigger, destination);
        return () =>
        {
            before.Worker.Reconfigure(trigger, runner);
            return before with { Config = trigger, Trigger = destination };
        };
    }

    private AttemptRunner Runner(TriggerConfig trigger, ITrigger destination) => new(trigger, destination, store, feed, time, logs.CreateLogger<AttemptRunner>());

    // The table of destinations.
    private ITrigger CreateTrigger(TriggerConfig trigger, SentryConfig config) => trigger.Type switch
    {
        "tekton" => new TektonTrigger(trigger, Client(trigger, config), time),
        "webhook" => new WebhookTrigger(trigger, Client(trigger, config), time),
        "cloudevents" => new CloudEventsTrigger(trigger, Client(trigger, config), time),
        "exec" => new ExecTrigger(trigger, time),
        _ => throw new NotSupportedException($"trigger {trigger.Name}: type {trigger.Type} is not available in this version"),
    };

    private static HttpClient Client(TriggerConfig trigger, SentryConfig config) => OutboundHttp.CreateClient(config.Outbound() with { CaFile = trigger.CaFile });
}
