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
    private const int AttemptsShown = 20;

    public static void MapEventForms(this IEndpointRouteBuilder routes)
    {
        routes.Form("/events/{id}/replay", Role.Operator, "event.replay", ReplayAsync, v => LocalPath.With("/events/" + Uri.EscapeDataString(v.Id), Said(v, "replayed")));
        routes.Form("/deliveries/{id:long}/retry", Role.Operator, "delivery.retry", RetryAsync, v => LocalPath.With("/events/" + Uri.EscapeDataString(v.Context.Items[EventKey] as string ?? ""), Said(v, "retried")));
    }

    private const string EventKey = "dashboard.event";
    private const string TriggersKey = "dashboard.triggers";

    public static async Task<Sheet> LoadAsync(Visit v)
    {
        var result = await v.EventAsync(v.Id);
        if (!Answered.Is<EventView>(result, out var found))
        {
            return ProblemView.SheetOf(v, result);
        }

        var newest = Urgency.Newest(found);
        var all = newest.Concat(found.Deliveries.Reverse().Except(newest)).ToList();
        var asked = v.Query("delivery");
        var shown = asked is null ? all.Take(DeliveriesShown).ToList() : all.FindAll(delivery => Paging.Key(delivery.Id) == asked);
        if (asked is not null && shown.Count == 0)
        {
            return ProblemView.SheetOf(v, Api.Problems.NotFound($"Event {found.Id} has no delivery {asked}."));
        }

        var deliveries = new List<DeliveryAnswer>();
        foreach (var delivery in shown)
        {
            result = await v.DeliveryAsync(delivery.Id, asked is null ? v.Beside($"?limit={AttemptsShown}") : v.Context);
            if (!Answered.Is<DeliveryAnswer>(result, out var answer))
            {
                return ProblemView.SheetOf(v, result);
            }

            deliveries.Add(answer);
        }

        var model = new EventModel(found, deliveries, asked is null ? all[shown.Count..] : [], asked is not null);
        return new Sheet($"{found.Repository} {Parts.Show.Ref(found.Ref)}", "events", EventDetail.Of(v, model));
    }

    /// <summary>Its page, or the one that shows one delivery with all its attempts.</summary>
    public static string Path(EventView item, long? delivery = null) => $"/events/{Uri.EscapeDataString(item.Id)}{(delivery is null ? "" : $"?delivery={delivery}")}";

    private static async Task<IResult> ReplayAsync(Visit v)
    {
        var asked = new BulkRequest { Trigger = await v.FieldAsync("trigger") };
        v.Context.Items[TriggersKey] = asked.Trigger is { } one ? [one] : (await v.Get<EventLog>().FindEventAsync(v.Id, v.Ends))?.Deliveries.Select(delivery => delivery.Trigger).ToArray();
        return await RetryEndpoints.ReplayAsync(v.Id, asked, v.Get<RetryStore>(), v.Get<EventLog>(), v.Config, v.Ends);
    }

    private static async Task<IResult> RetryAsync(Visit v)
    {
        var id = long.Parse(v.Id, System.Globalization.CultureInfo.InvariantCulture);
        if (await v.Get<EventLog>().FindDeliveryAsync(id, null, 1, newestFirst: false, v.Ends) is { } found)
        {
            v.Context.Items[EventKey] = found.Delivery.EventId;
            v.Context.Items[TriggersKey] = new[] { found.Delivery.Trigger };
        }

        return await RetryEndpoints.RetryOneAsync(id, v.Get<RetryStore>(), v.Get<EventLog>(), v.Config, v.Ends);
    }

    // What goes to a trigger that sends nothing now is not on its way: the word says what it waits for.
    private static string Said(Visit v, string done)
    {
        var concerned = v.Context.Items[TriggersKey] as string[] ?? [];
        var states = v.Triggers().Where(trigger => concerned.Contains(trigger.Name, StringComparer.Ordinal)).Select(trigger => trigger.State).Distinct(StringComparer.Ordinal).ToList();
        return states is ["paused" or "open"] ? $"{done}-{states[0]}" : states.Exists(state => state != "running") ? done + "-some" : done;
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

/// <param name="Deliveries">The newest to each trigger first, the urgent ones before the others; each with its newest attempts.</param>
/// <param name="Others">Older ones, which have pages of their own.</param>
/// <param name="IsOne">Only one delivery is shown; the page's cursor is that of its attempts.</param>
internal sealed record EventModel(EventView Event, IReadOnlyList<DeliveryAnswer> Deliveries, IReadOnlyList<DeliveryView> Others, bool IsOne)
{
    public IReadOnlyList<DeliveryView> Newest => Urgency.Newest(Event);

    /// <summary>When its last attempt began; null before the first, and on a page that does not show its newest ones.</summary>
    public DateTimeOffset? SentAt(DeliveryView delivery) =>
        Deliveries.FirstOrDefault(answer => answer.Delivery.Id == delivery.Id)?.Attempts.Items is [{ Number: var number, StartedAt: var at }, ..] && number == delivery.Attempts ? at : null;
}

[System.Text.Json.Serialization.JsonSourceGenerationOptions(WriteIndented = true)]
[System.Text.Json.Serialization.JsonSerializable(typeof(JsonElement))]
internal sealed partial class PrettyJson : System.Text.Json.Serialization.JsonSerializerContext;
