using System.Buffers;
using System.Text;

namespace RepoSentry.Dashboard.Texts;

/// <summary>A sentence that the service makes, in English and Chinese.</summary>
/// <remarks>
/// English has a hole where something is inserted: <c>{#}</c> a number, <c>{}</c> a name or another short value, <c>{*}</c> words of a server or of a person,
/// <c>{…}</c> a sentence that is in a table of its own. Chinese names them by number, <c>{0}</c> the first.
/// </remarks>
internal sealed class Sentence
{
    /// <summary>What parts of one sentence are joined by.</summary>
    public const string Join = "; ";

    // What follows whole sentences.
    private static readonly string[] Ends = [Join, " (and "];
    private static readonly string[] Marks = ["{#}", "{}", "{*}", "{…}"];

    private static readonly SearchValues<char> OfNumbers = SearchValues.Create("0123456789.,");

    private readonly string[] literals;
    private readonly string[] holes;
    private readonly char last;

    /// <param name="chinese">Null for what stays as it is: words of a server.</param>
    public Sentence(string english, string? chinese)
    {
        (English, Chinese) = (english, chinese);
        (literals, holes) = Parse(english);
        IsTail = literals[0].Length == 0 && holes.Length > 0 && Array.Exists(Ends, end => literals[1].StartsWith(end, StringComparison.Ordinal));
        last = literals[^1] is [.., var sign] ? sign : '\0';
        Weight = literals.Sum(literal => literal.Length) + (IsTail ? 1000 : 0);
        IsFrame = holes.Contains(Marks[3]) && chinese?.Any(c => c is >= '\u4E00' and <= '\u9FFF') != true;
    }

    public string English { get; }

    public string? Chinese { get; }

    /// <summary>The words between the holes.</summary>
    public IReadOnlyList<string> Literals => literals;

    public int Holes => holes.Length;

    /// <summary>It follows another sentence, its first value: it counts where that is known.</summary>
    public bool IsTail { get; }

    /// <summary>The heavier of two that fit says more; a tail comes before the sentence that it follows, which may end with anything.</summary>
    public int Weight { get; }

    /// <summary>It says nothing by itself: it counts where a sentence within it is known.</summary>
    public bool IsFrame { get; }

    /// <summary>The first letters, by which it is found; empty where they are not the same each time.</summary>
    public string Key => literals[0].Length >= Sentences.KeyLength ? literals[0][..Sentences.KeyLength] : "";

    public bool IsSentence(int hole) => holes[hole] == Marks[3];

    /// <summary>Most sentences are told from a text by its last letter.</summary>
    public bool EndsLike(ReadOnlySpan<char> text) => last == '\0' || last == text[^1];

    /// <summary>Whether a text is this sentence. Each character is looked at a few times at most, whatever it is.</summary>
    /// <param name="values">Where its values stand.</param>
    public bool Fits(ReadOnlySpan<char> text, Span<Range> values)
    {
        if (holes.Length == 0)
        {
            return text.SequenceEqual(literals[0]);
        }

        var (at, end) = (literals[0].Length, text.Length - literals[^1].Length);
        if (at > end || !text.StartsWith(literals[0]) || !text.EndsWith(literals[^1]))
        {
            return false;
        }

        for (var hole = 0; hole < holes.Length; hole++)
        {
            var length = hole == holes.Length - 1 ? end - at : text[at..end].IndexOf(literals[hole + 1]);
            if (length < 0 || !Takes(holes[hole], text.Slice(at, length)))
            {
                return false;
            }

            values[hole] = at..(at + length);
            at += length + (hole == holes.Length - 1 ? 0 : literals[hole + 1].Length);
        }

        return true;
    }

    /// <summary>Chinese with these values.</summary>
    public string Of(ReadOnlySpan<string> values)
    {
        var said = new StringBuilder();
        for (var at = 0; at < Chinese!.Length; at++)
        {
            if (Chinese[at] == '{' && at + 2 < Chinese.Length && char.IsAsciiDigit(Chinese[at + 1]) && Chinese[at + 2] == '}')
            {
                said.Append(values[Chinese[at + 1] - '0']);
                at += 2;
            }
            else
            {
                said.Append(Chinese[at]);
            }
        }

        return said.ToString();
    }

    private static bool Takes(string hole, ReadOnlySpan<char> value) => hole switch
    {
        "{#}" => !value.IsEmpty && !value.ContainsAnyExcept(OfNumbers),
        "{}" => !value.IsEmpty && value.IndexOf(Join) < 0 && value.IndexOf(": ") < 0,
        _ => true, // a sentence that is missing too: what some sentences end with
    };

    private static (string[] Literals, string[] Holes) Parse(string english)
    {
        var (literals, holes, begun) = (new List<string>(), new List<string>(), 0);
        for (var at = english.IndexOf('{', StringComparison.Ordinal); at >= 0; at = english.IndexOf('{', at + 1))
        {
            if (Array.Find(Marks, mark => string.CompareOrdinal(english, at, mark, 0, mark.Length) == 0) is { } hole)
            {
                literals.Add(english[begun..at]);
                holes.Add(hole);
                begun = at + hole.Length;
            }
        }

        literals.Add(english[begun..]);
        return ([.. literals], [.. holes]);
    }
}
