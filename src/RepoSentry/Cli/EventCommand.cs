using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>Events: what moved, and what became of it.</summary>
internal static class EventCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("id") { Description = "Id of the event" };
        var repository = new Option<string?>("--repository", "--repo") { Description = "Only of this repository" }.Names("repositories");
        var gitRef = new Option<string?>("--ref") { Description = "Only of this ref, full or short name" };
        var type = new Option<string?>("--type") { Description = "Only of this type, such as branch_updated" };
        var status = new Option<string?>("--status") { Description = "Only with this status: pending, delivered, failed, superseded, unrouted" }.OneOf("pending", "delivered", "failed", "superseded", "unrouted");
        var since = new Option<string?>("--since") { Description = "Only since then: a time, or a span such as 2h" };
        var given = new Argument<string?>("id") { Description = "Id of the event; without it, options choose", Arity = ArgumentArity.ZeroOrOne };
        var trigger = new Option<string?>("--trigger") { Description = "Only to this trigger, also where the event was not owed to it" }.Names("triggers");
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say how many it would be" };
        var limit = new Option<int>("--limit") { Description = "At most so many", DefaultValueFactory = _ => 50 };
        return new Command("event", "Events: what moved, and what became of it")
        {
            new Command("list", "Events, newest first") { repository, gitRef, type, status, since, limit }.Does(async (result, client, printer, token) => List(
                await client.ListAsync(
                    "/api/v1/events",
                    [("repository", result.GetValue(repository)), ("ref", result.GetValue(gitRef)), ("type", result.GetValue(type)), ("status", result.GetValue(status)), ("since", Spans.ToTime(result.GetValue(since)))],
                    result.GetValue(limit),
                    token),
                printer)),
            new Command("show", "One event with its deliveries") { id }.Does(async (result, client, printer, token) =>
                Show(await client.GetAsync("/api/v1/events/" + Uri.EscapeDataString(result.GetValue(id)!), token), printer)),
            EventTail.Create(repository, gitRef, type, status, since),
            new Command("replay", "Send events once more: new deliveries with the same event id") { given, repository, gitRef, type, status, since, trigger, dryRun }.Orders((result, client, printer, token) => ReplayAsync(
                result.GetValue(given),
                result.GetValue(trigger),
                [("repository", result.GetValue(repository)), ("ref", result.GetValue(gitRef)), ("type", result.GetValue(type)), ("status", result.GetValue(status)), ("since", Spans.ToTime(result.GetValue(since)))],
                result.GetValue(dryRun),
                client,
                printer,
                token)),
        }.AsClient();
    }

    public static void List(IReadOnlyList<JsonElement> events, Printer printer) => printer.List(
        events,
        item => item.Text("id"),
        new Column("AGE", item => item.Ago("created_at")),
        new Column("REPOSITORY", item => item.Text("repository")),
        new Column("TYPE", item => item.Text("type")),
        new Column("REF", Cells.Moved),
        new Column("BEFORE", item => item.Sha("before")),
        new Column("COMMIT", item => item.Sha("commit_sha")),
        new Column("STATUS", item => item.Text("status")),
        new Column("ID", item => item.Text("id")),
        new Column("SKIPPED BY", Skipped, Wide: true),
        new Column("ERROR", item => item.Text("error_message"), Wide: true));

    /// <summary>The rule that kept an event from every trigger, with its reason; empty if none did.</summary>
    public static string Skipped(JsonElement item) =>
        item.GetProperty("metadata") is { ValueKind: JsonValueKind.Object } metadata && metadata.TryGetProperty("skipped", out var rule) ? $"{rule.Text("by")}: {rule.Text("reason")}" : "";

    private static async Task ReplayAsync(
        string? id, string? trigger, (string Name, object? Value)[] filter, bool dryRun, ApiClient client, Printer printer, CancellationToken cancellationToken)
    {
        if (id is null && filter.All(field => field.Value is null))
        {
            throw new ClientException(ExitCode.Usage, "name an event, or choose by --since, --status, --repository, --ref or --type (--since 365d is all of them)");
        }

        if (id is not null && filter.Any(field => field.Value is not null))
        {
            throw new ClientException(ExitCode.Usage, "either an event or options that choose; beside an event only --trigger and --dry-run");
        }

        (string, object?)[] how = [("trigger", trigger), ("dry_run", dryRun)];
        var answer = id is not null
            ? await client.PostAsync($"/api/v1/events/{Uri.EscapeDataString(id)}/replay", how, cancellationToken)
            : await client.PostAsync("/api/v1/events/replay", [.. filter, .. how], cancellationToken);
        printer.Outcome(answer, $"{answer.Text("replayed")} {(dryRun ? "deliveries would be" : "deliveries are")} sent once more");
    }

    private static void Show(JsonElement item, Printer printer)
    {
        printer.One(
            item,
            item.Text("id"),
            ("Event", item.Text("id")),
            ("Repository", item.Text("repository")),
            ("Change", $"{item.Text("type")} {item.Text("ref")}"),
            ("Before", item.Text("before")),
            ("After", item.Text("commit_sha")),
            ("Status", item.Text("status")),
            ("Skipped by", Skipped(item)),
            ("Error", item.Text("error_message")),
            ("Detected", item.Text("created_at")),
            ("Finished", item.Text("processed_at")));
        if (!printer.IsText)
        {
            return;
        }

        printer.Line("");
        DeliveryCommand.List([.. item.GetProperty("deliveries").EnumerateArray()], printer);
        foreach (var outcome in item.TryGetProperty("outcomes", out var outcomes) ? outcomes.EnumerateArray() : [])
        {
            printer.Line($"Tekton (eventID {Printer.Safe(outcome.Text("receipt_id"))}): {Printer.Safe(outcome.Text("summary"))}");
        }
    }
}
