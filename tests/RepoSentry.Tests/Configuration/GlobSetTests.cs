using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

public sealed class GlobSetTests
{
    [Fact]
    public void Hundreds_of_long_globs_are_matched_as_well()
    {
        var globs = GlobSet.Of([.. Enumerable.Range(0, 400).Select(number => $"{new string('x', 200)}{number}/**/*"), "!**/secret"]);

        globs.Matches($"{new string('x', 200)}399/a/b").ShouldBeTrue();
        globs.Matches($"{new string('x', 200)}399/a/secret").ShouldBeFalse();
        globs.Matches($"{new string('x', 200)}400/a/b").ShouldBeFalse();
    }

    [Theory]
    [InlineData("main", "main", true)]
    [InlineData("main", "main2", false)]
    [InlineData("release/*", "release/1.0", true)]
    [InlineData("release/*", "release/1.0/fix", false)]
    [InlineData("release/**", "release/1.0/fix", true)]
    [InlineData("**", "any/thing", true)]
    [InlineData("*", "any/thing", false)]
    [InlineData("v?", "v1", true)]
    [InlineData("v?", "v10", false)]
    [InlineData("a.b", "axb", false)]
    [InlineData("**/fix", "a/b/fix", true)]
    [InlineData("**, !wip/**", "wip/x", false)]
    [InlineData("!wip/**, **", "wip/x", false)]
    [InlineData("!wip/**", "main", true)]
    [InlineData("!wip/**", "wip/x", false)]
    public void A_glob_matches_as_documented(string patterns, string name, bool matches) =>
        GlobSet.Of(patterns.Split(", ")).Matches(name).ShouldBe(matches);

    [Fact]
    public void An_empty_list_matches_nothing() => GlobSet.Of([]).Matches("main").ShouldBeFalse();

    [Fact]
    public void Lists_that_look_alike_when_joined_are_not_taken_for_one()
    {
        GlobSet.Of([]).Matches("").ShouldBeFalse();
        GlobSet.Of([""]).Matches("").ShouldBeTrue();
        GlobSet.Of(["a", "b"]).Matches("a").ShouldBeTrue();
        GlobSet.Of(["a\nb"]).Matches("a").ShouldBeFalse();
        GlobSet.OfPaths(["**/x"]).Matches("x").ShouldBeTrue();
        GlobSet.Of(["/", "**/x"]).Matches("x").ShouldBeFalse();
    }

    [Theory]
    [InlineData("main, release/*", "main, release/")]
    [InlineData("main, *", "")]
    [InlineData("**", "")]
    [InlineData("main, !main2", "main")]
    public void Literal_prefixes_hold_every_match(string patterns, string prefixes) =>
        string.Join(", ", GlobSet.Of(patterns.Split(", ")).LiteralPrefixes()).ShouldBe(prefixes);
}
