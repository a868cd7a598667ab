using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class ChangeRulesTests
{
    private static readonly CommitInfo Head = new()
    {
        Id = Build.Commit('2'),
        Message = "Bump the version [Skip CI]\n\nby the pipeline",
        Author = new PersonInfo("CI Bot", "ci@bots.example", "ci-bot[bot]"),
        Committer = new PersonInfo("GitHub", "noreply@github.com"),
    };

    [Theory]
    [InlineData("src/**", "src/a/b.cs", true)]
    [InlineData("src/*", "src/a/b.cs", false)]
    [InlineData("src/*", "src/b.cs", true)]
    [InlineData("**", "a", true)]
    [InlineData("*.md", "README.md", true)]
    [InlineData("*.md", "docs/README.md", false)]
    [InlineData("**/*.md", "README.md", true)]
    [InlineData("**/*.md", "docs/en/README.md", true)]
    [InlineData("src/**/test.cs", "src/test.cs", true)]
    [InlineData("src/**/test.cs", "src/a/b/test.cs", true)]
    [InlineData("src/**/test.cs", "srctest.cs", false)]
    [InlineData("!docs/**", "docs/a.md", false)]
    [InlineData("!docs/**", "docs/a.md,src/a.cs", true)]
    [InlineData("!src/gen/**,src/**", "src/gen/a.cs", false)]
    [InlineData("src/**", "docs/a.md,src/a.cs", true)]
    [InlineData("src/**", "", false)]
    [InlineData("SRC/**", "src/a.cs", false)]
    public void Paths_choose_by_any_file_that_changed(string globs, string files, bool fires)
    {
        var rules = new ChangeRules(Build.Repository() with { Paths = globs.Split(',') });

        var skipped = rules.Judge(Build.Event(), files.Split(',', StringSplitOptions.RemoveEmptyEntries));

        (skipped is null).ShouldBe(fires);
        skipped?.By.ShouldBe("paths");
    }

    [Theory]
    [InlineData(null, '2', false)] // what is not known of a new branch fires
    [InlineData('1', null, false)]
    public void A_creation_without_files_and_a_deletion_are_not_judged_by_paths(char? before, char? after, bool skipped)
    {
        var rules = new ChangeRules(Build.Repository() with { Paths = ["src/**"] });

        (rules.Judge(Build.Event(before: before, after: after), after is null ? ["docs/a"] : null) is not null).ShouldBe(skipped);
    }

    [Theory]
    [InlineData("[skip ci]", true)]
    [InlineData("by the pipeline", true)]
    [InlineData("[ci skip]", false)]
    public void A_message_is_searched_whatever_its_case(string text, bool skips)
    {
        var skipped = new ChangeRules(Build.Repository() with { SkipMessages = [text] }).Judge(Build.Event() with { Commits = [Head] }, null);

        (skipped is not null).ShouldBe(skips);
        skipped?.ShouldBe(new SkipInfo("skip_messages", $"the message of {Head.Id[..12]} has \"{text}\""));
    }

    [Theory]
    [InlineData("ci bot", true)]
    [InlineData("CI@BOTS.EXAMPLE", true)]
    [InlineData("*@bots.example", true)]
    [InlineData("ci-bot[bot]", true)]
    [InlineData("noreply@github.com", true)]
    [InlineData("GitHub", false)]
    [InlineData("ci", false)]
    [InlineData("ci\\ bot", false)]
    public void An_author_is_known_by_name_address_or_account_and_by_who_committed(string pattern, bool skips)
    {
        var skipped = new ChangeRules(Build.Repository() with { IgnoreAuthors = [pattern] }).Judge(Build.Event() with { Commits = [Head] }, null);

        (skipped is not null).ShouldBe(skips);
        skipped?.By.ShouldBe("ignore_authors");
    }

    [Fact]
    public void Only_the_head_is_looked_at_and_one_that_is_not_known_fires()
    {
        var rules = new ChangeRules(Build.Repository() with { SkipMessages = ["skip"], IgnoreAuthors = ["ci*"] });

        rules.Judge(Build.Event() with { Commits = [Head with { Id = Build.Commit('7') }, new CommitInfo { Id = Build.Commit('2'), Message = "feature" }] }, null).ShouldBeNull();
        rules.Judge(Build.Event(), null).ShouldBeNull();
        rules.Judge(Build.Event() with { Commits = [Head with { Id = Build.Commit('7') }] }, null).ShouldBeNull();
    }

    [Fact]
    public void Tags_are_judged_by_their_head_and_never_by_paths()
    {
        var rules = new ChangeRules(Build.Repository() with { SkipMessages = ["skip"], Paths = ["src/**"] });
        var tag = Build.Event() with { Change = new RefChange(RefKind.Tag, "refs/tags/v1", null, Build.Commit('2')) };

        rules.Judge(tag with { Commits = [Head] }, null)!.By.ShouldBe("skip_messages");
        rules.Judge(tag, ["docs/a"]).ShouldBeNull();
        rules.NeedsHead(new RefChange(RefKind.Tag, "refs/tags/v1", Build.Commit('2'), null)).ShouldBeFalse();
    }
}
