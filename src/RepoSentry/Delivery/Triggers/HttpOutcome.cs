using System.Buffers;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery.Triggers;

/// <summary>What an HTTP answer means for a delivery: the same for every destination that speaks HTTP.</summary>
internal static class HttpOutcome
{
    /// <param name="secrets">What was sent and must not come back into logs and records: an answer may echo it.</param>
    public static async Task<TriggerOutcome> ReadAsync(HttpResponseMessage response, TimeProvider time, IReadOnlyCollection<string> secrets, CancellationToken cancellationToken)
    {
        var answer = AnswerText.Redact(await ReadAnswerAsync(response, cancellationToken), secrets);
        var status = (int)response.StatusCode;
        var reason = AnswerText.Redact(response.ReasonPhrase, secrets);
        return status switch
        {
            >= 200 and < 300 => new TriggerOutcome.Accepted(Receipt(answer)) { Status = status, Answer = answer },
            410 => new TriggerOutcome.GiveUp("410 Gone: the receiver is gone for good", Gone: true) { Status = status, Answer = answer },
            400 or 413 or 422 or 431 => new TriggerOutcome.GiveUp($"{status} {reason}: {Said(answer)}") { Status = status, Answer = answer },
            >= 300 and < 400 => new TriggerOutcome.TryAgain($"{status}: redirects are not followed; set the trigger's url to {AnswerText.Redact(Target(response), secrets)}") { Status = status, Answer = answer },
            _ => new TriggerOutcome.TryAgain($"{status} {reason}: {Said(answer)}", RetryAfter(response, time)) { Status = status, Answer = answer },
        };
    }

    /// <summary>A connection failure in the words of an operator.</summary>
    public static string Explain(Exception error) => error switch
    {
        HttpRequestException { HttpRequestError: HttpRequestError.NameResolutionError } => "the host name cannot be resolved: " + error.Message,
        HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } => "TLS failed: " + (error.InnerException?.Message ?? error.Message) + " (a private authority goes into ca_file)",
        // .NET would quote what came, and what came may echo a secret.
        HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError } => "the receiver does not answer in HTTP",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => "the receiver sends more headers than fit",
        HttpRequestException { HttpRequestError: HttpRequestError.ResponseEnded } => "the receiver closed the connection without an answer",
        _ => error.InnerException is { } inner and not HttpIOException && !error.Message.Contains(inner.Message, StringComparison.Ordinal) ? $"{error.Message} ({inner.Message})" : error.Message,
    };

    private static async Task<string?> ReadAnswerAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(AnswerText.Limit);
        var length = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            while (length < AnswerText.Limit && await stream.ReadAsync(buffer.AsMemory(length), cancellationToken) is var read and > 0)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException or OperationCanceledException)
        {
            // The status has come, and that decides: a cut or endless text after it changes nothing.
        }

        var answer = length == 0 ? null : Encoding.UTF8.GetString(buffer, 0, length);
        ArrayPool<byte>.Shared.Return(buffer);
        return answer;
    }

    private static string? Receipt(string? answer) => Field(answer, "eventID");

    private static string Said(string? answer) =>
        answer is null ? "no answer text" : AnswerText.OneLine(Field(answer, "errorMessage") is { Length: > 0 } message ? message : answer);

    private static string? Field(string? answer, string name)
    {
        if (answer is null || !answer.AsSpan().TrimStart().StartsWith("{"))
        {
            return null;
        }

        try
        {
            using var json = JsonDocument.Parse(answer);
            return json.RootElement.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null; // not JSON, or a string that holds half a surrogate pair
        }
    }

    private static string Target(HttpResponseMessage response) => response.Headers.Location?.ToString() ?? "its target";

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } => date > time.GetUtcNow() ? date - time.GetUtcNow() : TimeSpan.Zero,
        _ => null,
    };
}
