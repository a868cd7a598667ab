using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace RepoSentry.Configuration;

/// <summary>A YAML document as nodes that know where they were written. Never throws on any text; a bomb is refused before it grows.</summary>
internal sealed class YamlTree
{
    public const int MaxBytes = 1024 * 1024;
    private const int MaxDepth = 32;
    private const int MaxAliases = 100;
    private const int MaxExpandedNodes = 100_000;
    private const int MaxDoubles = 100;

    private readonly string file;
    private readonly Parser parser;
    private readonly Problems problems;
    private readonly Dictionary<string, Node> anchors = [];
    private int aliases;
    private int expanded;
    private int doubles;

    private YamlTree(string text, string file, Problems problems)
    {
        this.file = file;
        this.problems = problems;
        parser = new Parser(new StringReader(text));
    }

    /// <returns>The mapping at the root, empty for an empty document; null where the text is not one YAML mapping (then it has been said why).</returns>
    public static MappingNode? Parse(string text, string file, Problems problems)
    {
        if (FirstControlCharacter(text) is { } control)
        {
            problems.Error(control.Place with { Source = file }, $"the file has the control character U+{(int)control.Character:X4}", "is it a text file in UTF-8?");
            return null;
        }

        try
        {
            return new YamlTree(text, file, problems).Document();
        }
        catch (Refused refused)
        {
            problems.Error(refused.Place, refused.Message, refused.Hint);
        }
        catch (YamlException malformed)
        {
            problems.Error(TabIndent(text, file) ?? At(malformed.Start, file), "malformed YAML: " + Reason(malformed), "a tab in the indentation, a missing space after \":\" or an open quote is the usual cause");
        }
        catch (Exception unexpected) when (unexpected is not OutOfMemoryException)
        {
            problems.Error(new Place(file, 1, 1), $"the YAML cannot be read: {unexpected.GetType().Name}");
        }

        return null;
    }

    private MappingNode? Document()
    {
        parser.Consume<StreamStart>();
        if (parser.TryConsume<StreamEnd>(out _))
        {
            return new MappingNode(new Place(file, 1, 1));
        }

        parser.Consume<DocumentStart>();
        var root = Read(0);
        parser.Consume<DocumentEnd>();
        if (!parser.Accept<StreamEnd>(out _))
        {
            throw new Refused(At(parser.Current!.Start, file), "a second YAML document begins here", "one document per file");
        }

        switch (root)
        {
            case MappingNode mapping:
                return mapping;
            case ScalarNode { IsNull: true }:
                return new MappingNode(root.Place);
            default:
                problems.Error(root.Place, $"the file must be a mapping of sections, found {root.Kind}", "begin with a section such as \"repositories:\"");
                return null;
        }
    }

    private Node Read(int depth)
    {
        var start = parser.Current ?? throw new Refused(new Place(file, 1, 1), "the file ends too early");
        var place = At(start.Start, file);
        if (depth > MaxDepth)
        {
            throw new Refused(place, $"nested deeper than {MaxDepth} levels");
        }

        if (parser.TryConsume<AnchorAlias>(out var alias))
        {
            return Expand(alias.Value.Value, place);
        }

        CheckTag((NodeEvent)start, place);
        Node node = start switch
        {
            Scalar => Word(parser.Consume<Scalar>(), place),
            SequenceStart => Sequence(place, depth),
            MappingStart => Mapping(place, depth),
            _ => throw new Refused(place, "malformed YAML"),
        };
        if (start is NodeEvent { Anchor.IsEmpty: false } anchored)
        {
            anchors[anchored.Anchor.Value] = node;
        }

        return node;
    }

    private static ScalarNode Word(Scalar scalar, Place place) =>
        new(place, scalar.Value, IsPlain: scalar.Style == ScalarStyle.Plain && !string.Equals(Tag(scalar), "tag:yaml.org,2002:str", StringComparison.Ordinal));

    private SequenceNode Sequence(Place place, int depth)
    {
        var items = new List<Node>();
        parser.Consume<SequenceStart>();
        while (!parser.TryConsume<SequenceEnd>(out _))
        {
            items.Add(Read(depth + 1));
        }

        return new SequenceNode(place, items);
    }

    private MappingNode Mapping(Place place, int depth)
    {
        var mapping = new MappingNode(place);
        var merges = new List<Node>();
        parser.Consume<MappingStart>();
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            if (Read(depth + 1) is not ScalarNode key)
            {
                throw new Refused(At(parser.Current!.Start, file), "a key must be a word, not a list or a mapping");
            }

            var value = Read(depth + 1);
            if (key is { Text: "<<", IsPlain: true })
            {
                merges.Add(value);
            }
            else if (mapping.Find(key.Text) is { } first)
            {
                problems.Error(key.Place, $"the key {Wording.Quote(key.Text)} stands twice", $"first on line {first.KeyPlace.Line}");
                doubles++;
                if (doubles > MaxDoubles)
                {
                    throw new Refused(key.Place, $"more than {MaxDoubles} keys stand twice");
                }
            }
            else
            {
                mapping.Set(key.Text, key.Place, value);
            }
        }

        merges.ForEach(merge => Merge(mapping, merge));
        return mapping;
    }

    /// <summary>YAML's merge key: what stands in the mapping itself wins.</summary>
    private static void Merge(MappingNode into, Node from)
    {
        foreach (var source in from is SequenceNode sequence ? sequence.Items : [from])
        {
            if (source is not MappingNode mapping)
            {
                throw new Refused(source.Place, "\"<<\" takes a mapping, or a list of them");
            }

            foreach (var entry in mapping.Entries.Where(entry => into.Find(entry.Key) is null).ToList())
            {
                into.Set(entry.Key, entry.KeyPlace, entry.Value);
            }
        }
    }

    private Node Expand(string anchor, Place place)
    {
        if (!anchors.TryGetValue(anchor, out var node))
        {
            throw new Refused(place, $"the alias *{anchor} has no anchor above it");
        }

        expanded += node.Size;
        return ++aliases <= MaxAliases && expanded <= MaxExpandedNodes ? node : throw new Refused(place, $"more than {MaxAliases} aliases, or they expand to more than {MaxExpandedNodes} nodes");
    }

    private static void CheckTag(NodeEvent node, Place place)
    {
        if (Tag(node) is { } tag && !tag.StartsWith("tag:yaml.org,2002:", StringComparison.Ordinal) && tag != "!")
        {
            throw new Refused(place, $"the tag {Wording.Quote(tag)} is not known here");
        }
    }

    private static string? Tag(NodeEvent node) => node.Tag.IsEmpty ? null : node.Tag.IsNonSpecific ? "!" : node.Tag.Value;

    private static Place At(in Mark mark, string file) => new(file, (int)Math.Max(1, mark.Line), (int)Math.Max(1, mark.Column));

    private static string Reason(YamlException malformed)
    {
        // Older texts begin with the position, which is already said.
        var message = malformed.Message;
        var end = message.StartsWith('(') ? message.IndexOf("): ", StringComparison.Ordinal) : -1;
        message = end < 0 ? message : message[(end + 3)..];
        return new string([.. message.TrimEnd('.').Where(character => !Wording.IsInvisible(character))]);
    }

    /// <summary>The first line that is indented by a tab: the parser names the mapping it breaks, which may begin far above.</summary>
    private static Place? TabIndent(string text, string file)
    {
        var line = 0;
        foreach (var here in text.AsSpan().EnumerateLines())
        {
            line++;
            if (here.TrimStart(' ') is ['\t', ..] rest && !rest.IsWhiteSpace())
            {
                return new Place(file, line, here.Length - rest.Length + 1);
            }
        }

        return null;
    }

    private static (char Character, Place Place)? FirstControlCharacter(string text)
    {
        var index = text.AsSpan().IndexOfAny(Forbidden);
        if (index < 0)
        {
            return null;
        }

        var line = text.AsSpan(0, index).Count('\n') + 1;
        return (text[index], new Place("", line, index - text.LastIndexOf('\n', index)));
    }

    private static readonly System.Buffers.SearchValues<char> Forbidden =
        System.Buffers.SearchValues.Create([.. Enumerable.Range(0, 32).Where(code => code is not ('\t' or '\n' or '\r')).Select(code => (char)code), '\u007f']);

    private sealed class Refused(Place place, string message, string? hint = null) : Exception(message)
    {
        public Place Place => place;

        public string? Hint => hint;
    }
}
