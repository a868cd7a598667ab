namespace RepoSentry.SystemTests.Support;

/// <summary>The alert rules that the chart ships.</summary>
internal static class Alerts
{
    public static string File { get; } = Path.Combine(Helm.Chart, "alerts.yaml");

    public static IReadOnlyList<string> Names { get; } =
        [.. Yaml.Load(File).Single().Items("groups").SelectMany(grouped => grouped.Items("rules")).Select(rule => rule.Text("alert")!)];
}
