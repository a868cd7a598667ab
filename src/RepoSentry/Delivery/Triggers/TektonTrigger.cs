using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Posts to a Tekton EventListener what the forge itself would have posted. 202 means only that a JSON object was read; its eventID is the receipt.</summary>
internal sealed class TektonTrigger(TriggerConfig config, HttpClient http, TimeProvider time) : ITrigger
{
    private readonly HttpSender sender = new(config, http, time);

    public TriggerMessage Render(ChangeEvent change) => PayloadFormats.Render(config.Format, change);

    public Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken) =>
        sender.SendAsync(attempt, config.Secret is { } secret ? Sign(attempt.Message, secret.Reveal()) : SignedHeaders.None, cancellationToken);

    // Over exactly the bytes that are sent.
    private static SignedHeaders Sign(TriggerMessage message, string secret)
    {
        if (message.Headers.ContainsKey("X-Gitlab-Event"))
        {
            return new SignedHeaders(new Dictionary<string, string> { ["X-Gitlab-Token"] = secret }, [secret]);
        }

        var key = Encoding.UTF8.GetBytes(secret);
        var hash = Convert.ToHexStringLower(HMACSHA256.HashData(key, message.Body));
        if (message.Headers.ContainsKey(BitbucketPayload.EventHeader))
        {
            return new SignedHeaders(new Dictionary<string, string> { ["X-Hub-Signature"] = "sha256=" + hash }, [secret, "sha256=" + hash]);
        }

        var headers = new Dictionary<string, string> { ["X-Hub-Signature-256"] = "sha256=" + hash };
        if (message.Headers.ContainsKey(GiteaPayload.EventHeader))
        {
            headers["X-Gitea-Signature"] = headers["X-Gogs-Signature"] = hash;
        }

        if (message.Headers.ContainsKey("X-GitHub-Event"))
        {
#pragma warning disable CA5350 // old EventListeners read the sha1 one; the strong one stands beside it
            headers["X-Hub-Signature"] = "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(key, message.Body));
#pragma warning restore CA5350
        }

        return new SignedHeaders(headers, [secret, .. headers.Values]);
    }
}
