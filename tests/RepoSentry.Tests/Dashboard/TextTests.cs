using System.Text.RegularExpressions;
using RepoSentry.Dashboard.Texts;
using RepoSentry.Tests.Architecture;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

public sealed partial class TextTests
{
    // Keys that are put together of a word of the API.
    private static readonly string[] Built = ["nav.", "role.", "said.", "theme.", "status.", "kind.", "problem.", "keys."];

    [Fact]
    public void Each_text_stands_once_and_says_something_in_both_languages()
    {
        Words.All.Select(text => text.Key).ShouldBeUnique();
        Words.All.Where(text => text.English.Length == 0 || text.Chinese.Length == 0).ShouldBeEmpty();
    }

    [Fact]
    public void Both_languages_have_the_same_places_for_values() =>
        Words.All.Where(text => !Places(text.English).SequenceEqual(Places(text.Chinese))).Select(text => text.Key).ShouldBeEmpty();

    [Fact]
    public void Pages_use_the_texts_there_are_and_no_text_is_left_over()
    {
        var folder = Path.Combine(ShapeTests.Root(), "src/RepoSentry/Dashboard");
        var source = string.Concat(Directory.EnumerateFiles(folder, "*.*", SearchOption.AllDirectories).Where(file => !file.Contains("/Texts/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var used = Key.Matches(source).Select(match => match.Groups["key"].Value).ToHashSet(StringComparer.Ordinal);
        var known = Words.All.Select(text => text.Key).ToHashSet(StringComparer.Ordinal);

        used.Count.ShouldBeGreaterThan(150);
        used.Where(key => !key.EndsWith('.') && !known.Contains(key)).ShouldBeEmpty();
        known.Where(key => !Built.Any(prefix => key.StartsWith(prefix, StringComparison.Ordinal)) && !source.Contains($"\"{key}\"", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    private static IEnumerable<string> Places(string text) => Place.Matches(text).Select(match => match.Value).Order(StringComparer.Ordinal);

    [GeneratedRegex(@"\{[0-9]\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Place { get; }

    [GeneratedRegex("""\bT(\.Of\(|\[)"(?<key>[a-zA-Z0-9.-]+)"[\],)]""", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Key { get; }
}
