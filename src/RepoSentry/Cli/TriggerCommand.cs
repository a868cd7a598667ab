using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli;

/// <summary>Triggers: whether they send, what waits.</summary>
internal static class TriggerCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Name of the trigger" };
        return new Command("trigger", "Triggers")
        {
            new Command("list", "Every trigger").Does(async (_, client, printer, token) =>
                List([.. (await client.GetAsync("/api/v1/triggers", token)).GetProperty("items").EnumerateArray()], printer)),
            new Command("pause", "Send nothing until it is resumed") { name }.Does(async (result, client, _, token) =>
            {
                await client.PostAsync($"/api/v1/triggers/{Uri.EscapeDataString(result.GetValue(name)!)}/pause", token);
                await Console.Error.WriteLineAsync($"{result.GetValue(name)} is paused");
            }),
            new Command("resume", "Go on after a pause") { name }.Does(async (result, client, _, token) =>
            {
                await client.PostAsync($"/api/v1/triggers/{Uri.EscapeDataString(result.GetValue(name)!)}/resume", token);
                await Console.Error.WriteLineAsync($"{result.GetValue(name)} goes on");
            }),
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
}
