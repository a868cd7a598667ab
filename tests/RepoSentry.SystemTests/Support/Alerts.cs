using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Support;

/// <summary>The alert rules that the chart ships.</summary>
internal static class Alerts
{
    public static string File { get; } = Path.Combine(Helm.Chart, "alerts.yaml");

    public static IReadOnlyList<string> Names { get; } = [.. Rules().Select(rule => ((YamlScalarNode)rule["alert"]).Value!)];

    private static IEnumerable<YamlNode> Rules()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(System.IO.File.ReadAllText(File)));
        return from grouped in (YamlSequenceNode)stream.Documents[0].RootNode["groups"] from rule in (YamlSequenceNode)grouped["rules"] select rule;
    }
}
