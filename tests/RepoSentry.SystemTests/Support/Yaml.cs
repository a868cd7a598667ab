using YamlDotNet.RepresentationModel;

namespace RepoSentry.SystemTests.Support;

/// <summary>YAML files of the project as a test reads them.</summary>
internal static class Yaml
{
    public static IReadOnlyList<YamlMappingNode> Load(string path) => Parse(File.ReadAllText(SourceTree.At(path)));

    public static IReadOnlyList<YamlMappingNode> Parse(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return [.. stream.Documents.Select(document => (YamlMappingNode)document.RootNode)];
    }

    /// <summary>The text at a path of keys; null where one is missing.</summary>
    public static string? Text(this YamlNode node, params string[] path) => (node.At(path) as YamlScalarNode)?.Value;

    public static YamlNode? At(this YamlNode node, params string[] path)
    {
        YamlNode? at = node;
        foreach (var key in path)
        {
            at = at is YamlMappingNode map && map.Children.TryGetValue(new YamlScalarNode(key), out var child) ? child : null;
        }

        return at;
    }

    public static IEnumerable<YamlNode> Items(this YamlNode node, params string[] path) => node.At(path) as YamlSequenceNode ?? [];

    public static IEnumerable<(string Key, YamlNode Value)> Pairs(this YamlNode node, params string[] path) =>
        (node.At(path) as YamlMappingNode)?.Select(pair => (((YamlScalarNode)pair.Key).Value!, pair.Value)) ?? [];
}
