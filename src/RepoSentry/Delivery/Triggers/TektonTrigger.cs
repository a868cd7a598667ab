using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Telemetry;

namespace RepoSentry.Delivery.Triggers;

/// <summary>Posts to a Tekton EventListener what the forge itself would have posted. 202 means only that a JSON object was read; its eventID is the receipt.</summary>
internal sealed class TektonTrigger(TriggerConfig config, HttpClient http, TimeProvider time) : ITrigger
{
    private static readonly string[] SecretHeaders = ["X-Hub-Signature-256", "X-Hub-Signature", "X-Gitlab-Token"];
    private static readonly string UserAgent = "RepoSentry/" + ProductVersion.Text.Split('+')[0];

    public TriggerMessage Render(ChangeEvent change) => PayloadFormats.Render(config.Format, change);

    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var body = new TrackedContent(attempt.Message.Body);
        using var request = new HttpRequestMessage(HttpMethod.Post, config.Url) { Content = body };
        try
        {
            if (AddHeaders(request, attempt) is { } unsendable)
            {
                return new TriggerOutcome.TryAgain($"not sent: the value of {unsendable} has a line break, which a header cannot carry");
            }

            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            return await HttpOutcome.ReadAsync(response, time, Secrets(request), both.Token);
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

    // The secret, the user's header values, and the signatures made of this body.
    private string[] Secrets(HttpRequestMessage request) =>
    [
        .. config.Secret is { } secret ? [secret.Reveal()] : Array.Empty<string>(),
        .. config.Headers.Values.Select(value => value.Reveal()),
        .. SecretHeaders.Where(request.Headers.Contains).SelectMany(request.Headers.GetValues),
    ];

    /// <returns>Name of a header whose value cannot be sent; null if all is well.</returns>
    private string? AddHeaders(HttpRequestMessage request, TriggerAttempt attempt)
    {
        var headers = new Dictionary<string, string>(attempt.Message.Headers, StringComparer.OrdinalIgnoreCase)
        {
            ["X-RepoSentry-Idempotency-Name"] = attempt.IdempotencyName,
        };
        if (attempt.Replay > 0)
        {
            headers["X-RepoSentry-Replay"] = attempt.Replay.ToString(CultureInfo.InvariantCulture);
        }

        if (config.Secret is { } secret)
        {
            Sign(headers, attempt.Message.Body, secret.Reveal());
        }

        // The user's headers never double what we send.
        foreach (var (name, value) in config.Headers)
        {
            headers.TryAdd(name, value.Reveal());
        }

        headers.TryAdd("User-Agent", UserAgent);
        foreach (var (name, value) in headers)
        {
            if (value.AsSpan().ContainsAny('\r', '\n', '\0'))
            {
                return name;
            }

            Add(request, name, value);
        }

        return null;
    }

    private static void Add(HttpRequestMessage request, string name, string value)
    {
        if (name.Equals("Content-Type", StringComparison.OrdinalIgnoreCase))
        {
            request.Content!.Headers.ContentType = MediaTypeHeaderValue.Parse(value);
        }
        else
        {
            // Other headers of the content, such as an encoding that the bytes do not have, are refused here and so never sent.
            request.Headers.TryAddWithoutValidation(name, value);
        }
    }

    // Over exactly the bytes that are sent.
    private static void Sign(Dictionary<string, string> headers, byte[] body, string secret)
    {
        if (headers.ContainsKey("X-Gitlab-Event"))
        {
            headers["X-Gitlab-Token"] = secret;
            return;
        }

        var key = Encoding.UTF8.GetBytes(secret);
        headers["X-Hub-Signature-256"] = "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body));
        if (headers.ContainsKey("X-GitHub-Event"))
        {
#pragma warning disable CA5350 // old EventListeners read the sha1 one; the strong one stands beside it
            headers["X-Hub-Signature"] = "sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(key, body));
#pragma warning restore CA5350
        }
    }
}
