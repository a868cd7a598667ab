using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli;

/// <summary>The way of a push: seen, recorded, sent, taken; or where it broke off, and why.</summary>
internal static class TraceCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "A commit (7 characters or more), an event's id, or the eventID of an EventListener" };
        return new Command("trace", "Follow a push through poll, event and attempts to the receiver's id, and say where it broke off") { id }.Does(async (result, client, printer, token) =>
        {
            var events = (await client.GetAsync($"/api/v1/trace/{Uri.EscapeDataString(result.GetValue(id)!)}", token)).GetProperty("items").EnumerateArray().ToList();
            if (!printer.IsText)
            {
                printer.List(events, item => item.Text("id"));
                return;
            }

            foreach (var (index, item) in events.Index())
            {
                printer.Line(index == 0 ? "" : "\n");
                await ShowAsync(item, client, printer, token);
            }
        }).AsClient();
    }

    private static async Task ShowAsync(JsonElement item, ApiClient client, Printer printer, CancellationToken cancellationToken)
    {
        var detected = item.GetProperty("created_at").GetDateTimeOffset();
        var delay = item.GetProperty("metadata") is { ValueKind: JsonValueKind.Object } metadata ? metadata.Text("detection_delay_seconds") : "";
        printer.Line($"{item.Text("repository")} {item.Text("ref")}: {item.Text("type")} {item.Sha("before")} -> {item.Sha("commit_sha")}");
        printer.Line($"{detected:yyyy-MM-dd HH:mm:ss.fff}Z  poll      saw it{(double.TryParse(delay, CultureInfo.InvariantCulture, out var seconds) ? string.Create(CultureInfo.InvariantCulture, $", at most {seconds:0.0} s after the push") : "")}");
        printer.Line($"{At(detected, detected)}  event     {item.Text("id")}");
        var deliveries = item.GetProperty("deliveries").EnumerateArray().ToList();
        foreach (var delivery in deliveries)
        {
            await ShowAttemptsAsync(delivery, detected, client, printer, cancellationToken);
        }

        foreach (var outcome in item.TryGetProperty("outcomes", out var outcomes) ? outcomes.EnumerateArray().Where(outcome => outcome.Text("state") != "accepted") : [])
        {
            printer.Line($"{"",24}  tekton    {Printer.Safe(outcome.Text("summary"))}");
        }

        printer.Line(deliveries.Count == 0 ? EventCommand.Skipped(item) is { Length: > 0 } rule ? $"it ended here, by {rule} (event replay {item.Text("id")} sends it all the same)"
            : "it ended here: no trigger wants this type of event of this repository (repo explain tells why)" : Verdict(item, deliveries));
    }

    private static async Task ShowAttemptsAsync(JsonElement delivery, DateTimeOffset detected, ApiClient client, Printer printer, CancellationToken cancellationToken)
    {
        var detail = await client.GetAsync($"/api/v1/deliveries/{delivery.Text("id")}?limit=100", cancellationToken);
        var trigger = delivery.Text("trigger");
        foreach (var attempt in detail.GetProperty("attempts").GetProperty("items").EnumerateArray())
        {
            var started = attempt.GetProperty("started_at").GetDateTimeOffset();
            var took = double.TryParse(attempt.Text("duration_ms"), CultureInfo.InvariantCulture, out var milliseconds) ? string.Create(CultureInfo.InvariantCulture, $" in {milliseconds:0} ms") : "";
            var why = attempt.Text("error") is { Length: > 0 } error ? ": " + error : "";
            printer.Line($"{At(started, detected)}  attempt   {trigger} #{attempt.Text("number")}: {attempt.Text("outcome")}{(attempt.Text("http_status") is { Length: > 0 } status ? $" ({status})" : "")}{took}{why}");
        }

        if (delivery.Text("receipt_id") is { Length: > 0 } receipt)
        {
            var finished = delivery.Text("finished_at").Length > 0 ? delivery.GetProperty("finished_at").GetDateTimeOffset() : detected;
            printer.Line($"{At(finished, detected)}  receiver  {trigger} gave it the eventID {receipt}");
        }
    }

    private static string Verdict(JsonElement item, List<JsonElement> deliveries)
    {
        var broken = deliveries.Where(delivery => delivery.Text("status") != "delivered").ToList();
        return broken.Count == 0
            ? $"arrived at {string.Join(", ", deliveries.Select(delivery => delivery.Text("trigger")))}"
            : string.Join("; ", broken.Select(delivery => delivery.Text("status") switch
            {
                "waiting" or "in_flight" => $"on its way to {delivery.Text("trigger")}, {delivery.Text("attempts")} attempts so far{Because(delivery)}",
                "dead" => $"it ended at {delivery.Text("trigger")}{Because(delivery)} (delivery retry {delivery.Text("id")} tries again)",
                var status => $"{status} at {delivery.Text("trigger")}{Because(delivery)}",
            })) + (item.Text("error_message") is { Length: > 0 } error ? $" [{error}]" : "");
    }

    private static string Because(JsonElement delivery) => delivery.Text("last_error") is { Length: > 0 } error ? ": " + error : "";

    private static string At(DateTimeOffset time, DateTimeOffset start) => string.Create(CultureInfo.InvariantCulture, $"+{(time - start).TotalSeconds:0.000}s").PadLeft(24);
}
