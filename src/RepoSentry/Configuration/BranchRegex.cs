using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>
/// Go's RE2 syntax on .NET's linear-time engine. Matching is unanchored, as in Go. What the two read differently is translated:
/// <c>(?P&lt;n&gt;</c>, ASCII <c>\d \w \s</c>, <c>[[:alpha:]]</c>, <c>\pL</c>, <c>\Q…\E</c>, <c>\x{…}</c>, a bracket inside a class.
/// </summary>
internal static class BranchRegex
{
    private const int MaxLength = 2000;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);

    private static readonly Dictionary<string, string> Posix = new(StringComparer.Ordinal)
    {
        ["alnum"] = "0-9A-Za-z",
        ["alpha"] = "A-Za-z",
        ["ascii"] = @"\x00-\x7F",
        ["blank"] = @"\t ",
        ["cntrl"] = @"\x00-\x1F\x7F",
        ["digit"] = "0-9",
        ["graph"] = "!-~",
        ["lower"] = "a-z",
        ["print"] = " -~",
        ["punct"] = @"!-/:-@\[-`{-~",
        ["space"] = @"\t\n\v\f\r ",
        ["upper"] = "A-Z",
        ["word"] = "0-9A-Za-z_",
        ["xdigit"] = "0-9A-Fa-f",
    };

    private static readonly Dictionary<char, string> AsciiClasses = new() { ['d'] = "0-9", ['w'] = "0-9A-Za-z_", ['s'] = @"\t\n\f\r " };

    /// <returns>Null where it cannot be expressed; then <paramref name="problem"/> says why.</returns>
    public static Regex? TryCompile(string pattern, out string problem)
    {
        problem = "";
        if (pattern.Length > MaxLength)
        {
            problem = $"is longer than {MaxLength} characters";
            return null;
        }

        try
        {
            return new Regex(Translate(pattern), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, Limit);
        }
        catch (RegexParseException malformed)
        {
            problem = $"is not a valid expression: {Words(malformed.Error)}";
        }
        catch (NotSupportedException)
        {
            problem = "uses lookarounds, backreferences or repeats that cannot be matched in linear time";
        }
        catch (Exception malformed) when (malformed is FormatException or ArgumentException)
        {
            problem = "is not a valid expression: " + malformed.Message;
        }

        return null;
    }

    /// <summary>For a pattern that the configuration has accepted.</summary>
    public static Regex Compile(string pattern) => TryCompile(pattern, out var problem) ?? throw new ArgumentException("branch_regex " + problem, nameof(pattern));

    private static string Translate(string pattern)
    {
        var translated = new StringBuilder();
        for (var at = 0; at < pattern.Length;)
        {
            var rest = pattern.AsSpan(at);
            at += rest[0] switch
            {
                '\\' => Escape(rest, translated, inClass: false),
                '[' => Class(rest, translated),
                '(' when rest.StartsWith("(?") => Group(rest, translated),
                _ => Copy(rest, 1, translated),
            };
        }

        return translated.ToString();
    }

    private static int Group(ReadOnlySpan<char> rest, StringBuilder translated)
    {
        if (rest.StartsWith("(?P<"))
        {
            translated.Append("(?<");
            return 4;
        }

        // Go has (?<name>…) and the flags i, m and s; the rest of .NET's groups means something else or nothing there.
        var flags = rest[2..].IndexOfAnyExcept("ims-");
        var next = flags < 0 ? '\0' : rest[2 + flags];
        if (next is ':' or ')' || (flags == 0 && rest.StartsWith("(?<") && !rest.StartsWith("(?<=") && !rest.StartsWith("(?<!")))
        {
            return Copy(rest, 2, translated);
        }

        throw rest.Length > 2 && rest[2] is '=' or '!' or '<'
            ? new NotSupportedException()
            : new FormatException($"{Wording.Quote(rest[..Math.Min(4, rest.Length)].ToString())} is not supported");
    }

    private static int Escape(ReadOnlySpan<char> rest, StringBuilder translated, bool inClass)
    {
        if (rest.Length < 2)
        {
            throw new FormatException("it ends with a backslash");
        }

        var letter = rest[1];
        switch (letter)
        {
            case 'Q' when !inClass:
                var end = rest.IndexOf(@"\E");
                var literal = end < 0 ? rest[2..] : rest[2..end];
                translated.Append(Regex.Escape(literal.ToString()));
                return end < 0 ? rest.Length : end + 2;
            case 'd' or 'w' or 's':
                translated.Append(inClass ? AsciiClasses[letter] : $"[{AsciiClasses[letter]}]");
                return 2;
            case 'D' or 'W' or 'S' when !inClass:
                translated.Append(CultureInfo.InvariantCulture, $"[^{AsciiClasses[char.ToLowerInvariant(letter)]}]");
                return 2;
            case 'p' or 'P' when rest.Length > 2 && rest[2] != '{':
                translated.Append(CultureInfo.InvariantCulture, $@"\{letter}{{{rest[2]}}}");
                return 3;
            case 'x' when rest.Length > 2 && rest[2] == '{':
                return CodePoint(rest, translated);
            case 'k' or (>= '1' and <= '9'):
                throw new NotSupportedException();
            case 'C' or 'G' or 'Z' or 'c' or 'e' or 'u':
                throw new FormatException($"\\{letter} is not supported");
            default:
                return Copy(rest, 2, translated);
        }
    }

    private static int CodePoint(ReadOnlySpan<char> rest, StringBuilder translated)
    {
        var close = rest.IndexOf('}');
        if (close < 0 || !int.TryParse(rest[3..close], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || code is < 0 or > 0xFFFF)
        {
            throw new FormatException(@"\x{…} takes up to four hexadecimal digits");
        }

        translated.Append(CultureInfo.InvariantCulture, $@"\u{code:X4}");
        return close + 1;
    }

    private static int Class(ReadOnlySpan<char> rest, StringBuilder translated)
    {
        var at = rest.StartsWith("[^") ? 2 : 1;
        translated.Append(rest[..at]);
        for (var first = true; at < rest.Length; first = false)
        {
            var here = rest[at..];
            if (here[0] == ']' && !first)
            {
                translated.Append(']');
                return at + 1;
            }

            at += here[0] switch
            {
                ']' => Literal(here[0], translated),
                '[' when here.StartsWith("[:") => PosixClass(here, translated),
                '[' => Literal(here[0], translated),
                '\\' => Escape(here, translated, inClass: true),
                _ => Copy(here, 1, translated),
            };
        }

        throw new FormatException("a bracket is not closed");
    }

    private static int PosixClass(ReadOnlySpan<char> rest, StringBuilder translated)
    {
        var close = rest.IndexOf(":]");
        if (close < 2 || !Posix.TryGetValue(rest[2..close].ToString(), out var characters))
        {
            throw new FormatException("a [:class:] is not known");
        }

        translated.Append(characters);
        return close + 2;
    }

    private static int Literal(char character, StringBuilder translated)
    {
        translated.Append('\\').Append(character);
        return 1;
    }

    private static int Copy(ReadOnlySpan<char> rest, int length, StringBuilder translated)
    {
        translated.Append(rest[..Math.Min(length, rest.Length)]);
        return length;
    }

    private static string Words(RegexParseError error) => string.Concat(error.ToString().Select((letter, at) => char.IsUpper(letter) && at > 0 ? $" {char.ToLowerInvariant(letter)}" : char.ToLowerInvariant(letter).ToString()));
}
