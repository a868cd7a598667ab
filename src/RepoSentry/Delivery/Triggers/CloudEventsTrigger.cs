using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Posts CloudEvents 1.0, in binary or structured mode. Who may send is told by the trigger's own headers.</summary>
internal sealed class CloudEventsTrigger(TriggerConfig config, HttpClient http, TimeProvider time) : ITrigger
{
    private readonly HttpSender sender = new(config, http, time);

    public TriggerMessage Render(ChangeEvent change) =>
        config.Mode == "structured" ? CloudEventsPayload.RenderStructured(change) : CloudEventsPayload.Render(change);

    public Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken) =>
        sender.SendAsync(attempt, SignedHeaders.None, cancellationToken);
}
