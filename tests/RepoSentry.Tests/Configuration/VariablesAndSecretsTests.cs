using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

public sealed class VariablesAndSecretsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("secrets").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Theory]
    [InlineData("${A_URL}", "a")]
    [InlineData("x${A_URL}y${A_URL}", "xaya")]
    [InlineData("${B_URL:-b}", "b")]
    [InlineData("${B_URL:-}", "")]
    [InlineData("$$${A_URL}", "$a")]
    [InlineData("$${A_URL}", "${A_URL}")]
    [InlineData("cost $5", "cost $5")]
    public void Variables_are_expanded(string written, string expected) =>
        ConfigOf.Good($"app: {{ log_file: '{written}' }}", ("A_URL", "a")).App.LogFile.ShouldBe(expected);

    [Theory]
    [InlineData("${HOME}", "the variable HOME may not be used (allow it in security.allowed_env_vars)")]
    [InlineData("${B_URL}", "the variable B_URL is not set (set it, or write ${B_URL:-default})")]
    [InlineData("${B-C}", "\"B-C\" is not a variable's name (write ${NAME} or ${NAME:-default}, and $$ for a dollar)")]
    public void A_variable_that_is_refused_or_missing_is_told(string written, string expected) =>
        ConfigOf.Errors($"app:\n  log_file: {written}\n", ("HOME", "/root")).ShouldBe(["config.yaml:2:13: app.log_file: " + expected]);

    [Fact]
    public void The_file_says_which_variables_it_may_use() =>
        ConfigOf.Good("app: { log_file: '${MY_LOG}' }\nsecurity: { allowed_env_vars: [MY_*] }\n", ("MY_LOG", "/log")).App.LogFile.ShouldBe("/log");

    [Fact]
    public void Keys_are_never_expanded() => ConfigOf.Errors("${A_URL}: {}\n", ("A_URL", "app")).ShouldHaveSingleItem().ShouldContain("unknown key \"${A_URL}\"");

    [Fact]
    public void What_is_missing_in_an_entry_that_is_not_enabled_is_a_warning()
    {
        const string Text = "repositories:\n  - { name: a, url: \"https://g/a\", token: \"${B_TOKEN}\", enabled: false }\n  - { name: b, url: \"https://g/b\", token: \"file:missing\", enabled: false }\n  - { name: c, url: \"${B_URL}\", enabled: false }\n";

        ConfigOf.Good(Text).Repositories.Select(repository => (repository.Name, repository.Enabled)).ShouldBe([("a", false), ("b", false)]);
        ConfigOf.Warnings(Text).Count.ShouldBe(3);
    }

    [Fact]
    public void No_error_repeats_the_value_of_a_variable() =>
        ConfigOf.Errors("app: { log_level: '${A_TOKEN}' }\npolling: { interval: '${A_TOKEN}' }\nrepositories: [{ name: a, url: '${A_TOKEN}', branches: ['^${A_TOKEN}'] }]\n", ("A_TOKEN", "hunter2"))
            .ShouldAllBe(error => !error.Contains("hunter2"));

    [Fact]
    public void A_literal_secret_is_taken_with_a_warning()
    {
        const string Text = "repositories:\n  - { name: a, url: https://g/a, token: hunter2 }\n";

        ConfigOf.Good(Text).Providers[0].Token!.Reveal().ShouldBe("hunter2");
        ConfigOf.Warnings(Text).ShouldBe(["config.yaml:2:41: repositories[0].token: a secret stands here in plain text (use a reference: ${NAME}, env:NAME or file:PATH)"]);
    }

    [Fact]
    public void A_variables_value_is_never_taken_for_a_reference() =>
        Token("${A_TOKEN}", ("A_TOKEN", "file:/etc/passwd")).Reveal().ShouldBe("file:/etc/passwd");

    [Fact]
    public void A_reference_to_the_environment_keeps_to_the_allowed_variables() =>
        ConfigOf.Errors("repositories:\n  - { name: a, url: https://g/a, token: \"env:HOME\" }\n", ("HOME", "x")).ShouldHaveSingleItem().ShouldContain("the variable HOME may not be used");

    [Fact]
    public void A_secret_file_is_read_again_when_it_changes_and_outlives_its_loss()
    {
        var path = Path.Combine(folder, "token");
        File.WriteAllText(path, "one\n");
        var token = Token("file:token");
        token.Reveal().ShouldBe("one");

        File.WriteAllText(path, "second\n");
        token.Reveal().ShouldBe("second");

        File.Delete(path);
        token.Reveal().ShouldBe("second");
        token.Origin.ShouldBe("file:token");
    }

    [Fact]
    public void A_swapped_symbolic_link_is_a_change()
    {
        File.WriteAllText(Path.Combine(folder, "v1"), "one\n");
        File.WriteAllText(Path.Combine(folder, "v2"), "two\n");
        File.SetLastWriteTimeUtc(Path.Combine(folder, "v2"), new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var link = Path.Combine(folder, "token");
        File.CreateSymbolicLink(link, "v1");
        var token = Token("file:token");
        token.Reveal().ShouldBe("one");

        File.Delete(link);
        File.CreateSymbolicLink(link, "v2");
        token.Reveal().ShouldBe("two");
    }

    [Theory]
    [InlineData("file:missing", "the secret file \"missing\" does not exist (paths stand relative to the configuration file)")]
    [InlineData("file:.", "the secret file \".\" cannot be read")]
    [InlineData("file:empty", "the secret file \"empty\" is empty")]
    [InlineData("file:a\\0b", "the secret file \"a\\u0000b\" cannot be read")]
    [InlineData("file:lines", "the secret has control characters or several lines")]
    public void A_secret_file_that_cannot_serve_is_told(string reference, string expected)
    {
        File.WriteAllText(Path.Combine(folder, "empty"), "\n");
        File.WriteAllText(Path.Combine(folder, "lines"), "hunter2\nhunter2\n");

        LoadToken(reference).Errors.ShouldHaveSingleItem().ToString().ShouldContain("repositories[0].token: " + expected);
    }

    private Secret Token(string reference, params (string, string)[] environment) => LoadToken(reference, environment).Config.ShouldNotBeNull().Providers[0].Token.ShouldNotBeNull();

    private LoadedConfig LoadToken(string reference, params (string, string)[] environment) =>
        ConfigLoader.LoadText($"repositories:\n  - {{ name: a, url: https://g/a, token: \"{reference}\" }}\n", Path.Combine(folder, "config.yaml"), ConfigOf.Environment(environment));
}
