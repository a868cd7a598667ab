using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The wizard as it is used from a pipe.</summary>
public sealed class InitCommandTests : IDisposable
{
    private static readonly Dictionary<string, string> Set = new() { ["GITHUB_TOKEN"] = "a", ["GITLAB_TOKEN"] = "b", ["WEBHOOK_SECRET"] = "c" };
    private static readonly Dictionary<string, string> Unset = new() { ["GITHUB_TOKEN"] = "", ["GITLAB_TOKEN"] = "", ["WEBHOOK_SECRET"] = "" };

    private readonly TemporaryFolder folder = new();

    private string File => Path.Combine(folder.Path, "first.yaml");

    [Theory]
    [InlineData("--defaults", "", "GITHUB_TOKEN")]
    [InlineData("--force", "gitlab\n\n\nhttps://gitlab.com/a/web https://gitlab.com/b/web.git\nmain release/*\n\n\n30s\n0.0.0.0:8080\n", "GITLAB_TOKEN")]
    [InlineData("--force", "git\nhttps://git.corp\n-\nhttps://git.corp/x.git\n\nhttps://el.corp\n\n\n\n", "WEBHOOK_SECRET")]
    public async Task What_it_writes_is_valid_and_lacks_only_the_variables_that_it_names(string option, string input, string variable)
    {
        var (code, output, errors) = await Service.RunAsync(["init", "-c", File, option], Unset, input);
        code.ShouldBe(0, errors);
        output.ShouldBeEmpty();
        errors.ShouldContain($"Set {variable} first");
        errors.ShouldEndWith($"reposentry check -c {File}\n  reposentry run -c {File}\n");
        var written = await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken);
        written.ShouldStartWith("# yaml-language-server: $schema=");

        (await Service.RunAsync(["validate", "-c", File], Set)).ShouldBe((0, "", $"valid: {written.Split("- name:").Length - 2} repositories, 1 triggers, 1 providers\n"));
        var lacking = (await Service.RunAsync(["validate", "-c", File], Unset)).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lacking.Length.ShouldBe(errors.Split("Set ").Length - 1);
        lacking.ShouldAllBe(line => line.Contains(" is not set ", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("nope\n", "it is one of github, gitlab, git")]
    [InlineData("\nnope\n", "is not a URL")]
    [InlineData("\n\nswordfish\n", "that is not the name of a variable")]
    [InlineData("\n\n\nnope\n", "repositories[0].url: is not a URL")]
    [InlineData("\n\n\n\n", "this one has no default")]
    [InlineData("\n\n\nhttps://github.com/a/b\nma:in\n", "the glob \"ma:in\" has \":\"")]
    [InlineData("\n\n\nhttps://github.com/a/b\n\nhttp://el.corp\n", "https")]
    [InlineData("\n\n\nhttps://github.com/a/b\n\n\n\n5\n", "expected a duration")]
    [InlineData("\n\n\nhttps://github.com/a/b\n\n\n\n\nnowhere\n", "expected an address and a port")]
    public async Task A_wrong_answer_is_explained_and_the_end_of_the_input_writes_nothing(string input, string complaint)
    {
        var (code, _, errors) = await Service.RunAsync(["init", "-c", File], Unset, input);
        code.ShouldBe(2);
        errors.ShouldContain(complaint);
        errors.ShouldContain("the input ended before");
        errors.ShouldNotContain("swordfish", Case.Sensitive, "it may be the secret itself");
        System.IO.File.Exists(File).ShouldBeFalse();
    }

    [Theory]
    [InlineData(6, "kept", "\n")]
    [InlineData(6, "kept", "", "--defaults")]
    [InlineData(0, "# yaml", "", "--defaults", "--force")]
    [InlineData(0, "# yaml", "yes\n\n\n\nhttps://github.com/a/b\n\n\n\n\n\n")]
    public async Task A_file_that_is_there_is_not_written_over_without_a_yes(int expected, string begins, string input, params string[] options)
    {
        await System.IO.File.WriteAllTextAsync(File, "kept", TestContext.Current.CancellationToken);
        var (code, _, errors) = await Service.RunAsync(["init", "-c", File, .. options], Unset, input);
        code.ShouldBe(expected, errors);
        (await System.IO.File.ReadAllTextAsync(File, TestContext.Current.CancellationToken)).ShouldStartWith(begins);
    }

    public void Dispose() => folder.Dispose();
}
