using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>
/// Reads one mapping key by key: each getter names a key, its default and what it may hold, so the calls read as the schema. What does not fit is recorded
/// and the default stands in. <see cref="Done"/> refuses every key that nobody asked for.
/// </summary>
/// <param name="lenient">For an entry that is not enabled: what cannot be resolved is a warning.</param>
internal sealed class SectionReader(LoadContext load, MappingNode node, string path, bool lenient = false)
{
    private const int MaxUnknownKeys = 100;

    private readonly SortedSet<string> known = new(StringComparer.Ordinal);
    private readonly HashSet<string> told = new(StringComparer.Ordinal);

    internal delegate bool Parse<T>(string text, [MaybeNullWhen(false)] out T value);

    public LoadContext Load => load;

    public Place Place => node.Place;

    public IReadOnlyList<string> Keys => [.. node.Entries.Select(entry => entry.Key)];

    /// <summary>Whether the key stands there with a value.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether it says anything: <c>token: ""</c> does not.</summary>
    public bool Says(string key) => AsWritten(key).Length > 0;

    /// <summary>Where the key's value stands; the section itself where it is absent.</summary>
    public Place At(string key) => node.Find(key)?.Value.Place ?? Place;

    /// <summary>A mark that is the same for an entry that says the same in another load.</summary>
    public string Identity() => EntryIdentity.Of(load, node);

    public string IdentityOf(params IEnumerable<string> keys) => EntryIdentity.Of(load, keys.Select(key => node.Find(key)?.Value));

    public string PathOf(string key) => path.Length == 0 ? key : $"{path}.{key}";

    public string Text(string key, string fallback = "") => Read(key, fallback, "text", PlainText, fallback);

    /// <summary>Text that must be there.</summary>
    public string? Required(string key)
    {
        var text = Text(key);
        if (text.Length > 0)
        {
            return text;
        }

        if (!told.Contains(key) && node.Find(key)?.Value is null or ScalarNode)
        {
            Error(key, "must be given");
        }

        return null;
    }

    public bool Flag(string key, bool fallback) => Read(key, fallback, "true or false", Booleans, fallback ? "true" : "false");

    public int Integer(string key, int fallback, int min, int max) =>
        Read(key, fallback, "a whole number", Integers, Invariant(fallback), value => value < min || value > max ? $"must be from {Invariant(min)} to {Invariant(max)}" : null);

    public double Number(string key, double fallback, double min, double max) =>
        Read(key, fallback, "a number", Numbers, Invariant(fallback), value => value >= min && value <= max ? null : $"must be from {Invariant(min)} to {Invariant(max)}");

    public TimeSpan Duration(string key, TimeSpan fallback, TimeSpan min, TimeSpan max) =>
        Read(key, fallback, "a duration", Durations.TryParse, Durations.Format(fallback), value => value < min ? $"must be at least {Durations.Format(min)}" : value > max ? $"must be at most {Durations.Format(max)}" : null,
            text => double.TryParse(text, CultureInfo.InvariantCulture, out _) ? $"add the unit: {text}s or {text}m" : "such as 30s, 1h30m, 250ms or 30d");

    /// <param name="available">What works in this version.</param>
    /// <param name="later">What is known but does not work yet.</param>
    public string Choice(string key, string fallback, string[] available, params string[] later)
    {
        if (Scalar(key, "one of " + string.Join(", ", available)) is not { } found)
        {
            load.Remember(PathOf(key), null, fallback, "one of " + string.Join(", ", available));
            return fallback;
        }

        load.Remember(PathOf(key), found.Node.Place, found.Node.Text, "one of " + string.Join(", ", available));
        if (available.Contains(found.Text, StringComparer.Ordinal))
        {
            return found.Text;
        }

        if (later.Contains(found.Text, StringComparer.Ordinal))
        {
            Error(key, $"{found.Text} is not available in this version", "available: " + string.Join(", ", available));
        }
        else
        {
            Error(key, $"must be one of {string.Join(", ", available)}, found {found.Node.Shown}", Wording.DidYouMean(found.Text, available));
        }

        return fallback;
    }

    /// <summary>A list of texts; one text alone counts as a list of one, and from a variable or flag as a list with commas.</summary>
    public IReadOnlyList<string> Texts(string key, params string[] fallback)
    {
        known.Add(key);
        var value = Find(key);
        load.Remember(PathOf(key), value?.Place, Shown(value, fallback), "texts");
        switch (value)
        {
            case null:
                return fallback;
            case ScalarNode { Place.IsInFile: false } given:
                return given.Text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            case SequenceNode list:
                return [.. list.Items.Select((item, at) => Item(item, key, $"{PathOf(key)}[{at}]")).OfType<string>()];
            case ScalarNode:
                return Item(value, key, PathOf(key)) is { } only ? [only] : [];
            default:
                Mismatch(value, PathOf(key), "a list");
                return fallback;
        }
    }

    /// <summary>A value that never shows: a reference (<c>env:</c>, <c>file:</c>), a variable or a literal; null where it is absent or empty.</summary>
    public Secret? Secret(string key, bool manyLines = false, bool literalIsFine = false)
    {
        known.Add(key);
        if (Find(key) is not { } value)
        {
            load.Remember(PathOf(key), null, "", "secret");
            return null;
        }

        load.Remember(PathOf(key), value.Place, "***", "secret");
        if (value is not ScalarNode scalar)
        {
            Mismatch(value, PathOf(key), "a secret");
            return null;
        }

        var secret = load.Secrets.Read(scalar, PathOf(key), manyLines, lenient, literalIsFine);
        if (secret is null && scalar.Text.Length > 0)
        {
            told.Add(key);
        }

        return secret;
    }

    /// <summary>Empty where it is absent, so that its keys have their defaults.</summary>
    public SectionReader Section(string key)
    {
        known.Add(key);
        var value = Find(key);
        if (value is not (null or MappingNode))
        {
            Mismatch(value, PathOf(key), "a mapping of keys");
        }

        return new SectionReader(load, value as MappingNode ?? new MappingNode(At(key)), PathOf(key), lenient);
    }

    /// <summary>The mappings of a list. One with <c>enabled: false</c> is read leniently.</summary>
    public IReadOnlyList<SectionReader> Entries(string key)
    {
        known.Add(key);
        var value = Find(key);
        if (value is not SequenceNode list)
        {
            if (value is not null)
            {
                Mismatch(value, PathOf(key), "a list of entries");
            }

            return [];
        }

        var entries = new List<SectionReader>();
        foreach (var (item, at) in list.Items.Select((item, at) => (item, at)))
        {
            var name = $"{PathOf(key)}[{Invariant(at)}]";
            if (item is MappingNode mapping)
            {
                entries.Add(new SectionReader(load, mapping, name, mapping.Find("enabled")?.Value is ScalarNode { Text: "false" or "False" or "FALSE" }));
            }
            else
            {
                Mismatch(item, name, "an entry with keys");
            }
        }

        return entries;
    }

    /// <summary>The absolute path of a file that must be there; empty where the key is absent.</summary>
    public string ExistingFile(string key)
    {
        var text = Text(key);
        if (text.Length == 0)
        {
            return "";
        }

        var file = load.Beside(text);
        if (!File.Exists(file))
        {
            SectionReader.Missing(load, At(key), PathOf(key), new Unresolved($"the file {load.Quote(text)} does not exist", "paths stand relative to the configuration file", IsMissing: true), lenient);
        }

        return file;
    }

    /// <summary>The path behind a secret written as <c>file:PATH</c>; null where it was written otherwise.</summary>
    public string? SecretPath(string key) => Find(key) is ScalarNode scalar ? load.Secrets.FilePath(scalar) : null;

    /// <summary>The text as written, variables unexpanded: equal texts are equal secrets.</summary>
    public string AsWritten(string key) => Find(key) is ScalarNode scalar ? scalar.Text : "";

    /// <summary>Keys of parts that are not built yet: refused unless they say what holds anyway.</summary>
    public SectionReader Later(string key, params string[] defaults)
    {
        known.Add(key);
        if (Find(key) is { } value && !MeansDefault(value, defaults))
        {
            load.Problems.Error(value.Place, $"{PathOf(key)} is not available in this version", defaults is [{ Length: > 0 } only] ? $"leave it out, or at its default {only}" : "leave it out");
        }

        return this;
    }

    /// <summary>The same section with keys beside its own, at its place.</summary>
    public SectionReader With(params IEnumerable<(string Key, string Text)> others) => new(load, node.With(others), path, lenient);

    /// <summary>Keys that are read elsewhere, or mean nothing here and have been warned of.</summary>
    public SectionReader Know(params IEnumerable<string> keys)
    {
        known.UnionWith(keys);
        return this;
    }

    public void Error(string key, string message, string? hint = null)
    {
        told.Add(key);
        load.Problems.Error(At(key), $"{PathOf(key)}: {message}", hint);
    }

    public void Warn(string key, string message, string? hint = null) => load.Problems.Warn(At(key), $"{PathOf(key)}: {message}", hint);

    public void Done()
    {
        var strange = node.Entries.Where(entry => !known.Contains(entry.Key)).ToList();
        foreach (var entry in strange.Take(MaxUnknownKeys))
        {
            var where = path.Length == 0 ? "" : $" in {path}";
            load.Problems.Error(entry.KeyPlace, $"unknown key {Wording.Quote(entry.Key)}{where}", Wording.DidYouMean(entry.Key, known) ?? (known.Count <= 12 ? "known: " + string.Join(", ", known) : null));
        }

        if (strange.Count > MaxUnknownKeys)
        {
            load.Problems.Error(strange[MaxUnknownKeys].KeyPlace, $"{strange.Count - MaxUnknownKeys} more unknown keys");
        }
    }

    public T Read<T>(string key, T fallback, string expected, Parse<T> parse, string shownDefault, Func<T, string?>? check = null, Func<string, string?>? hint = null)
    {
        if (Scalar(key, expected) is not { } found)
        {
            load.Remember(PathOf(key), null, shownDefault, expected);
            return fallback;
        }

        load.Remember(PathOf(key), found.Node.Place, found.Node.Text, expected);
        if (!parse(found.Text, out var value))
        {
            Error(key, $"expected {expected}, found {found.Node.Shown}", hint?.Invoke(found.Node.Place.IsInFile ? Raw(found.Node) : ""));
            return fallback;
        }

        if (check?.Invoke(value) is { } complaint)
        {
            Error(key, complaint + $", found {found.Node.Shown}");
            return fallback;
        }

        return value;
    }

    private (string Text, ScalarNode Node)? Scalar(string key, string expected)
    {
        known.Add(key);
        switch (Find(key))
        {
            case null:
                return null;
            case ScalarNode scalar:
                return Expanded(scalar, key, PathOf(key)) is { } text ? (text, scalar) : null;
            case var other:
                Mismatch(other, PathOf(key), expected);
                return null;
        }
    }

    private string? Item(Node item, string key, string name)
    {
        if (item is not ScalarNode { IsNull: false } scalar)
        {
            Mismatch(item, name, "text");
            return null;
        }

        var text = Expanded(scalar, key, name);
        if (text is null || PlainText(text, out _))
        {
            return text;
        }

        load.Problems.Error(item.Place, $"{name}: expected text, found {scalar.Shown}", "control characters are refused");
        return null;
    }

    private string? Expanded(ScalarNode scalar, string key, string name)
    {
        if (!scalar.Place.IsInFile)
        {
            return scalar.Text;
        }

        var (text, names, problem) = load.Variables.Expand(scalar.Text);
        if (text is not null && names.Count > 0)
        {
            load.CameFrom(text, scalar.Text);
        }

        if (problem is not null)
        {
            told.Add(key);
            Missing(load, scalar.Place, name, problem, lenient);
        }

        return text;
    }

    /// <summary>An unset variable in an entry that is not enabled is a warning only.</summary>
    public static void Missing(LoadContext load, Place place, string name, Unresolved problem, bool lenient)
    {
        if (lenient && problem.IsMissing)
        {
            load.Problems.Warn(place, $"{name}: {problem.Message}", problem.Hint);
        }
        else
        {
            load.Problems.Error(place, $"{name}: {problem.Message}", problem.Hint);
        }
    }

    private Node? Find(string key) => node.Find(key)?.Value is { } value and not ScalarNode { IsNull: true } ? value : null;

    private void Mismatch(Node found, string name, string expected) => load.Problems.Error(found.Place, $"{name}: expected {expected}, found {found.Kind}");

    private static bool MeansDefault(Node value, string[] defaults) => value switch
    {
        ScalarNode scalar => scalar.Text.Length == 0 || defaults.Any(standard => Same(scalar.Text, standard)),
        SequenceNode list => list.Items.Count == 0,
        MappingNode mapping => mapping.Entries.All(entry => MeansDefault(entry.Value, [])),
        _ => false,
    };

    private static bool Same(string text, string standard) =>
        text == standard || (Durations.TryParse(text, out var duration) && Durations.TryParse(standard, out var other) && duration == other);

    private static string Shown(Node? value, string[] fallback) => value switch
    {
        null => "[" + string.Join(", ", fallback) + "]",
        SequenceNode list => "[" + string.Join(", ", list.Items.Select(item => (item as ScalarNode)?.Text ?? item.Kind)) + "]",
        ScalarNode scalar => scalar.Text,
        _ => value.Kind,
    };

    private static string Raw(ScalarNode scalar) => scalar.Text.Contains('$', StringComparison.Ordinal) ? "" : scalar.Text;

    private static bool PlainText(string text, out string value)
    {
        value = text;
        return !text.Any(char.IsControl);
    }

    private static bool Booleans(string text, out bool value)
    {
        value = text.ToLowerInvariant() is "true" or "yes" or "on";
        return value || text.ToLowerInvariant() is "false" or "no" or "off";
    }

    private static bool Integers(string text, out int value) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    private static bool Numbers(string text, out double value) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);

    private static string Invariant<T>(T value)
        where T : IFormattable => value.ToString(null, CultureInfo.InvariantCulture);
}
