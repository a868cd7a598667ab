using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>One attempt of a trigger at a receiver on this machine, over real sockets.</summary>
internal sealed class HttpStory(Func<TriggerConfig, HttpClient, TimeProvider, ITrigger> create)
{
    public List<Arrival> Arrivals { get; } = [];

    public async Task<TriggerOutcome> SendAsync(Func<TriggerConfig, TriggerConfig> configure, ChangeEvent? change = null, int replay = 0, TimeProvider? time = null) =>
        (await SendAsync(configure, times: 1, change, replay, time))[0];

    /// <summary>One attempt after the other, by one client.</summary>
    public async Task<IReadOnlyList<TriggerOutcome>> SendAsync(Func<TriggerConfig, TriggerConfig> configure, int times, ChangeEvent? change = null, int replay = 0, TimeProvider? time = null)
    {
        await using var listener = await EventListener.StartAsync(new ReceiverOptions { Received = Arrivals.Add }, TestContext.Current.CancellationToken);
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = create(configure(Build.Trigger() with { Url = listener.Url }), http, time ?? TimeProvider.System);
        var message = trigger.Render(change ?? Pushes.Event());
        var outcomes = new List<TriggerOutcome>();
        foreach (var number in Enumerable.Range(1, times))
        {
            outcomes.Add(await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, message, number, replay), TestContext.Current.CancellationToken));
        }

        return outcomes;
    }
}
