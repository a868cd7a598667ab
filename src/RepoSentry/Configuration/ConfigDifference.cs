namespace RepoSentry.Configuration;

/// <summary>What a reload changes, in words that may be shown: names and settings as written, never the value of a secret.</summary>
/// <param name="Changes">One line each, such as <c>repository web added</c> or <c>polling.interval 60s -> 30s</c>.</param>
/// <param name="NeedRestart">Settings that were changed but hold from the next start on.</param>
internal sealed record ConfigDifference(IReadOnlyList<string> Changes, IReadOnlyList<string> NeedRestart)
{
    // Whatever opens a file or a port at a start, or stands in every log line and metric.
    private static readonly string[] Fixed = ["app.", "api.", "storage.type", "storage.sqlite", "telemetry.", "cluster."];
    private static readonly string[] Live = ["app.log_level", "api.rate_limit"];
    private static readonly string[] Entries = ["repositories", "triggers", "providers", "tekton", "discovery"];

    public bool IsEmpty => Changes.Count == 0 && NeedRestart.Count == 0;

    public static ConfigDifference Between(LoadedConfig before, LoadedConfig after)
    {
        var (was, becomes) = (before.Config!, after.Config!);
        var changes = new List<string>();
        Compare("trigger", was.Triggers, becomes.Triggers, item => item.Name, item => item.Identity, changes);
        Compare("provider", was.Providers, becomes.Providers, item => item.Name, item => item.Identity, changes);
        Compare("repository", was.Repositories, becomes.Repositories, item => item.Name, item => item.Identity, changes);
        Compare("discovery", was.Discovery, becomes.Discovery, item => item.Key, item => item.Identity, changes);
        var settings = Settings(before, after).ToList();
        changes.AddRange(settings.Where(setting => !IsFixed(setting.Path)).Select(setting => setting.Text));
        return new ConfigDifference(changes, [.. settings.Where(setting => IsFixed(setting.Path)).Select(setting => setting.Path)]);
    }

    /// <summary>What the file has lost as a whole; null for nothing.</summary>
    public static string? Emptied(SentryConfig before, SentryConfig next) =>
        before.Repositories.Count > 0 && next.Repositories.Count == 0 ? $"all {before.Repositories.Count} repositories"
            : before.Discovery.Count > 0 && next.Discovery.Count == 0 ? $"all {before.Discovery.Count} discoveries"
            : before.Triggers.Count > 0 && next.Triggers.Count == 0 ? $"all {before.Triggers.Count} triggers"
            : null;

    /// <summary>The new configuration with what only a restart can change left as it is.</summary>
    public static SentryConfig WithoutFixed(SentryConfig running, SentryConfig next) => next with
    {
        App = running.App with { LogLevel = next.App.LogLevel },
        Api = running.Api with { RateLimit = next.Api.RateLimit },
        Storage = running.Storage with { Retention = next.Storage.Retention },
        Telemetry = running.Telemetry,
    };

    private static bool IsFixed(string path) => !Live.Contains(path, StringComparer.Ordinal) && Fixed.Any(prefix => path.StartsWith(prefix, StringComparison.Ordinal));

    private static void Compare<T>(string word, IReadOnlyList<T> before, IReadOnlyList<T> after, Func<T, string> name, Func<T, string> identity, List<string> changes)
    {
        var known = before.ToDictionary(name, identity, StringComparer.Ordinal);
        foreach (var item in after)
        {
            if (!known.Remove(name(item), out var was))
            {
                changes.Add($"{word} {name(item)} added");
            }
            else if (was != identity(item))
            {
                changes.Add($"{word} {name(item)} changed");
            }
        }

        changes.AddRange(known.Keys.Select(gone => $"{word} {gone} removed"));
    }

    private static IEnumerable<(string Path, string Text)> Settings(LoadedConfig before, LoadedConfig after)
    {
        foreach (var path in before.Origins.Keys.Union(after.Origins.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (was, becomes) = (before.Origins.GetValueOrDefault(path)?.Value, after.Origins.GetValueOrDefault(path)?.Value);
            if (was != becomes && !Entries.Any(entry => path.StartsWith(entry, StringComparison.Ordinal)))
            {
                yield return (path, $"{path} {Shown(was)} -> {Shown(becomes)}");
            }
        }
    }

    private static string Shown(string? value) => string.IsNullOrEmpty(value) ? "nothing" : value;
}
