using System.Globalization;
using System.Net.Http.Headers;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Telemetry;

namespace RepoSentry.Delivery.Triggers;

/// <summary>One POST of what was rendered, and what came of it: the same for every destination that speaks HTTP.</summary>
internal sealed class HttpSender(TriggerConfig config, HttpClient http, TimeProvider time)
{
    private static readonly string UserAgent = "RepoSentry/" + ProductVersion.Text.Split('+')[0];

    /// <param name="signed">Headers made for this attempt alone, none of which is stored.</param>
    public async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, SignedHeaders signed, CancellationToken cancellationToken)
    {
        var clock = new RequestClock(time);
        var outcome = await SendAsync(attempt, signed, clock, cancellationToken);
        return outcome with { Phases = clock.Phases() };
    }

    private async Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, SignedHeaders signed, RequestClock clock, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var body = new TrackedContent(attempt.Message.Body);
        using var request = new HttpRequestMessage(HttpMethod.Post, config.Url) { Content = body };
        try
        {
            if (AddHeaders(request, attempt, signed) is { } unsendable)
            {
                return new TriggerOutcome.TryAgain($"not sent: the value of {unsendable} has a line break, which a header cannot carry");
            }

            clock.Attach(request);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, both.Token);
            clock.HeadersCame();
            return await HttpOutcome.ReadAsync(response, time, Secrets(signed), both.Token);
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

    /// <summary>Names of the headers that go with each attempt and are not stored, for a person; signatures of the format come to them.</summary>
    public static IEnumerable<string> Others(TriggerConfig config) => config.Headers.Keys.Prepend("User-Agent").Prepend("X-RepoSentry-Idempotency-Name").Distinct(StringComparer.OrdinalIgnoreCase);

    // The user's header values, and what the destination signed with.
    private string[] Secrets(SignedHeaders signed) => [.. signed.Secrets, .. config.Headers.Values.Select(value => value.Reveal())];

    /// <returns>Name of a header whose value cannot be sent; null if all is well.</returns>
    private string? AddHeaders(HttpRequestMessage request, TriggerAttempt attempt, SignedHeaders signed)
    {
        var headers = new Dictionary<string, string>(attempt.Message.Headers, StringComparer.OrdinalIgnoreCase)
        {
            ["X-RepoSentry-Idempotency-Name"] = attempt.IdempotencyName,
        };
        if (attempt.Replay > 0)
        {
            headers["X-RepoSentry-Replay"] = attempt.Replay.ToString(CultureInfo.InvariantCulture);
        }

        if (attempt.Test)
        {
            headers["X-RepoSentry-Test"] = "true";
        }

        foreach (var (name, value) in signed.Values)
        {
            headers[name] = value;
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
}

/// <param name="Values">Headers of this attempt alone.</param>
/// <param name="Secrets">What must not come back into logs and records: keys, and what was made of them.</param>
internal sealed record SignedHeaders(IReadOnlyDictionary<string, string> Values, IReadOnlyCollection<string> Secrets)
{
    public static SignedHeaders None { get; } = new(new Dictionary<string, string>(), []);
}
