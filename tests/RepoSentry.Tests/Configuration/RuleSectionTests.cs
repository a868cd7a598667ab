using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

public sealed class RuleSectionTests
{
    [Fact]
    public void Rules_are_read_and_a_slash_at_the_root_is_forgiven()
    {
        var repository = Read("paths: [/src/**, '!/src/docs/**', '*.md'], skip_messages: ['[skip ci]'], ignore_authors: ['*@bots.example', 'dependabot[bot]'], loop_guard: stop");

        repository.Paths.ShouldBe(["src/**", "!src/docs/**", "*.md"]);
        repository.SkipMessages.ShouldBe(["[skip ci]"]);
        repository.IgnoreAuthors.ShouldBe(["*@bots.example", "dependabot[bot]"]);
        repository.LoopGuard.ShouldBe("stop");
    }

    [Fact]
    public void Without_them_everything_is_delivered_and_loops_are_told()
    {
        var repository = Read("enabled: true");

        (repository.Paths.Count + repository.SkipMessages.Count + repository.IgnoreAuthors.Count).ShouldBe(0);
        repository.LoopGuard.ShouldBe("warn");
    }

    [Theory]
    [InlineData("paths: ['']", "config.yaml:1:64: repositories[0].paths: an empty glob (** matches every file)")]
    [InlineData("paths: ['!']", "repositories[0].paths: an empty glob")]
    [InlineData("paths: [src/]", "\"src/\" names a folder, and changes are of files (write \"src/**\")")]
    [InlineData("paths: ['src\\a.cs']", "has a backslash (paths are written with /)")]
    [InlineData("paths: [./src/**]", "is no path from the root of the repository")]
    [InlineData("paths: [../src/**]", "is no path from the root of the repository")]
    [InlineData("paths: ['a//b']", "is no path from the root of the repository")]
    [InlineData("paths: { a: b }", "repositories[0].paths: expected a list")]
    [InlineData("skip_messages: [' ']", "repositories[0].skip_messages: an empty text, which every message has")]
    [InlineData("ignore_authors: ['*']", "repositories[0].ignore_authors: it names everybody")]
    [InlineData("loop_guard: halt", "repositories[0].loop_guard: must be one of warn, stop, off, found \"halt\"")]
    public void A_mistake_is_told_with_its_place(string rule, string expected) => ConfigOf.Errors(Entry(rule)).ShouldHaveSingleItem().ShouldContain(expected);

    private static RepositoryConfig Read(string rules) => ConfigLoader.LoadText(Entry(rules), "config.yaml").Config!.Repositories.ShouldHaveSingleItem();

    private static string Entry(string rules) => $"repositories: [{{ name: a, url: \"https://g.example/a/a\", {rules} }}]";
}
