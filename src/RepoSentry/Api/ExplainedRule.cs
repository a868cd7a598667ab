using System.Text.Json;
using RepoSentry.Configuration;
using RepoSentry.Events;

namespace RepoSentry.Api;

/// <summary>A rule of the configuration that keeps changes from the triggers, and what it says of the newest event.</summary>
/// <param name="Rule">Its key in the configuration.</param>
/// <param name="Patterns">What stands there.</param>
internal sealed record ExplainedRule(string Rule, IReadOnlyList<string> Patterns, string Says)
{
    /// <param name="lastEvents">Newest first.</param>
    public static IReadOnlyList<ExplainedRule> Of(RepositoryConfig config, IReadOnlyList<EventView> lastEvents)
    {
        var last = lastEvents.Count > 0 ? lastEvents[0] : null;
        (string Rule, IReadOnlyList<string> Patterns)[] rules =
        [
            ("paths", config.Paths), ("skip_messages", config.SkipMessages), ("ignore_authors", config.IgnoreAuthors), ("loop_guard", config.LoopGuard == "off" ? [] : [config.LoopGuard]),
        ];
        return [.. rules.Where(rule => rule.Patterns.Count > 0).Select(rule => new ExplainedRule(rule.Rule, rule.Patterns, SaysOf(rule.Rule, last)))];
    }

    private static string SaysOf(string rule, EventView? last)
    {
        if (last is null)
        {
            return "nothing has happened yet";
        }

        if (last.Skipped is { } skipped)
        {
            return skipped.By == rule ? $"kept the last event from every trigger: {skipped.Reason}" : $"was not decisive for the last event: {skipped.By} was";
        }

        var isPullRequest = last.Type.StartsWith("pull_request_", StringComparison.Ordinal);
        var (isAsked, unknown) = rule switch
        {
            "paths" => (isPullRequest || last.Type is "branch_updated" or "branch_created" or "commit_pushed", last.Metadata.TryGetProperty("file_count", out _) ? "" : "files"),
            "skip_messages" => (isPullRequest || HasHead(last), Lacks(last, isPullRequest ? "title" : "message")),
            "ignore_authors" => (isPullRequest || HasHead(last), Lacks(last, "author")),
            _ => (last.Type.StartsWith("branch_", StringComparison.Ordinal) && HasHead(last), Lacks(last, "author")),
        };
        return !isAsked ? $"is not asked about {last.Type}"
            : unknown.Length > 0 ? $"let the last event pass, for its {unknown} could not be learnt"
            : "let the last event pass";
    }

    private static bool HasHead(EventView last) => last.CommitSha is not null;

    private static string Lacks(EventView last, string word) =>
        last.Metadata.TryGetProperty("unknown", out var unknown) && unknown.ValueKind == JsonValueKind.Array && unknown.EnumerateArray().Any(item => item.GetString() == word) ? word : "";
}
