using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>Deliveries: each attempt with what was sent and answered.</summary>
internal static class DeliveryCommand
{
    public static Command Create()
    {
        var id = new Argument<long>("id") { Description = "Number of the delivery" };
        var trigger = new Option<string?>("--trigger") { Description = "Only to this trigger" }.Names("triggers");
        var status = new Option<string?>("--status") { Description = "Only with this status: waiting, in_flight, delivered, dead, superseded, cancelled" }.OneOf("waiting", "in_flight", "delivered", "dead", "superseded", "cancelled");
        var repository = new Option<string?>("--repository", "--repo") { Description = "Only of this repository" }.Names("repositories");
        var since = new Option<string?>("--since") { Description = "Only since then: a time, or a span such as 2h" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say how many it would be" };
        var given = new Argument<long?>("id") { Description = "Number of the delivery; without it, options choose", Arity = ArgumentArity.ZeroOrOne };
        var dead = new Option<string?>("--status") { Description = "dead (the default) or superseded" }.OneOf("dead", "superseded");
        var limit = new Option<int>("--limit") { Description = "At most so many", DefaultValueFactory = _ => 50 };
        return new Command("delivery", "Deliveries: what was sent to whom, and each attempt")
        {
            new Command("list", "Deliveries, newest first") { trigger, status, repository, limit }.Does(async (result, client, printer, token) => List(
                await client.ListAsync(
                    "/api/v1/deliveries",
                    [("trigger", result.GetValue(trigger)), ("status", result.GetValue(status)), ("repository", result.GetValue(repository))],
                    result.GetValue(limit),
                    token),
                printer)),
            new Command("show", "One delivery: what was sent, and each attempt") { id }.Does(async (result, client, printer, token) =>
                Show(await client.GetAsync($"/api/v1/deliveries/{result.GetValue(id)}", token), printer)),
            new Command("retry", "Try dead letters again, at once and out of order") { given, trigger, dead, repository, since, dryRun }.Orders((result, client, printer, token) => RetryAsync(
                result.GetValue(given),
                [("trigger", result.GetValue(trigger)), ("status", result.GetValue(dead)), ("repository", result.GetValue(repository)), ("since", Spans.ToTime(result.GetValue(since)))],
                result.GetValue(dryRun),
                client,
                printer,
                token)),
        }.AsClient();
    }

    public static void List(IReadOnlyList<JsonElement> deliveries, Printer printer) => printer.List(
        deliveries,
        item => item.Text("id"),
        new Column("DELIVERY", item => item.Text("id")),
        new Column("TRIGGER", item => item.Text("trigger")),
        new Column("STATUS", item => item.Text("status") + (item.Text("replay") is not ("" or "0") and var number ? $" (replay {number})" : "")),
        new Column("ATTEMPTS", item => item.Text("attempts")),
        new Column("ANSWER", item => item.Text("last_status")),
        new Column("NEXT", item => item.Ago("next_attempt_at")),
        new Column("REPOSITORY", item => item.Text("repository")),
        new Column("REF", item => item.Text("ref")),
        new Column("RECEIPT", item => item.Text("receipt_id"), Wide: true),
        new Column("ERROR", item => item.Text("last_error")));

    private static async Task RetryAsync(long? id, (string Name, object? Value)[] filter, bool dryRun, ApiClient client, Printer printer, CancellationToken cancellationToken)
    {
        if (id is null && filter.All(field => field.Value is null))
        {
            throw new ClientException(ExitCode.Usage, "name a delivery, or choose by --trigger, --repository, --status or --since (--since 365d is all of them)");
        }

        if (id is not null && (dryRun || filter.Any(field => field.Value is not null)))
        {
            throw new ClientException(ExitCode.Usage, "either a delivery or options that choose: `delivery show` tells of one");
        }

        var answer = id is { } one
            ? await client.PostAsync($"/api/v1/deliveries/{one}/retry", cancellationToken)
            : await client.PostAsync("/api/v1/deliveries/retry", [.. filter, ("dry_run", dryRun)], cancellationToken);
        printer.Outcome(answer, $"{answer.Text("retried")} {(dryRun ? "deliveries would be" : "deliveries are")} tried again");
    }

    private static void Show(JsonElement item, Printer printer)
    {
        var delivery = item.GetProperty("delivery");
        printer.One(
            item,
            delivery.Text("id"),
            ("Delivery", delivery.Text("id")),
            ("Event", delivery.Text("event_id")),
            ("Trigger", delivery.Text("trigger")),
            ("Status", delivery.Text("status")),
            ("Replay", delivery.Text("replay") == "0" ? "" : delivery.Text("replay")),
            ("Error", delivery.Text("last_error")),
            ("Receipt", delivery.Text("receipt_id")),
            ("Headers", item.GetProperty("request").Text("headers")),
            ("Body", item.GetProperty("request").Text("body")));
        if (!printer.IsText)
        {
            return;
        }

        printer.Line("");
        printer.List(
            [.. item.GetProperty("attempts").GetProperty("items").EnumerateArray()],
            attempt => attempt.Text("id"),
            new Column("ATTEMPT", attempt => attempt.Text("number")),
            new Column("AGE", attempt => attempt.Ago("started_at")),
            new Column("MS", attempt => attempt.Text("duration_ms") is { Length: > 0 } took ? took.Split('.')[0] : ""),
            new Column("OUTCOME", attempt => attempt.Text("outcome") + (attempt.Text("ambiguous") == "True" ? " (may have arrived)" : "")),
            new Column("ANSWER", attempt => attempt.Text("http_status")),
            new Column("ERROR", attempt => attempt.Text("error")),
            new Column("PHASES (MS)", attempt => attempt.Phases(), Wide: true),
            new Column("BODY", attempt => attempt.Text("answer"), Wide: true));
    }
}
