using System.Collections.Frozen;
using System.Text;

namespace RepoSentry.Dashboard.Texts;

/// <summary>
/// What the service says of itself, in Chinese. The product makes its sentences in English, for the API, the log and the database; here each has its twin, found by
/// the words between its values. What is inserted may come from anybody: it is only compared, for a bounded time, and put out as text.
/// </summary>
internal static class Sentences
{
    /// <summary>So many first letters tell which sentences may fit.</summary>
    public const int KeyLength = 6;

    // What is longer is an answer of a server, not a sentence.
    private const int Longest = 4096;
    private const int MostTries = 100;
    private const int Deepest = 8;
    private const int MostAhead = 8;
    private const int MostHoles = 10;

    private static readonly Sentence[] Table =
        [.. LookSentences.All, .. ForgeSentences.All, .. RuleSentences.All, .. DeliverySentences.All, .. AskingSentences.All, .. SystemSentences.All, .. ConfigSentences.All, .. ForeignSentences.All];

    private static readonly FrozenDictionary<string, string> Whole = Table.Where(one => one.Holes == 0).ToFrozenDictionary(one => one.English, one => one.Chinese!, StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> WholeByText = Whole.GetAlternateLookup<ReadOnlySpan<char>>();
    private static readonly Sentence[] Others = ByWeight("");
    private static readonly FrozenDictionary<string, Sentence[]> ByKey = Table.Where(one => one.Holes > 0 && one.Key.Length > 0).Select(one => one.Key).Distinct(StringComparer.Ordinal).ToFrozenDictionary(key => key, ByWeight, StringComparer.Ordinal);
    private static readonly FrozenDictionary<string, Sentence[]>.AlternateLookup<ReadOnlySpan<char>> ByText = ByKey.GetAlternateLookup<ReadOnlySpan<char>>();

    public static IReadOnlyList<Sentence> All => Table;

    /// <summary>Null where nothing of it is known; what is not known within it stays in English.</summary>
    public static string? Say(string text)
    {
        var tries = MostTries;
        return text.Length is 0 or > Longest ? null : Say(text, 0, ref tries);
    }

    private static string? Say(ReadOnlySpan<char> text, int depth, ref int tries) =>
        depth > Deepest ? null
            : SayWhole(text, depth, ref tries, out var said) && said is not null ? said
            : text.IndexOf(Sentence.Join) is var end and > 0 && !(SayWhole(text[..end], depth, ref tries, out said) && said is null) ? SayParts(text, depth, ref tries)
            : null;

    /// <param name="said">Null for what is known to stay as it is.</param>
    private static bool SayWhole(ReadOnlySpan<char> text, int depth, ref int tries, out string? said)
    {
        if (WholeByText.TryGetValue(text, out said))
        {
            return true;
        }

        if (--tries < 0 || text.IsEmpty)
        {
            return false;
        }

        Span<Range> values = stackalloc Range[MostHoles];
        foreach (var sentence in text.Length >= KeyLength && ByText.TryGetValue(text[..KeyLength], out var found) ? found : Others)
        {
            if (sentence.EndsLike(text) && sentence.Fits(text, values) && TrySay(sentence, text, values, depth, ref tries, out said))
            {
                return true;
            }
        }

        said = null;
        return false;
    }

    private static bool TrySay(Sentence sentence, ReadOnlySpan<char> text, ReadOnlySpan<Range> ranges, int depth, ref int tries, out string? said)
    {
        said = null;
        if (sentence.Chinese is null)
        {
            return true;
        }

        var (values, isKnown) = (new string[sentence.Holes], !sentence.IsFrame && !sentence.IsTail);
        for (var hole = 0; hole < values.Length; hole++)
        {
            var value = text[ranges[hole]];
            var inner = sentence.IsSentence(hole) ? Say(value, depth + 1, ref tries) : null;
            (values[hole], isKnown) = (inner ?? value.ToString(), isKnown || inner is not null);
            if (sentence.IsTail && !isKnown)
            {
                return false;
            }
        }

        said = isKnown ? sentence.Of(values) : null;
        return isKnown;
    }

    // From the left, the longest known part first. What follows a part that is not known may be anybody's words.
    private static string? SayParts(ReadOnlySpan<char> text, int depth, ref int tries)
    {
        StringBuilder? all = null;
        while (!text.IsEmpty)
        {
            var end = Ahead(text);
            string? said = null;
            while (end > 0 && !(SayWhole(text[..end], depth + 1, ref tries, out said) && said is not null))
            {
                end = text[..end].LastIndexOf(Sentence.Join);
            }

            if (end <= 0)
            {
                return all?.Append(text).ToString();
            }

            all = (all ?? new StringBuilder()).Append(said);
            text = text[end..];
            if (!text.IsEmpty)
            {
                all.Append('；');
                text = text[Sentence.Join.Length..];
            }
        }

        return all?.ToString();
    }

    // Where the last part ends that is looked at together with the first.
    private static int Ahead(ReadOnlySpan<char> text)
    {
        var end = -Sentence.Join.Length;
        for (var part = 0; part < MostAhead; part++)
        {
            var from = end + Sentence.Join.Length;
            if (text[from..].IndexOf(Sentence.Join) is not (var next and >= 0))
            {
                return text.Length;
            }

            end = from + next;
        }

        return end;
    }

    private static Sentence[] ByWeight(string key) => [.. Table.Where(one => one.Holes > 0 && (one.Key.Length == 0 || one.Key == key)).OrderByDescending(one => one.Weight)];
}
