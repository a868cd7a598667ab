using System.Globalization;
using System.Text;

namespace RepoSentry.Providers.PlainGit;

/// <summary>What a stranger sent, fit for a message: short, on one line, nothing that moves a terminal's cursor or turns the reading direction.</summary>
internal static class SafeText
{
    private const int MaxLength = 200;

    public static string Of(ReadOnlySpan<byte> bytes) => Of(Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, MaxLength * 4)]));

    public static string Of(string text)
    {
        var safe = new StringBuilder();
        foreach (var rune in text.Trim().EnumerateRunes())
        {
            if (safe.Length >= MaxLength)
            {
                return safe.Append('…').ToString();
            }

            var shown = Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned);
            safe.Append(shown ? rune.ToString() : string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"));
        }

        return safe.ToString();
    }

    /// <summary>A URL as messages show it: without userinfo and query.</summary>
    public static string Of(Uri url) => url.IsAbsoluteUri
        ? Of(url.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped))
        : Of(url.OriginalString);
}
