using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Client;

namespace RepoSentry.Cli;

/// <summary>The running service at one look.</summary>
internal static class StatusCommand
{
    public static Command Create() => new Command("status", "The running service: state, components, backlog").Does(async (_, client, printer, token) =>
    {
        var status = await client.GetAsync("/api/v1/status", token);
        Show(status, printer);
        if (status.Text("state") is not ("Running" or "Reloading"))
        {
            throw new ClientException(ExitCode.Unhealthy, $"{status.Text("state")}: {status.Text("reason")}");
        }
    }).AsClient();

    private static void Show(JsonElement status, Printer printer)
    {
        printer.One(
            status,
            status.Text("name"),
            ("Name", $"{status.Text("name")} {status.Text("version")} on {status.Text("node")}"),
            ("State", $"{status.Text("state")} for {status.Ago("state_since")}"),
            ("Reason", status.Text("reason")),
            ("Polling", $"{status.GetProperty("polling").Text("strategy")}, every {status.GetProperty("polling").Text("interval_seconds")} s"),
            ("Promise", string.Join("; ", status.GetProperty("polling").GetProperty("budgets").EnumerateArray().Where(budget => budget.Text("keeps_interval") == "False").Select(budget => budget.Text("says")))),
            ("Repositories", string.Join(", ", status.GetProperty("repositories").EnumerateObject().Select(pair => $"{pair.Value} {pair.Name}"))));
        if (!printer.IsText)
        {
            return;
        }

        printer.Line("");
        TriggerCommand.List([.. status.GetProperty("triggers").EnumerateArray()], printer);
        if (status.GetProperty("discovery").GetArrayLength() > 0)
        {
            printer.Line("");
            printer.List(
                [.. status.GetProperty("discovery").EnumerateArray()],
                item => item.Text("organization"),
                new Column("DISCOVERY", item => item.Text("name")),
                new Column("FOUND", item => item.Text("found")),
                new Column("WATCHED", item => item.Text("watched")),
                new Column("LISTED", item => item.Ago("listed_at")),
                new Column("NEXT IN", item => item.Ago("next_at")),
                new Column("PROBLEM", item => item.Text("problem")));
        }

        if (status.GetProperty("budgets").GetArrayLength() > 0)
        {
            printer.Line("");
            printer.List(
                [.. status.GetProperty("budgets").EnumerateArray()],
                item => item.Text("credential"),
                new Column("CREDENTIAL", item => item.Text("credential")),
                new Column("OF", item => item.Text("resource")),
                new Column("LEFT", item => item.Text("remaining")),
                new Column("LIMIT", item => item.Text("limit")),
                new Column("RESETS IN", item => item.Ago("resets_at")));
        }

        printer.Line("");
        printer.List(
            [.. status.GetProperty("components").EnumerateObject().Select(pair => JsonSerializer.SerializeToElement(new { name = pair.Name, status = pair.Value.Text("status"), message = pair.Value.Text("message") }))],
            item => item.Text("name"),
            new Column("COMPONENT", item => item.Text("name")),
            new Column("HEALTH", item => item.Text("status")),
            new Column("MESSAGE", item => item.Text("message")));
    }
}
