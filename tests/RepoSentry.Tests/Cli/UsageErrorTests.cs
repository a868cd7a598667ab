using RepoSentry.Cli;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli;

public sealed class UsageErrorTests
{
    [Fact]
    public void Every_option_that_takes_a_number_says_so()
    {
        var numbers = (from pair in CommandTable.All
                       from option in pair.Command.Options
                       where (Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType) is var type && (type == typeof(int) || type == typeof(long) || type == typeof(double))
                       select (pair.Path, option.Name)).ToList();

        numbers.Count.ShouldBeGreaterThan(8);
        foreach (var (path, option) in numbers)
        {
            var told = Told([.. path.Split(' '), option, "abc"]);
            told.ShouldContain($"{option} takes a ", customMessage: path);
            told.ShouldContain($"see reposentry {path} --help");
        }
    }

    [Theory]
    [InlineData("bogus", "there is no command reposentry bogus\nsee reposentry --help\n")]
    [InlineData("repo lst", "there is no command reposentry repo lst (did you mean \"list\"?)\nsee reposentry repo --help\n")]
    [InlineData("status -o xml", "xml is none of: table, text, wide, json, yaml, name\nsee reposentry status --help\n")]
    [InlineData("run --log-level loud", "'loud' is not a log level: use trace, debug, info, warn, error\nsee reposentry run --help\n")]
    [InlineData("secrets", "name a command after reposentry secrets: rotate\nsee reposentry secrets --help\n")]
    [InlineData("repo poll web --timeout 0", "--timeout takes 1 to 86400 seconds\nsee reposentry repo poll --help\n")]
    public void What_cannot_be_typed_so_is_said_in_a_sentence(string line, string expected) => Told(line.Split(' ')).ShouldBe(expected);

    [Theory]
    [InlineData("status --help")]
    [InlineData("--version")]
    [InlineData("repo list")]
    [InlineData("run --log-level debug")]
    public void What_can_be_typed_is_not_complained_of(string line) => UsageError.Tell(RootCli.Create().Parse(line.Split(' ')), TextWriter.Null).ShouldBeFalse();

    private static string Told(string[] line)
    {
        using var errors = new StringWriter { NewLine = "\n" };
        UsageError.Tell(RootCli.Create().Parse(line), errors).ShouldBeTrue();
        return errors.ToString();
    }
}
