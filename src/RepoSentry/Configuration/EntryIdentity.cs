using System.Security.Cryptography;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>Whether two entries of two loads mean the same: a digest over what was written, with the values of variables. A file's content is not part of it, for whoever uses it reads it anew.</summary>
internal static class EntryIdentity
{
    public static string Of(LoadContext load, params IEnumerable<Node?> nodes)
    {
        var text = new StringBuilder();
        foreach (var node in nodes)
        {
            Write(node, load, text);
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static void Write(Node? node, LoadContext load, StringBuilder text)
    {
        switch (node)
        {
            case ScalarNode scalar:
                var value = scalar.Text.StartsWith("env:", StringComparison.Ordinal) ? load.Variables.Look(scalar.Text[4..]).Value : load.Variables.Expand(scalar.Text).Text;
                text.Append('"').Append(value ?? scalar.Text).Append("\"\n");
                break;
            case SequenceNode list:
                text.Append('[');
                foreach (var item in list.Items)
                {
                    Write(item, load, text);
                }

                text.Append(']');
                break;
            case MappingNode mapping:
                text.Append('{');
                foreach (var entry in mapping.Entries.OrderBy(entry => entry.Key, StringComparer.Ordinal))
                {
                    text.Append(entry.Key).Append(':');
                    Write(entry.Value, load, text);
                }

                text.Append('}');
                break;
            default:
                text.Append('-');
                break;
        }
    }
}
