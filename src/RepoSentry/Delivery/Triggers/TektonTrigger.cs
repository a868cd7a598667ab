using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Posts to a Tekton EventListener what the forge itself would have posted. 202 means only that a JSON object was read; its eventID is the receipt.</summary>
internal sealed class TektonTrigger(TriggerConfig config, HttpClient http, TimeProvider time) : ITrigger
{
    public TriggerMessage Render(ChangeEvent change) => PayloadFormats.Render(config.Format, change);

    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var body = new TrackedContent(attempt.Message.Body);
        using var request = new HttpRequestMessage(HttpMethod.Post, config.Url) { Content = body };
        AddHeaders(request, body, attempt);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return await HttpOutcome.ReadAsync(response, time, both.Token);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new TriggerOutcome.TryAgain("cut by a stop of the service before the answer came") { Ambiguous = body.Sent };
        }
        catch (OperationCanceledException)
        {
            return new TriggerOutcome.TryAgain($"no answer within {config.Timeout.TotalSeconds:0.#} s") { Ambiguous = body.Sent };
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return new TriggerOutcome.TryAgain(HttpOutcome.Explain(e)) { Ambiguous = body.Sent };
        }
    }

    private void AddHeaders(HttpRequestMessage request, TrackedContent body, TriggerAttempt attempt)
    {
        foreach (var (name, value) in attempt.Message.Headers)
        {
            if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
            {
                body.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
            }
            else
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        if (attempt.Replay > 0)
        {
            request.Headers.TryAddWithoutValidation("X-RepoSentry-Replay", attempt.Replay.ToString(System.Globalization.CultureInfo.InvariantCulture));
        }

        if (config.Secret is { } secret)
        {
            Sign(request, attempt.Message, secret);
        }

        // The user's headers never double what we send.
        foreach (var (name, value) in config.Headers)
        {
            if (!request.Headers.Contains(name) && !body.Headers.Contains(name))
            {
                request.Headers.TryAddWithoutValidation(name, value.Reveal());
            }
        }
    }

    private static void Sign(HttpRequestMessage request, TriggerMessage message, Secret secret)
    {
        if (message.Headers.ContainsKey("X-Gitlab-Event"))
        {
            request.Headers.TryAddWithoutValidation("X-Gitlab-Token", secret.Reveal());
            return;
        }

        var key = Encoding.UTF8.GetBytes(secret.Reveal());
        request.Headers.TryAddWithoutValidation("X-Hub-Signature-256", "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, message.Body)));
#pragma warning disable CA5350 // old EventListeners read the sha1 one; the strong one stands beside it
        request.Headers.TryAddWithoutValidation("X-Hub-Signature", "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(key, message.Body)));
#pragma warning restore CA5350
    }
}
