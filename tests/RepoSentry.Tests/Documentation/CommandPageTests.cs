using System.Text.RegularExpressions;
using RepoSentry.Tests.Cli;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Documentation;

/// <summary>The pages about the commands, compared with the commands. REPOSENTRY_REGENERATE=1 writes the blocks with their options anew.</summary>
public sealed partial class CommandPageTests
{
    // Written for the whole executable, or by the words about another program.
    private static readonly string[] Everywhere = ["--help", "--version"];

    public static TheoryData<string> Pages => ["docs/en/cli.md", "docs/zh/cli.md"];

    [Theory]
    [MemberData(nameof(Pages))]
    public void They_have_a_heading_for_each_command_and_for_nothing_else(string page)
    {
        var headings = Document.At(page).Headings.Where(heading => heading.StartsWith("##", StringComparison.Ordinal)).Select(heading => heading.TrimStart('#').Trim()).Skip(2);
        headings.ShouldBe(CommandTable.All.Select(pair => pair.Path).Where(path => path.Length > 0), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void They_name_each_long_option_and_no_other(string page)
    {
        var named = LongOption.Matches(Document.At(page).Text).Select(match => match.Value).Except(Everywhere).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        var known = CommandTable.All.SelectMany(pair => pair.Command.Options).SelectMany(option => option.Aliases.Append(option.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal)).Except(Everywhere).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        named.ShouldBe(known);
    }

    [Theory]
    [MemberData(nameof(Pages))]
    public void The_block_below_each_command_is_what_its_help_says(string page)
    {
        if (Environment.GetEnvironmentVariable("REPOSENTRY_REGENERATE") == "1")
        {
            var file = Path.Combine(Document.Root, page);
            File.WriteAllText(file, HelpBlock.Replace(File.ReadAllText(file), match => Helps.Select(help => help[(help.IndexOf("Usage:\n  ", StringComparison.Ordinal) + 9)..].TrimEnd())
                .Where(help => help.StartsWith(match.Groups["command"].Value + " ", StringComparison.Ordinal)).Select(help => $"```text\n{help}\n```").FirstOrDefault(match.Value)));
        }

        var blocks = Document.At(page).Blocks.Where(block => block.Language == "text").Select(block => string.Join('\n', block.Lines)).ToList();
        blocks.Count.ShouldBe(CommandTable.Leaves.Count());
        blocks.Zip(blocks.Select(block => "Usage:\n  " + block)).Where(pair => !Helps.Any(help => help.Contains(pair.Second, StringComparison.Ordinal))).Select(pair => pair.First).ShouldBeEmpty();
    }

    private static List<string> Helps => field ??= [.. Directory.EnumerateFiles(Path.Combine(Document.Root, "tests/RepoSentry.Tests/Cli/Help")).Select(File.ReadAllText)];

    [GeneratedRegex("```text\n(?<command>reposentry( [a-z]+)*)(?: [^\n]*)?\n[^`]*```", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex HelpBlock { get; }

    [GeneratedRegex("(?<![a-z-])--[a-z][a-z-]*", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex LongOption { get; }
}
