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
        var types = EventTypes.All;
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

    [Fact]
    public void Every_command_within_a_sentence_or_a_table_is_one_that_there_is()
    {
        var checks = new CommandChecks();
        var commands = (from document in Document.All
                        from code in Code.Matches(Fenced.Replace(document.Text, "")).AsEnumerable()
                        let text = code.Groups["text"].Value
                        where text.StartsWith("reposentry ", StringComparison.Ordinal) && char.IsAsciiLetterLower(text["reposentry ".Length])
                        from command in ShellText.Commands([text])
                        select (document.Path, Command: command)).ToList();

        commands.Count.ShouldBeGreaterThan(40);
        (from one in commands from problem in checks.Problems(one.Command) where problem.Contains("Unrecognized", StringComparison.Ordinal) select $"{one.Path}: {problem}").ShouldBeEmpty();
    }

    [Fact]
    public void Every_file_of_the_sources_that_a_document_names_is_there()
    {
        var named = (from document in Document.All
                     where document.Path != "CHANGELOG.md"
                     from file in Source.Matches(document.Text).AsEnumerable()
                     select (document.Path, File: file.Groups["path"].Value)).ToList();

        named.Count.ShouldBeGreaterThan(40);
        named.Where(one => !Path.Exists(Path.Combine(Document.Root, one.File))).ShouldBeEmpty();
    }

    private static List<Match> Rows(string page, Regex pattern) => [.. pattern.Matches(Document.At(page).Text).AsEnumerable()];

    private static IEnumerable<string> Names(Match row, string group) =>
        Code.Matches(row.Groups[group].Value).Select(code => code.Groups["text"].Value.Replace("…", "any", StringComparison.Ordinal)).Where(name => !row.Groups["glob"].Value.StartsWith('!') || name != "wip/any");

    [GeneratedRegex(@"^\| [^`|]*`(?<glob>[!*a-z/]+)`[^|]*\| (?<yes>[^|]+) \| (?<no>[^|]*)\|$", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Pattern { get; }

    [GeneratedRegex(@"^\| `(?<type>(branch|tag|pull_request|commit)_[a-z]+)` \|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex TypeRow { get; }

    [GeneratedRegex(@"^\| (?<cell>`[^|]+) \|", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Cell { get; }

    [GeneratedRegex("`(?<text>[^`]+)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Code { get; }

    // A name that begins with X stands for another.
    [GeneratedRegex("`(?<path>(src|tests|docs|deploy|benchmarks)/(?!.*X[A-Z])[A-Za-z0-9./_-]+)`", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Source { get; }

    [GeneratedRegex("^```.*?^```", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Fenced { get; }
}
