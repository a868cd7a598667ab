using System.CommandLine;
using RepoSentry.Cli;
using RepoSentry.Tests.Documentation;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli;

/// <summary>What --help says, word for word, and which command takes what. REPOSENTRY_REGENERATE=1 writes the texts anew.</summary>
public sealed class HelpTests
{
    private static readonly string Folder = Path.Combine(Document.Root, "tests/RepoSentry.Tests/Cli/Help");

    // Whoever adds a client command says here whether it only looks, and so can be watched.
    private static readonly Dictionary<string, bool> ClientCommands = new(StringComparer.Ordinal)
    {
        ["status"] = true,
        ["repo list"] = true,
        ["repo show"] = true,
        ["repo refs"] = true,
        ["repo polls"] = true,
        ["repo explain"] = true,
        ["repo release"] = false,
        ["repo add"] = false,
        ["repo remove"] = false,
        ["repo pause"] = false,
        ["repo resume"] = false,
        ["repo poll"] = false,
        ["event list"] = true,
        ["event show"] = true,
        ["event tail"] = false,
        ["event replay"] = false,
        ["delivery list"] = true,
        ["delivery show"] = true,
        ["delivery retry"] = false,
        ["trigger list"] = true,
        ["trigger pause"] = false,
        ["trigger resume"] = false,
        ["trigger test"] = false,
        ["trace"] = true,
        ["token create"] = false,
        ["token list"] = true,
        ["token revoke"] = false,
    };

    [Fact]
    public void Each_help_text_is_the_one_that_is_checked_in()
    {
        var made = CommandTable.All.ToDictionary(pair => (pair.Path.Length == 0 ? "reposentry" : pair.Path.Replace(' ', '-')) + ".txt", pair => Help(pair.Path));
        if (Environment.GetEnvironmentVariable("REPOSENTRY_REGENERATE") == "1")
        {
            Directory.CreateDirectory(Folder);
            Directory.EnumerateFiles(Folder).ToList().ForEach(File.Delete);
            made.ToList().ForEach(pair => File.WriteAllText(Path.Combine(Folder, pair.Key), pair.Value));
        }

        var files = Directory.EnumerateFiles(Folder).ToDictionary(file => Path.GetFileName(file), File.ReadAllText);
        files.Keys.ShouldBe(made.Keys, ignoreOrder: true);
        files.Where(pair => pair.Value != made[pair.Key]).Select(pair => pair.Key).ShouldBeEmpty("run this test with REPOSENTRY_REGENERATE=1 and look at the difference");
    }

    [Fact]
    public void Every_command_option_and_argument_is_described()
    {
        (from pair in CommandTable.All
         from symbol in pair.Command.Options.Cast<Symbol>().Concat(pair.Command.Arguments).Append(pair.Command)
         where string.IsNullOrWhiteSpace(symbol.Description)
         select $"{pair.Path}: {symbol.Name}").ShouldBeEmpty();
        CommandTable.All.Select(pair => pair.Command.Description).Distinct(StringComparer.Ordinal).Count().ShouldBe(CommandTable.All.Count);
    }

    [Fact]
    public void Client_commands_are_those_that_take_a_server_and_all_of_them_take_the_same_options()
    {
        CommandTable.Leaves.Where(path => path != "watch" && Takes(path, "--server", "http://x")) // watch takes any word for a URL
            .ShouldBe([.. ClientCommands.Keys, "secrets rotate", "support dump"], ignoreOrder: true);
        foreach (var (path, looks) in ClientCommands)
        {
            foreach (var form in (string[])["table", "wide", "json", "yaml", "name"])
            {
                Takes(path, "-o", form).ShouldBeTrue($"{path} -o {form}");
            }

            Takes(path, "-o", "xml").ShouldBeFalse(path);
            Takes(path, "--no-headers").ShouldBeTrue(path);
            Takes(path, "-w").ShouldBe(looks, path);
            Takes(path, "--watch").ShouldBe(looks, path);
        }
    }

    [Theory]
    [InlineData(2, "nonsense")]
    [InlineData(2, "status", "--nonsense")]
    [InlineData(2, "status", "--server", "ftp://x")]
    [InlineData(2, "event", "list", "--status", "nonsense")]
    [InlineData(2, "run", "--log-level", "loud")]
    [InlineData(5, "status", "--server", "http://127.0.0.1:1")]
    [InlineData(0, "version")]
    public async Task Exit_codes_are_those_of_the_table(int expected, params string[] arguments) => (await RootCli.InvokeAsync(arguments)).ShouldBe(expected);

    // Errors about what else the command needs are not about the option.
    private static bool Takes(string path, params string[] option)
    {
        var command = CommandTable.All.Single(pair => pair.Path == path).Command;
        string[] needed = [.. command.Arguments.Select(_ => "1"), .. command.Options.Where(known => known.Required).SelectMany(known => new[] { known.Name, "viewer" })];
        return RootCli.Create().Parse([.. path.Split(' '), .. needed, .. option]).Errors.Count == 0;
    }

    private static string Help(string path)
    {
        using var output = new StringWriter();
        RootCli.Create().Parse([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]).Invoke(new InvocationConfiguration { Output = output }).ShouldBe(0);
        var lines = output.ToString().ReplaceLineEndings("\n").Replace(RootCommand.ExecutableName, "reposentry", StringComparison.Ordinal).Split('\n').Select(line => line.TrimEnd());
        return string.Join('\n', lines).TrimEnd() + "\n";
    }
}

/// <summary>Every command, as the user types it.</summary>
internal static class CommandTable
{
    public static IReadOnlyList<(string Path, Command Command)> All { get; } = [.. Walk("", RootCli.Create())];

    public static IEnumerable<string> Leaves => All.Where(pair => pair.Command.Subcommands.Count == 0).Select(pair => pair.Path);

    private static IEnumerable<(string Path, Command Command)> Walk(string path, Command command) =>
        command.Subcommands.Where(inner => !inner.Hidden).SelectMany(inner => Walk($"{path} {inner.Name}".Trim(), inner)).Prepend((path, command));
}
