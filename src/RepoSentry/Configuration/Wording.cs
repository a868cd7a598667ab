using System.Globalization;
using System.Text;

namespace RepoSentry.Configuration;

/// <summary>How values and words appear in problems.</summary>
internal static class Wording
{
    private const int Shown = 60;

    /// <summary>In quotes, on one line, shortened; what cannot be seen is escaped.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        var shown = text.Length <= Shown ? text.Length : char.IsHighSurrogate(text[Shown - 1]) ? Shown - 1 : Shown;
        for (var at = 0; at < shown; at++)
        {
            _ = IsInvisible(text, at) ? quoted.Append(CultureInfo.InvariantCulture, $"\\u{(int)text[at]:x4}") : quoted.Append(text[at]);
        }

        return quoted.Append(text.Length > Shown ? "…\"" : "\"").ToString();
    }

    /// <summary>Control characters, line separators, bidirectional marks and lone surrogates.</summary>
    public static bool IsInvisible(char character) =>
        char.GetUnicodeCategory(character) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.Surrogate;

    /// <summary>Whether a text has any of these.</summary>
    public static bool HasInvisible(string text) => Enumerable.Range(0, text.Length).Any(at => IsInvisible(text, at));

    // Half of a pair is as visible as the whole.
    private static bool IsInvisible(string text, int at)
    {
        var first = char.IsLowSurrogate(text[at]) && at > 0 && char.IsHighSurrogate(text[at - 1]) ? at - 1 : at;
        return char.IsHighSurrogate(text[first]) && first + 1 < text.Length && char.IsLowSurrogate(text[first + 1])
            ? CharUnicodeInfo.GetUnicodeCategory(char.ConvertToUtf32(text[first], text[first + 1])) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.OtherNotAssigned
            : IsInvisible(text[at]);
    }

    /// <summary><c>did you mean "listen"?</c>, or null where nothing is near.</summary>
    public static string? DidYouMean(string word, IEnumerable<string> known)
    {
        var nearest = known.Select(candidate => (candidate, distance: Distance(word, candidate))).OrderBy(pair => pair.distance).FirstOrDefault();
        return nearest.candidate is not null && nearest.distance <= Math.Max(2, nearest.candidate.Length / 3) ? $"did you mean {Quote(nearest.candidate)}?" : null;
    }

    /// <summary>Levenshtein, without regard to case; long words are nobody's typing error.</summary>
    private static int Distance(string left, string right)
    {
        if (left.Length > Shown)
        {
            return int.MaxValue;
        }

        var row = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = char.ToLowerInvariant(left[i - 1]) == char.ToLowerInvariant(right[j - 1]);
                (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (same ? 0 : 1)));
            }
        }

        return row[^1];
    }
}
