using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The wizard as its user sees it, on a terminal.</summary>
public sealed class InitTerminalTests : IDisposable
{
    private const string Enter = "\r";
    private const string Backspace = "\x7f";
    private const string Arrows = "\e[A\e[B\e[C\e[D";
    private const string ControlC = "\x03";
    private const string ControlD = "\x04";

    private readonly TemporaryFolder folder = new();

    private string Config => Path.Combine(folder.Path, "reposentry.yaml");

    [Fact]
    public async Task Keys_pressed_on_a_terminal_make_a_configuration_that_is_valid()
    {
        await using var terminal = Start();
        await terminal.TypeAsync("Type of the forge (github, gitlab, gitea, bitbucket, azure, git) (github): ", "nonsense" + Enter);
        await terminal.TypeAsync("it is one of github, gitlab, git", "");
        await terminal.TypeAsync("Type of the forge", "");
        await terminal.TypeAsync("(github): ", Arrows + "gitx" + Backspace + "lab" + Enter);
        await terminal.TypeAsync("URL of the forge", Enter);
        await terminal.TypeAsync("its token", Enter);
        await terminal.TypeAsync("URLs of the repositories", "https://gitlab.com/acme/web" + Enter);
        await terminal.TypeAsync("Branches", Enter);
        await terminal.TypeAsync("URL of the EventListener", Enter);
        await terminal.TypeAsync("its secret", Enter);
        await terminal.TypeAsync("Interval between looks", "30s" + Enter);
        await terminal.TypeAsync("Address of the API", Enter);
        await terminal.TypeAsync("Next:\n  reposentry check\n  reposentry run\n", "");

        (await terminal.ExitAsync()).ShouldBe(0, terminal.Text);
        terminal.Screen.ShouldContain("\e[38;5;", Case.Sensitive, "colours are for terminals");
        var (code, _, errors) = await Service.RunAsync(["validate", "-c", Config], new Dictionary<string, string> { ["GITLAB_TOKEN"] = "a", ["WEBHOOK_SECRET"] = "b" });
        code.ShouldBe(0, errors);
        (await File.ReadAllTextAsync(Config, TestContext.Current.CancellationToken)).ShouldContain("interval: 30s");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ctrl_D_and_a_terminal_whose_input_ends_leave_the_wizard_and_nothing_is_written(bool inputEnds)
    {
        await using var terminal = Start();
        await terminal.TypeAsync("Type of the forge", Enter);
        await terminal.TypeAsync("URL of the forge (where its repositories live)", inputEnds ? "" : ControlD);
        if (inputEnds)
        {
            terminal.Leave();
        }

        (await terminal.ExitAsync()).ShouldBe(2, terminal.Text);
        terminal.Text.ShouldEndWith("\nthe input ended before \"URL of the forge\" was answered: reposentry.yaml was not written (--defaults asks nothing)\n");
        File.Exists(Config).ShouldBeFalse();
    }

    [Fact]
    public async Task Ctrl_C_leaves_the_wizard_and_nothing_is_written()
    {
        await using var terminal = Start();
        await terminal.TypeAsync("Type of the forge", ControlC);

        (await terminal.ExitAsync()).ShouldBeOneOf([1, 130], terminal.Text); // 130 where it comes as a signal: the question stands, and nobody reads keys yet
        File.Exists(Config).ShouldBeFalse();
    }

    [Theory]
    [InlineData("NO_COLOR", "1")]
    [InlineData("TERM", "dumb")]
    public async Task Whoever_wants_no_colour_gets_none(string name, string value)
    {
        await using var terminal = Start((name, value));
        await terminal.TypeAsync("Type of the forge (github, gitlab, gitea, bitbucket, azure, git) (github): ", "nonsense" + Enter);
        await terminal.TypeAsync("it is one of github, gitlab, git", "");
        await terminal.TypeAsync("Type of the forge", ControlD);

        await terminal.ExitAsync();
        terminal.Screen.ShouldNotContain("\e[3", Case.Sensitive);
        terminal.Screen.ShouldNotContain("\e[9", Case.Sensitive);
    }

    public void Dispose() => folder.Dispose();

    private Terminal Start(params (string Name, string Value)[] environment) =>
        Terminal.Start($"exec '{Service.Executable}' init", folder.Path, [("GITLAB_TOKEN", ""), ("WEBHOOK_SECRET", ""), .. environment]);
}
