using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Posts our own JSON, signed as https://www.standardwebhooks.com says, so that its libraries verify it.</summary>
internal sealed class WebhookTrigger(TriggerConfig config, HttpClient http, TimeProvider time) : ITrigger
{
    private readonly HttpSender sender = new(config, http, time);

    public TriggerMessage Render(ChangeEvent change) => NativePayload.Render(
        change, new(StringComparer.OrdinalIgnoreCase) { ["Content-Type"] = "application/json", ["webhook-id"] = change.Id.ToString() });

    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        var secret = config.Secret?.Reveal() ?? "";
        if (WebhookSecret.Keys(secret) is not { } keys)
        {
            return new TriggerOutcome.TryAgain("not sent: what follows whsec_ in the secret is not base64");
        }

        // Made for each attempt: receivers refuse a timestamp that is some minutes old.
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string> { ["webhook-timestamp"] = timestamp };
        string[] signatures = secret.Length == 0 ? [] : [.. keys.Select(key => WebhookSecret.Sign(key, attempt.Message.Headers["webhook-id"], timestamp, attempt.Message.Body))];
        if (signatures.Length > 0)
        {
            headers["webhook-signature"] = string.Join(' ', signatures);
        }

        return await sender.SendAsync(attempt, new SignedHeaders(headers, [secret, .. secret.Split(' '), .. signatures]), cancellationToken);
    }
}
