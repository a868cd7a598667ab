using System.IO.Enumeration;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>The Go original's configuration in the words of this one. A secret that stands there in plain text becomes a reference to a variable.</summary>
internal sealed class GoConversion
{
    public const string SchemaLine = "# yaml-language-server: $schema=http://127.0.0.1:8080/schema/config.json";

    private static readonly string[] SecretKeys = ["token", "secret", "password", "bootstrap_token", "key"];

    private readonly Dictionary<string, string> moved = new(StringComparer.Ordinal);
    private readonly List<(string Variable, Place Place)> asked = [];

    /// <summary>Null where the original cannot be read; the problems say why.</summary>
    public string? Text { get; private set; }

    /// <summary>Variables that stand in the place of plain secrets, and where those stood.</summary>
    public IReadOnlyList<(string Variable, Place Place)> Asked => asked;

    /// <summary>The same with their values, to read the result with.</summary>
    public IReadOnlyDictionary<string, string> Moved => moved;

    public Problems Problems { get; } = new();

    public static GoConversion Of(string path)
    {
        var conversion = new GoConversion();
        var (text, problem) = ConfigText.Read(path);
        if (text is null)
        {
            conversion.Problems.Error(new Place(path), "the configuration file " + problem);
        }
        else if (YamlTree.Parse(text, path, conversion.Problems) is { } root)
        {
            new GoOriginal(root, new LoadContext(path, new LoadOptions(), []) { Problems = conversion.Problems }).TakeOver();
            conversion.Write(root, path);
        }

        return conversion;
    }

    private void Write(MappingNode root, string path)
    {
        if (root.Find("tekton")?.Value is MappingNode tekton && tekton.Find("format") is null)
        {
            tekton.Set("format", tekton.Place, new ScalarNode(tekton.Place, "cloudevents", IsPlain: true));
        }

        Refer(root, "");
        Permit(root);
        var text = new StringBuilder(SchemaLine).Append('\n')
            .Append("# Taken over from ").Append(Path.GetFileName(path)).Append(" of the Go original, which stays as it is.\n");
        foreach (var note in Problems.Warnings.SelectMany(warning => warning.Message.Split("), ")))
        {
            text.Append("#   ").Append(note).Append(note.Contains('(', StringComparison.Ordinal) && !note.Contains(')', StringComparison.Ordinal) ? ")\n" : "\n");
        }

        foreach (var (variable, place) in asked)
        {
            text.Append("# Set ").Append(variable).Append(" to the secret at line ").Append(place.Line).Append(" there: no secret stands in this file.\n");
        }

        Text = text.Append('\n').Append(YamlText.Write(root)).ToString();
    }

    // The variables that are made here must be among those that the file allows.
    private void Permit(MappingNode root)
    {
        if (root.Find("security")?.Value is MappingNode security && security.Find("allowed_env_vars") is { Value: SequenceNode allowed } entry)
        {
            var patterns = allowed.Items.OfType<ScalarNode>().Select(item => item.Text).ToList();
            var more = moved.Keys.Where(name => !patterns.Exists(pattern => FileSystemName.MatchesSimpleExpression(pattern, name))).Select(name => new ScalarNode(allowed.Place, name, IsPlain: true));
            security.Set(entry.Key, entry.KeyPlace, new SequenceNode(allowed.Place, [.. allowed.Items, .. more]));
        }
    }

    private void Refer(Node node, string owner)
    {
        switch (node)
        {
            case SequenceNode list:
                foreach (var item in list.Items)
                {
                    Refer(item, owner);
                }

                break;
            case MappingNode mapping:
                var named = mapping.Find("name")?.Value is ScalarNode { Text.Length: > 0 } name ? name.Text : owner;
                foreach (var entry in mapping.Entries.ToList())
                {
                    Refer(mapping, entry, named, isHeader: owner.EndsWith("_HEADERS", StringComparison.Ordinal));
                }

                break;
        }
    }

    private void Refer(MappingNode mapping, MappingEntry entry, string owner, bool isHeader)
    {
        if (entry.Value is not ScalarNode scalar)
        {
            Refer(entry.Value, entry.Key == "headers" ? owner + "_HEADERS" : entry.Value is MappingNode ? entry.Key : owner);
            return;
        }

        var isSecret = SecretKeys.Contains(entry.Key, StringComparer.Ordinal) || (isHeader && !IsHarmless(entry.Key));
        if (!isSecret || scalar.Text.Length == 0 || scalar.IsNull || IsReference(scalar.Text))
        {
            return;
        }

        var variable = Variable($"{owner}_{entry.Key}", isHeader);
        moved[variable] = scalar.Text;
        asked.Add((variable, scalar.Place));
        mapping.Set(entry.Key, entry.KeyPlace, scalar with { Text = $"${{{variable}}}", IsPlain = false });
    }

    private static bool IsReference(string text) =>
        text.Contains("${", StringComparison.Ordinal) || text.StartsWith("env:", StringComparison.Ordinal) || text.StartsWith("file:", StringComparison.Ordinal);

    private static bool IsHarmless(string header) =>
        header.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) || header.Equals("Accept", StringComparison.OrdinalIgnoreCase) || header.Equals("User-Agent", StringComparison.OrdinalIgnoreCase);

    private string Variable(string words, bool isHeader)
    {
        var name = new string([.. words.Select(letter => char.IsAsciiLetterOrDigit(letter) ? char.ToUpperInvariant(letter) : '_')]);
        name = (char.IsAsciiDigit(name[0]) ? "_" : "") + name + (isHeader ? "_SECRET" : "");
        while (moved.ContainsKey(name))
        {
            name = "_" + name;
        }

        return name;
    }
}
