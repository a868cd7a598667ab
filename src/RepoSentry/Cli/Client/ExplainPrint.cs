using System.Text.Json;

namespace RepoSentry.Cli.Client;

/// <summary>The explanation of a repository as lines to read from top to bottom.</summary>
internal static class ExplainPrint
{
    public static void Show(JsonElement item, Printer printer)
    {
        var (last, next) = (item.GetProperty("last_look"), item.GetProperty("next_look"));
        printer.One(
            item,
            item.Text("name"),
            ("Repository", item.Text("name")),
            ("Status", item.Text("status")),
            ("Notice", item.Text("notice")),
            ("Last look", Look(last)),
            ("Next look", next.ValueKind == JsonValueKind.Object ? $"in {next.Ago("at")}: {next.Text("because")} ({next.Seconds("interval_seconds")})" : "none: it is paused"));
        if (!printer.IsText)
        {
            return;
        }

        foreach (var kind in item.GetProperty("kinds").EnumerateArray())
        {
            printer.Line("");
            printer.Line($"{kind.Text("kind")}: {Join(kind, "patterns")}");
            printer.Line($"  {kind.Text("says")}");
            if (kind.GetProperty("not_watched").GetArrayLength() > 0)
            {
                printer.Line($"  not watched: {Join(kind, "not_watched")}");
            }

            if (kind.GetProperty("held") is { ValueKind: JsonValueKind.Object } held)
            {
                var more = held.GetProperty("missing_count").GetInt32() - held.GetProperty("missing").GetArrayLength();
                printer.Line($"  held: {Join(held, "missing")}{(more > 0 ? $" and {more} more" : "")}");
            }
        }

        if (item.GetProperty("ref") is { ValueKind: JsonValueKind.Object } asked)
        {
            printer.Line("");
            printer.Line($"{asked.Text("name")}: {asked.Text("says")}");
        }

        foreach (var rule in item.GetProperty("rules").EnumerateArray())
        {
            printer.Line("");
            printer.Line($"{rule.Text("rule")}: {Join(rule, "patterns")}");
            printer.Line($"  {rule.Text("says")}");
        }

        printer.Line("");
        printer.List(
            [.. item.GetProperty("triggers").EnumerateArray()],
            trigger => trigger.Text("trigger"),
            new Column("TRIGGER", trigger => trigger.Text("trigger")),
            new Column("EVENTS", trigger => trigger.GetProperty("event_types").GetArrayLength() == 0 ? "none" : Join(trigger, "event_types"), Wide: true),
            new Column("VERDICT", trigger => trigger.Text("says")));
        if (item.GetProperty("last_events").GetArrayLength() > 0)
        {
            printer.Line("");
            printer.List(
                [.. item.GetProperty("last_events").EnumerateArray()],
                change => change.Text("id"),
                new Column("LAST EVENTS", change => change.Text("type")),
                new Column("REF", change => change.Text("branch_name")),
                new Column("AGE", change => change.Ago("created_at")),
                new Column("STATUS", change => change.Text("status")),
                new Column("ID", change => change.Text("id")));
        }
    }

    private static string Look(JsonElement look) =>
        look.ValueKind != JsonValueKind.Object ? "none yet"
        : $"{look.Ago("started_at")} ago by {look.Text("source")}: {look.Text("outcome")}" + (look.Text("error") is { Length: > 0 } error ? $" ({error})" : $", {look.Text("changes")} events");

    private static string Join(JsonElement item, string property) => item.Joined(property) is { Length: > 0 } joined ? joined : "none";
}
