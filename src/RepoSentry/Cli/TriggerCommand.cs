using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>Triggers: whether they send, what waits.</summary>
internal static class TriggerCommand
{
    // The trigger's own timeout ends an attempt, after an hour at most.
    private static readonly TimeSpan LongestAttempt = TimeSpan.FromMinutes(61);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(50);

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Name of the trigger" }.Names("triggers");
        return new Command("trigger", "Triggers: whether they send, and what waits for them")
        {
            new Command("list", "Every trigger").Does(async (_, client, printer, token) =>
                List([.. (await client.GetAsync("/api/v1/triggers", token)).GetProperty("items").EnumerateArray()], printer)),
            new Command("pause", "Send nothing until it is resumed") { name }.Orders((result, client, printer, token) =>
                HaltAsync(client, printer, result.GetValue(name)!, "pause", "is paused", token)),
            new Command("resume", "Go on after a pause") { name }.Orders((result, client, printer, token) =>
                HaltAsync(client, printer, result.GetValue(name)!, "resume", "goes on", token)),
            new Command("test", "Send one made-up event, marked as a test, and show what came of it. A receiver that does not look at the mark (X-RepoSentry-Test) takes it for a push: a Tekton pipeline may start") { name }
                .Orders(async (result, client, printer, token) => Tested(
                    await client.PostSlowlyAsync($"/api/v1/triggers/{Uri.EscapeDataString(result.GetValue(name)!)}/test", LongestAttempt, token), printer)),
        }.AsClient();
    }

    public static void List(IReadOnlyList<JsonElement> triggers, Printer printer) => printer.List(
        triggers,
        item => item.Text("name"),
        new Column("TRIGGER", item => item.Text("name")),
        new Column("TYPE", item => item.Text("type")),
        new Column("STATE", item => item.Text("state")),
        new Column("BACKLOG", item => item.Text("backlog")),
        new Column("OLDEST", item => item.Ago("oldest_created_at")),
        new Column("REASON", item => item.Text("reason")));

    private static async Task HaltAsync(ApiClient client, Printer printer, string name, string order, string words, CancellationToken cancellationToken)
    {
        await client.PostAsync($"/api/v1/triggers/{Uri.EscapeDataString(name)}/{order}", cancellationToken);
        printer.Ordered(printer.IsData ? await ObeyedAsync(client, name, order == "pause", cancellationToken) : default, name, $"{name} {words}");
    }

    // An order is taken before it is carried out: what a script reads shows it done.
    private static async Task<JsonElement> ObeyedAsync(ApiClient client, string name, bool paused, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (true)
        {
            var found = (await client.GetAsync("/api/v1/triggers", cancellationToken)).GetProperty("items").EnumerateArray().FirstOrDefault(item => item.Text("name") == name);
            if (found.Text("state") == "paused" == paused)
            {
                return found;
            }

            if (limit.IsCancellationRequested || found.ValueKind == JsonValueKind.Undefined)
            {
                throw new ClientException(ExitCode.TimedOut, $"{name} took the order, but is still {found.Text("state")}: `trigger list` tells how it stands");
            }

            await Task.Delay(Every, cancellationToken);
        }
    }

    private static void Tested(JsonElement result, Printer printer)
    {
        printer.One(
            result,
            result.Text("event_id"),
            ("Trigger", result.Text("trigger")),
            ("Event", result.Text("event_id")),
            ("Outcome", result.Text("outcome") + (result.Text("ambiguous") == "True" ? " (may have arrived)" : "")),
            ("Reason", result.Text("reason")),
            ("Status", result.Text("status")),
            ("Receipt", result.Text("receipt_id")),
            ("Took (ms)", result.Text("duration_ms")),
            ("Phases (ms)", result.Phases()),
            ("Answer", result.Text("answer")));
        if (result.Text("outcome") != "accepted")
        {
            throw new ClientException(ExitCode.Failed, $"{result.Text("trigger")} did not accept it: {Printer.Safe(result.Text("reason"))}");
        }
    }
}
