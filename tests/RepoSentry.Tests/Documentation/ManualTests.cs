using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>Tables of the manual, held against what the product does.</summary>
public sealed partial class ManualTests
{
    private static readonly string[] Languages = ["docs/en", "docs/zh"];

    [Fact]
    public void Every_pattern_of_the_page_about_events_matches_what_it_says()
    {
        foreach (var rows in Languages.Select(folder => Rows(folder + "/events.md", Pattern)))
        {
            rows.Count.ShouldBeGreaterThan(5);
            foreach (var row in rows)
            {
                var globs = GlobSet.Of([row.Groups["glob"].Value]);
                Names(row, "yes").ShouldAllBe(name => globs.Matches(name), row.Value);
                Names(row, "no").ShouldAllBe(name => !globs.Matches(name), row.Value);
            }
        }
    }

    [Fact]
    public void The_types_of_events_are_those_that_can_fire()
    {
        var types = EventTypes.All.Where(type => !type.StartsWith("pull_request", StringComparison.Ordinal)).ToList();
        foreach (var folder in Languages)
        {
            Rows(folder + "/events.md", TypeRow).Select(row => row.Groups["type"].Value).ShouldBe(types);
        }
    }

    [Fact]
    public void Every_message_of_the_page_about_providers_is_one_that_the_product_gives()
    {
        var source = string.Join('\n', Directory.EnumerateFiles(Path.Combine(Document.Root, "src/RepoSentry"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        foreach (var folder in Languages)
        {
            var text = Document.At(folder + "/providers.md").Text;
            var told = Cell.Matches(text[text.LastIndexOf("\n## ", StringComparison.Ordinal)..]).SelectMany(cell => Code.Matches(cell.Groups["cell"].Value)).Select(code => code.Groups["text"].Value).ToList();

            told.Count.ShouldBeGreaterThan(15);
            told.SelectMany(message => message.Split([" … ", " N "], StringSplitOptions.None)).Select(part => part.Replace(" …", "", StringComparison.Ordinal).Trim()).Where(part => !source.Contains(part, StringComparison.Ordinal)).ShouldBeEmpty(folder);
        }
    }

    private static List<Match> Rows(string page, Regex pattern) => [.. pattern.Matches(Document.At(page).Text).AsEnumerable()];

    private static IEnumerable<string> Names(Match row, string group) =>
        Code.Matches(row.Groups[group].Value).Select(code => code.Groups["text"].Value.Replace("…", "any", StringComparison.Ordinal)).Where(name => !row.Groups["glob"].Value.StartsWith('!') || name != "wip/any");

    [GeneratedRegex(@"^\| [^`|]*`(?<glob>[!*a-z/]+)`[^|]*\| (?<yes>[^|]+) \| (?<no>[^|]*)\|$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Pattern { get; }

    [GeneratedRegex(@"^\| `(?<type>(branch|tag)_[a-z]+)` \|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex TypeRow { get; }

    [GeneratedRegex(@"^\| (?<cell>`[^|]+) \|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Cell { get; }

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Code { get; }
}
