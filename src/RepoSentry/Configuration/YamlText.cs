using System.Text;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>A tree of nodes as YAML in block style.</summary>
internal static partial class YamlText
{
    public static string Write(MappingNode root)
    {
        var text = new StringBuilder();
        foreach (var (index, entry) in root.Entries.Index())
        {
            _ = index == 0 ? text : text.Append('\n');
            Entry(text, entry, 0);
        }

        return text.ToString();
    }

    /// <summary>Plain where that means the same, else in double quotes.</summary>
    public static string Scalar(string text) => Plain.IsMatch(text) && !Words.Contains(text, StringComparer.OrdinalIgnoreCase) ? text : Quoted(text);

    private static readonly string[] Words = ["null", "true", "false", "yes", "no", "on", "off"];

    private static void Entry(StringBuilder text, MappingEntry entry, int depth)
    {
        text.Append(Scalar(entry.Key)).Append(':');
        Value(text, entry.Value, depth, inList: false);
    }

    private static void Value(StringBuilder text, Node node, int depth, bool inList)
    {
        switch (node)
        {
            case MappingNode { Entries.Count: > 0 } mapping:
                Mapping(text, mapping, inList ? depth : depth + 1, inList);
                break;
            case SequenceNode { Items.Count: > 0 } list:
                foreach (var item in list.Items)
                {
                    text.Append(text[^1] == '\n' ? "" : "\n").Append(' ', 2 * (depth + 1)).Append('-');
                    Value(text, item, depth + 2, inList: true);
                }

                break;
            default:
                text.Append(' ').Append(node is ScalarNode scalar ? Shown(scalar) : node is MappingNode ? "{}" : "[]").Append('\n');
                break;
        }
    }

    // The first key of a list's entry stands beside its dash.
    private static void Mapping(StringBuilder text, MappingNode mapping, int depth, bool inList)
    {
        _ = inList ? text.Append(' ') : text.Append('\n');
        foreach (var (index, entry) in mapping.Entries.Index())
        {
            text.Append(' ', index == 0 && inList ? 0 : 2 * depth);
            Entry(text, entry, depth);
        }
    }

    private static string Shown(ScalarNode scalar) => scalar.IsNull ? "null" : scalar.IsPlain && scalar.Text is "true" or "false" ? scalar.Text : Scalar(scalar.Text);

    /// <summary>In double quotes, whatever it is.</summary>
    public static string Quoted(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            _ = character switch
            {
                '"' or '\\' => quoted.Append('\\').Append(character),
                '\n' => quoted.Append("\\n"),
                _ when Wording.IsInvisible(character) && !char.IsSurrogate(character) => quoted.Append(System.Globalization.CultureInfo.InvariantCulture, $"\\u{(int)character:x4}"),
                _ => quoted.Append(character),
            };
        }

        return quoted.Append('"').ToString();
    }

    [GeneratedRegex(@"\A[A-Za-z_/.][A-Za-z0-9_./-]*\z|\A[0-9]+[a-z]{0,2}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Plain { get; }
}
