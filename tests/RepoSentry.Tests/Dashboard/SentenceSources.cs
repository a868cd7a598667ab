using System.Text;
using System.Text.RegularExpressions;
using RepoSentry.Tests.Architecture;

namespace RepoSentry.Tests.Dashboard;

/// <summary>The texts of the product as its sources have them: of an interpolated one each hole stands as <c>{}</c>, and what is joined by + is one text.</summary>
internal sealed partial class SentenceSources
{
    private readonly HashSet<string> texts = new(StringComparer.Ordinal);
    private string code = "";
    private int at;

    public static SentenceSources Read()
    {
        var sources = new SentenceSources();
        var folder = Path.Combine(ShapeTests.Root(), "src/RepoSentry");
        foreach (var file in Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains("/obj/", StringComparison.Ordinal) && !file.Contains("/bin/", StringComparison.Ordinal) && !file.Contains("/Dashboard/Texts/", StringComparison.Ordinal)))
        {
            sources.Add(File.ReadAllText(file));
        }

        return sources;
    }

    public IReadOnlyCollection<string> Texts => texts;

    public SentenceSources Add(string source)
    {
        (code, at) = (source, 0);
        ReadCode(isHole: false);
        return this;
    }

    /// <summary>Up to the end, or to the brace that ends a hole.</summary>
    private void ReadCode(bool isHole)
    {
        var depth = 0;
        while (at < code.Length)
        {
            switch (code[at])
            {
                case '/' when Next('/'):
                    at = End(code.IndexOf('\n', at));
                    break;
                case '/' when Next('*'):
                    at = End(code.IndexOf("*/", at, StringComparison.Ordinal));
                    break;
                case '\'':
                    at = code.IndexOf('\'', at + (Next('\\') ? 3 : 2)) + 1;
                    break;
                case '"':
                    texts.Add(Holes.Replace(ReadTexts(), "{}"));
                    break;
                case '}' when isHole && depth == 0:
                    at++;
                    return;
                case var sign:
                    depth += sign switch { '{' => 1, '}' => -1, _ => 0 };
                    at++;
                    break;
            }
        }
    }

    private string ReadTexts()
    {
        var text = new StringBuilder();
        while (true)
        {
            ReadText(text);
            if (Joined.Match(code, at) is not { Success: true } joined || joined.Index != at)
            {
                return text.ToString();
            }

            at += joined.Length;
        }
    }

    private void ReadText(StringBuilder text)
    {
        if (string.CompareOrdinal(code, at, "\"\"\"", 0, 3) == 0)
        {
            var end = End(code.IndexOf("\"\"\"", at + 3, StringComparison.Ordinal));
            text.Append(code, at + 3, Math.Max(0, end - at - 3));
            at = Math.Min(code.Length, end + 3);
            return;
        }

        var marks = code[Math.Max(0, at - 2)..at];
        var (isInterpolated, isVerbatim) = (marks.EndsWith('$') || marks.EndsWith("$@", StringComparison.Ordinal), marks.EndsWith('@'));
        for (at++; at < code.Length && (code[at] != '"' || (isVerbatim && Next('"'))); at++)
        {
            switch (code[at])
            {
                case '\\' when !isVerbatim:
                    text.Append(code[++at] switch { 'n' => '\n', var sign => sign });
                    break;
                case '{' when isInterpolated && !Next('{'):
                    at++;
                    ReadCode(isHole: true);
                    at--;
                    text.Append("{}");
                    break;
                case '{' or '}' when isInterpolated:
                    text.Append(code[at++]);
                    break;
                case '"':
                    text.Append(code[at++]);
                    break;
                default:
                    text.Append(code[at]);
                    break;
            }
        }

        at++;
    }

    private bool Next(char sign) => at + 1 < code.Length && code[at + 1] == sign;

    private int End(int found) => found < 0 ? code.Length : found;

    [GeneratedRegex(@"\{[0-9]\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Holes { get; }

    [GeneratedRegex("""\s*\+\s*[$@]*(?=")""", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Joined { get; }
}
