using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Cli.Receiver;

/// <summary>Prints arrivals, each as one piece however many come at once. Secrets and signatures are never printed.</summary>
internal sealed class ArrivalPrint(TextWriter output, TimeProvider time, bool withBody)
{
    private static readonly string[] EventHeaders = ["X-Gitlab-Event", "X-GitHub-Event", "X-Event-Key", "ce-type"];
    private static readonly string[] DeliveryHeaders = ["X-GitHub-Delivery", "X-Gitlab-Event-UUID", "X-Request-UUID", "X-Request-Id", "ce-id"];
    private static readonly JsonWriterOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly JsonWriterOptions Indented = Readable with { Indented = true };

    private readonly Lock gate = new();

    public void Text(Arrival arrival)
    {
        var fields = Fields.Of(arrival);
        var block = new StringBuilder();
        block.Append(CultureInfo.InvariantCulture, $"{time.GetLocalNow():HH:mm:ss} {arrival.Method} {Shown(arrival.Path)} -> {arrival.Status}\n");
        Line(block, "event", fields.Event, fields.Delivery);
        Line(block, "ref", fields.Ref, fields.Before is null ? null : $"{Short(fields.Before)}..{Short(fields.After)}");
        Line(block, arrival.Verdict.Passes ? "passes" : "FAILS", $"{arrival.Verdict.Interceptor}: {arrival.Verdict.Reason}", null);
        Line(block, "eventID", arrival.EventId, null);
        if (withBody)
        {
            block.Append(PrintedBody(arrival.Body)).Append('\n');
        }

        Print(block.Append('\n').ToString());
    }

    public void Json(Arrival arrival)
    {
        var fields = Fields.Of(arrival);
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Readable))
        {
            json.WriteStartObject();
            json.WriteString("time", time.GetUtcNow());
            json.WriteString("method", arrival.Method);
            json.WriteString("path", arrival.Path);
            json.WriteNumber("status", arrival.Status);
            json.WriteString("event", fields.Event);
            json.WriteString("delivery", fields.Delivery);
            json.WriteString("ref", fields.Ref);
            json.WriteString("before", fields.Before);
            json.WriteString("after", fields.After);
            json.WriteString("interceptor", arrival.Verdict.Interceptor);
            json.WriteBoolean("passes", arrival.Verdict.Passes);
            json.WriteString("reason", arrival.Verdict.Reason);
            json.WriteString("event_id", arrival.EventId);
            if (withBody)
            {
                json.WritePropertyName("body");
                WriteBody(json, arrival.Body);
            }

            json.WriteEndObject();
        }

        Print(Encoding.UTF8.GetString(buffer.WrittenSpan) + "\n");
    }

    private void Print(string text)
    {
        lock (gate)
        {
            output.Write(text);
            output.Flush();
        }
    }

    private static void Line(StringBuilder block, string name, string? value, string? more)
    {
        if (value is not null)
        {
            block.Append(CultureInfo.InvariantCulture, $"  {name,-8}{Shown(value)}{(more is null ? "" : " " + Shown(more))}\n");
        }
    }

    private static string PrintedBody(byte[] body)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, Indented))
        {
            WriteBody(json, body);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    // What is not JSON stands as one string, so that no byte of it reaches a terminal raw.
    private static void WriteBody(Utf8JsonWriter json, byte[] body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            document.RootElement.WriteTo(json);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            json.WriteStringValue(Encoding.UTF8.GetString(body));
        }
    }

    private static string Shown(string text) => SafeText.Of(text);

    private static string? Short(string? commit) => commit is { Length: > 12 } ? commit[..12] : commit;

    /// <summary>What a reader looks for first, whichever forge's shape it has.</summary>
    private sealed record Fields(string? Event, string? Delivery, string? Ref, string? Before, string? After)
    {
        public static Fields Of(Arrival arrival)
        {
            var (name, delivery) = (First(arrival, EventHeaders), First(arrival, DeliveryHeaders));
            try
            {
                using var json = JsonDocument.Parse(arrival.Body);
                return new Fields(
                    name,
                    delivery,
                    Find(json.RootElement, "ref") ?? Find(json.RootElement, "branch", "ref") ?? arrival.Headers.GetValueOrDefault("ce-subject"),
                    Find(json.RootElement, "before") ?? Find(json.RootElement, "previous_commit", "sha"),
                    Find(json.RootElement, "after") ?? Find(json.RootElement, "commit", "sha") ?? Find(json.RootElement, "pull_request", "head", "sha") ?? Find(json.RootElement, "object_attributes", "last_commit", "id"));
            }
            catch (Exception e) when (e is JsonException or InvalidOperationException)
            {
                return new Fields(name, delivery, null, null, null);
            }
        }

        private static string? First(Arrival arrival, string[] headers) => headers.Select(header => arrival.Headers.GetValueOrDefault(header)).FirstOrDefault(value => value is not null);

        private static string? Find(JsonElement element, params ReadOnlySpan<string> path)
        {
            foreach (var name in path)
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                {
                    return null;
                }
            }

            return element.ValueKind == JsonValueKind.String ? element.GetString() : null;
        }
    }
}
