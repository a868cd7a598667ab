using System.CommandLine;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>Repositories: what is watched, how each stands.</summary>
internal static class RepoCommand
{
    private const int All = int.MaxValue;

    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "Name of the repository" }.Names("repositories");
        var gitRef = new Option<string?>("--ref") { Description = "Also say whether this ref is watched, full or short name" };
        var status = new Option<string?>("--status") { Description = "Only those in this state: pending, active, paused, error, held, archived, gone, removed" }.OneOf("pending", "active", "paused", "error", "held", "archived", "gone", "removed");
        var command = new Command("repo", "Repositories: what is watched, and how each stands")
        {
            new Command("list", "Every repository") { status }.Does(async (result, client, printer, token) => printer.List(
                await client.ListAsync("/api/v1/repositories", [("status", result.GetValue(status))], All, token),
                item => item.Text("name"),
                new Column("NAME", item => item.Text("name")),
                new Column("STATUS", item => item.Text("status")),
                new Column("PROVIDER", item => item.Text("provider")),
                new Column("BRANCHES", item => item.Text("branch_count")),
                new Column("CHECKED", item => item.Ago("last_checked")),
                new Column("CHANGED", item => item.Ago("last_changed")),
                new Column("NEXT", item => item.Ago("next_poll_at")),
                new Column("ERROR", item => item.Text("error")),
                new Column("FROM", item => item.Text("source"), Wide: true),
                new Column("URL", item => item.Text("url"), Wide: true))),
            new Command("show", "One repository") { name }.Does(async (result, client, printer, token) =>
            {
                var item = await client.GetAsync(Path(result.GetValue(name)!), token);
                printer.One(
                    item,
                    item.Text("name"),
                    ("Name", item.Text("name")),
                    ("URL", item.Text("url")),
                    ("Provider", item.Text("provider")),
                    ("From", item.Text("source")),
                    ("Status", item.Text("status")),
                    ("Moved to", item.Text("moved_to")),
                    ("Error", item.Text("error")),
                    ("Branches", item.Text("branch_count")),
                    ("Default branch", item.Text("default_branch")),
                    ("Head", item.Text("last_commit_sha")),
                    ("Watches", item.Text("branch_regex") is { Length: > 0 } regex ? regex : item.Joined("branches")),
                    ("Tags", item.Joined("tags")),
                    ("Pull requests", item.Text("pull_requests")),
                    ("Paths", item.Joined("paths")),
                    ("Skip messages", item.Joined("skip_messages")),
                    ("Ignore authors", item.Joined("ignore_authors")),
                    ("Loop guard", item.Text("loop_guard")),
                    ("Last look", item.Ago("last_checked") + " ago"),
                    ("Last change", item.Ago("last_changed") is "-" ? "none seen yet" : item.Ago("last_changed") + " ago"),
                    ("Next look", "in " + item.Ago("next_poll_at")),
                    ("Interval", item.Seconds("interval_seconds")));
            }),
            new Command("refs", "The refs of the last look") { name }.Does(async (result, client, printer, token) => printer.List(
                await client.ListAsync(Path(result.GetValue(name)!) + "/refs", [], All, token),
                item => item.Text("name"),
                new Column("REF", item => item.Text("name")),
                new Column("COMMIT", item => item.Text("commit_sha")),
                new Column("TAG OBJECT", item => item.Text("tag_object_sha"), Wide: true))),
            new Command("polls", "The last looks, newest first") { name }.Does(async (result, client, printer, token) => printer.List(
                await client.ListAsync(Path(result.GetValue(name)!) + "/polls", [], 50, token),
                item => item.Text("started_at"),
                new Column("AGE", item => item.Ago("started_at")),
                new Column("OUTCOME", item => item.Text("outcome")),
                new Column("SOURCE", item => item.Text("source")),
                new Column("CHANGES", item => item.Text("changes")),
                new Column("MS", item => item.TryGetProperty("duration_ms", out var took) ? $"{took.GetDouble():0}" : ""),
                new Column("ERROR", item => item.Text("error")))),
            new Command("release", "Believe the deletions that are held: the branches are really gone") { name }.Orders(async (result, client, printer, token) =>
            {
                var released = await client.PostAsync(Path(result.GetValue(name)!) + "/release", token);
                printer.Ordered(released, result.GetValue(name)!, $"{released.Text("released")} refs of {result.GetValue(name)} are released: their deletions fire at the look that is made now");
            }),
            new Command("explain", "What the last look saw, and why each rule fired or not") { name, gitRef }.Does(async (result, client, printer, token) =>
            {
                var query = result.GetValue(gitRef) is { } asked ? "?ref=" + Uri.EscapeDataString(asked) : "";
                ExplainPrint.Show(await client.GetAsync(Path(result.GetValue(name)!) + "/explain" + query, token), printer);
            }),
        }.AsClient();
        foreach (var change in RepoChangeCommands.All(name))
        {
            command.Subcommands.Add(change);
        }

        return command;
    }

    public static string Path(string name) => "/api/v1/repositories/" + Uri.EscapeDataString(name);
}
