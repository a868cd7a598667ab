using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>Names of one kind of thing: well formed, and each used once.</summary>
/// <param name="kind">In words: repository, provider or trigger.</param>
internal sealed partial class Names(string kind)
{
    private readonly Dictionary<string, Place> first = new(StringComparer.Ordinal);

    /// <summary>All that were declared, also by entries that have errors.</summary>
    public IReadOnlyCollection<string> Declared => first.Keys;

    /// <returns>The name; null where it is missing or refused.</returns>
    public string? Read(SectionReader entry, bool mayHaveSlashes = false)
    {
        if (entry.Required("name") is not { } name)
        {
            return null;
        }

        var pattern = mayHaveSlashes ? WithSlashes : Plain;
        if (!pattern.IsMatch(name) || name.EndsWith(' '))
        {
            entry.Error("name", $"{entry.Load.Quote(name)} is not a name for a {kind}", $"letters, digits, \".\", \"_\", \"-\"{(mayHaveSlashes ? ", \"/\" and blanks inside" : "")}; a letter or digit first; at most 128");
            return null;
        }

        return Declare(entry.Load, name, entry.At("name")) ? name : null;
    }

    /// <summary>Takes a name that does not stand in an entry of a list.</summary>
    public bool Declare(LoadContext load, string name, Place place)
    {
        if (first.TryAdd(name, place))
        {
            return true;
        }

        load.Problems.Error(place, $"two {Plural} are named {load.Quote(name)}", $"the first is at {first[name]}");
        return false;
    }

    private string Plural => kind.EndsWith('y') ? kind[..^1] + "ies" : kind + "s";

    [GeneratedRegex(@"\A[\p{L}\p{Nd}][\p{L}\p{Nd}._-]{0,127}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Plain { get; }

    [GeneratedRegex(@"\A[\p{L}\p{Nd}][\p{L}\p{Nd}._/ -]{0,127}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex WithSlashes { get; }
}
