using System.Globalization;
using System.Text.Json;

namespace RepoSentry.Cli.Client;

/// <summary>Values of an answer as short text.</summary>
internal static class Cells
{
    public static string Text(this JsonElement item, string property) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty(property, out var value) && value.ValueKind is not (JsonValueKind.Null or JsonValueKind.Undefined) ? value.ToString() : "";

    /// <summary>The items of a list with commas between them; empty for none.</summary>
    public static string Joined(this JsonElement item, string property) =>
        item.TryGetProperty(property, out var list) && list.ValueKind == JsonValueKind.Array ? string.Join(", ", list.EnumerateArray().Select(value => value.ToString())) : "";

    /// <summary>What moved, as one says it: <c>main</c>, <c>v1.0</c>, <c>#7 fix/a</c>.</summary>
    public static string Moved(this JsonElement item) =>
        item.TryGetProperty("metadata", out var metadata) && metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty("pull_request", out var pullRequest) ? $"#{pullRequest.Text("number")} {item.Text("branch_name")}" : item.Text("branch_name");

    /// <summary>Seconds with one digit behind the point at most.</summary>
    public static string Seconds(this JsonElement item, string property) =>
        item.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.Number ? string.Create(CultureInfo.InvariantCulture, $"{value.GetDouble():0.#} s") : "";

    public static string Sha(this JsonElement item, string property) => item.Text(property) is { Length: > 8 } sha ? sha[..8] : item.Text(property);

    /// <summary>Where the time of an attempt went: <c>connect 0.4, wait 3.1</c>.</summary>
    public static string Phases(this JsonElement item) =>
        item.TryGetProperty("phases", out var phases) && phases.ValueKind == JsonValueKind.Object
            ? string.Join(", ", phases.EnumerateObject().Select(phase => string.Create(CultureInfo.InvariantCulture, $"{phase.Name} {phase.Value.GetDouble():0.#}")))
            : "";

    /// <summary>How long ago, or how long until, in one unit: <c>12s</c>, <c>3m</c>, <c>5h</c>, <c>9d</c>.</summary>
    public static string Ago(this JsonElement item, string property)
    {
        if (item.Text(property) is not { Length: > 0 } text || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, out var time))
        {
            return "-";
        }

        var span = (TimeProvider.System.GetUtcNow() - time).Duration();
        return span switch
        {
            { TotalSeconds: < 120 } => $"{span.TotalSeconds:0}s",
            { TotalMinutes: < 120 } => $"{span.TotalMinutes:0}m",
            { TotalHours: < 48 } => $"{span.TotalHours:0}h",
            _ => $"{span.TotalDays:0}d",
        };
    }
}
