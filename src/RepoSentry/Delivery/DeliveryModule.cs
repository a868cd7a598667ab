using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Delivery;

internal static class DeliveryModule
{
    public static IServiceCollection AddDelivery(this IServiceCollection services, SentryConfig config) => services
        .AddSingleton(provider => new Destinations(
            [.. config.Triggers.Select(trigger => new Destination(trigger, CreateTrigger(trigger, config, provider.GetRequiredService<TimeProvider>())))]))
        .AddSingleton(provider => new DeliveryWorkers([.. provider.GetRequiredService<Destinations>().All.Select(destination => CreateWorker(provider, destination))]))
        .AddSingleton(provider => new TriggerTest(
            provider.GetRequiredService<Destinations>(), config.Repositories, provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<TriggerTest>>()));

    private static DeliveryWorker CreateWorker(IServiceProvider provider, Destination destination)
    {
        var trigger = destination.Config;
        var store = provider.GetRequiredService<DeliveryStore>();
        var time = provider.GetRequiredService<TimeProvider>();
        var logs = provider.GetRequiredService<ILoggerFactory>();
        var runner = new AttemptRunner(
            trigger, destination.Trigger, store, provider.GetRequiredService<LiveFeed>(), time, logs.CreateLogger<AttemptRunner>());
        return new DeliveryWorker(
            trigger,
            runner,
            store,
            provider.GetRequiredService<TriggerHaltStore>(),
            provider.GetRequiredService<Outbox>(),
            provider.GetRequiredService<Ownership>(),
            time,
            logs.CreateLogger<DeliveryWorker>());
    }

    // The table of destinations.
    private static ITrigger CreateTrigger(TriggerConfig trigger, SentryConfig config, TimeProvider time) => trigger.Type switch
    {
        "tekton" => new TektonTrigger(trigger, Client(trigger, config), time),
        "webhook" => new WebhookTrigger(trigger, Client(trigger, config), time),
        "cloudevents" => new CloudEventsTrigger(trigger, Client(trigger, config), time),
        "exec" => new ExecTrigger(trigger, time),
        _ => throw new NotSupportedException($"trigger {trigger.Name}: type {trigger.Type} is not available in this version"),
    };

    private static HttpClient Client(TriggerConfig trigger, SentryConfig config) => OutboundHttp.CreateClient(config.Outbound() with { CaFile = trigger.CaFile });
}

/// <summary>The destination of each trigger, in the order of the configuration.</summary>
internal sealed record Destinations(IReadOnlyList<Destination> All);

internal sealed record Destination(TriggerConfig Config, ITrigger Trigger);

/// <summary>One worker for each trigger.</summary>
internal sealed class DeliveryWorkers(IReadOnlyList<DeliveryWorker> all) : IDisposable
{
    public IReadOnlyList<DeliveryWorker> All => all;

    public void Dispose()
    {
        foreach (var worker in all)
        {
            worker.Dispose();
        }
    }
}
