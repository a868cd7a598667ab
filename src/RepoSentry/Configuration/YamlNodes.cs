namespace RepoSentry.Configuration;

internal abstract record Node(Place Place)
{
    /// <summary>In words, for problems.</summary>
    public abstract string Kind { get; }

    /// <summary>Nodes in all, aliases expanded.</summary>
    public abstract int Size { get; }
}

/// <param name="IsPlain">Written without quotes, so that <c>null</c> and <c>~</c> mean nothing at all.</param>
internal sealed record ScalarNode(Place Place, string Text, bool IsPlain) : Node(Place)
{
    public bool IsNull => IsPlain && Text is "" or "~" or "null" or "Null" or "NULL";

    public override string Kind => IsNull ? "nothing" : "the value " + Shown;

    public override int Size => 1;

    /// <summary>As written in the file, variables unexpanded; a value from the environment or a flag is not repeated, for it may be a secret.</summary>
    public string Shown => Place.IsInFile ? Wording.Quote(Text) : "what was given";
}

internal sealed record SequenceNode(Place Place, IReadOnlyList<Node> Items) : Node(Place)
{
    public override string Kind => "a list";

    public override int Size { get; } = Items.Aggregate(1, (sum, item) => Math.Min(sum + item.Size, int.MaxValue / 4));
}

internal sealed record MappingNode(Place Place) : Node(Place)
{
    private readonly List<MappingEntry> entries = [];
    private readonly Dictionary<string, int> index = [];

    public IReadOnlyList<MappingEntry> Entries => entries;

    public override string Kind => "a mapping";

    public override int Size => entries.Aggregate(1, (sum, entry) => Math.Min(sum + entry.Value.Size, int.MaxValue / 4));

    public MappingEntry? Find(string key) => index.TryGetValue(key, out var at) ? entries[at] : null;

    /// <summary>Takes the key out, so that nobody reads it or calls it unknown.</summary>
    public MappingEntry? Take(string key)
    {
        if (!index.Remove(key, out var at))
        {
            return null;
        }

        var taken = entries[at];
        entries.RemoveAt(at);
        foreach (var later in entries.Skip(at))
        {
            index[later.Key]--;
        }

        return taken;
    }

    /// <summary>The same with other keys beside its own, at its place.</summary>
    public MappingNode With(IEnumerable<(string Key, string Text)> others)
    {
        var more = new MappingNode(Place);
        entries.ForEach(entry => more.Set(entry.Key, entry.KeyPlace, entry.Value));
        foreach (var (key, text) in others)
        {
            more.Set(key, Place, new ScalarNode(Place, text, IsPlain: false));
        }

        return more;
    }

    public void Set(string key, Place keyPlace, Node value)
    {
        var entry = new MappingEntry(key, keyPlace, value);
        if (index.TryAdd(key, entries.Count))
        {
            entries.Add(entry);
        }
        else
        {
            entries[index[key]] = entry;
        }
    }
}

internal sealed record MappingEntry(string Key, Place KeyPlace, Node Value);
