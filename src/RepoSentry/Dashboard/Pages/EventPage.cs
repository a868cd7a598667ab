using System.Text;
using System.Text.Json;
using RepoSentry.Api;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>One event: what moved, what was sent, what was answered, what Tekton made of it.</summary>
internal static class EventPage
{
    private const int DeliveriesShown = 20;

    public static void MapEventForms(this IEndpointRouteBuilder routes)
    {
        routes.Form("/events/{id}/replay", Role.Operator, "event.replay", ReplayAsync, v => LocalPath.With("/events/" + Uri.EscapeDataString(v.Id), "replayed"));
        routes.Form("/deliveries/{id:long}/retry", Role.Operator, "delivery.retry", RetryAsync, v => LocalPath.With("/events/" + Uri.EscapeDataString(v.Context.Items[EventKey] as string ?? ""), "retried"));
    }

    private const string EventKey = "dashboard.event";

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var result = await v.EventAsync(v.Id);
        if (!Answered.Is<EventView>(result, out var found))
        {
            return ProblemView.SheetOf(v, result);
        }

        var deliveries = new List<DeliveryAnswer>();
        foreach (var delivery in found.Deliveries.Reverse().Take(DeliveriesShown))
        {
            if (Answered.Is<DeliveryAnswer>(await v.DeliveryAsync(delivery.Id), out var answer))
            {
                deliveries.Add(answer);
            }
        }

        return new Sheet($"{found.Repository} {Parts.Show.Ref(found.Ref)}", "events", EventDetail.Of(v, found, deliveries));
    }

    private static async Task<IResult> ReplayAsync(Visit v)
    {
        var asked = new BulkRequest { Trigger = await v.FieldAsync("trigger") };
        return await RetryEndpoints.ReplayAsync(v.Id, asked, v.Get<RetryStore>(), v.Get<EventLog>(), v.Config, v.Ends);
    }

    private static async Task<IResult> RetryAsync(Visit v)
    {
        var id = long.Parse(v.Id, System.Globalization.CultureInfo.InvariantCulture);
        if (await v.Get<EventLog>().FindDeliveryAsync(id, 0, 1, v.Ends) is { } found)
        {
            v.Context.Items[EventKey] = found.Delivery.EventId;
        }

        return await RetryEndpoints.RetryOneAsync(id, v.Get<RetryStore>(), v.Get<EventLog>(), v.Config, v.Ends);
    }

    /// <summary>The request as a command. The address may hold a secret, and signatures are made for each attempt: neither is in it.</summary>
    public static string Curl(DeliveryAnswer delivery)
    {
        var text = new StringBuilder("curl -X POST \"$URL\"");
        if (delivery.Request.Headers is { ValueKind: JsonValueKind.Object } headers)
        {
            foreach (var header in headers.EnumerateObject())
            {
                text.Append(" \\\n  -H ").Append(Quote($"{header.Name}: {header.Value}"));
            }
        }

        return text.Append(" \\\n  --data-raw ").Append(Quote(delivery.Request.Body ?? "")).ToString();
    }

    public static EventMetadata? Metadata(EventView item) => item.Metadata.ValueKind == JsonValueKind.Object ? item.Metadata.Deserialize(StorageJson.Default.EventMetadata) : null;

    /// <summary>The forge's page that compares both commits; only an address of the web.</summary>
    public static string? WebLink(string? link) => Uri.TryCreate(link, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" ? url!.AbsoluteUri : null;

    public static string Pretty(string? body)
    {
        try
        {
            using var document = JsonDocument.Parse(body ?? "");
            return JsonSerializer.Serialize(document.RootElement, PrettyJson.Default.JsonElement);
        }
        catch (JsonException)
        {
            return body ?? "";
        }
    }

    // A quote within single quotes ends them, stands escaped, and begins them again.
    private static string Quote(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(WriteIndented = true)]
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class PrettyJson : System.Text.Json.Serialization.JsonSerializerContext;
