using RepoSentry.Abstractions;
using RepoSentry.Polling;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class RefFilterTests
{
    [Fact]
    public void An_expression_that_takes_too_long_for_a_name_fails_the_look_by_that_reason()
    {
        var filter = RefFilter.Parse("regex:a[ab]{900}!"); // each letter of the name has some 450 states to go on from, no two letters the same ones: a minute's work on a fast machine
        var random = new Random(1);

        var failure = Should.Throw<RefSourceException>(() => filter.Matches("refs/heads/" + string.Create(8_000_000, random, (name, draw) => draw.GetItems<char>("ab", name))));

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("simplify the globs or branch_regex");
    }

    [Fact]
    public void A_filter_of_exact_names_matches_them_alone_whatever_they_look_like_as_a_pattern()
    {
        var filter = RefFilter.Parse(RefFilter.Exactly(["refs/heads/!odd", "refs/heads/a"]).Text);

        filter.Matches("refs/heads/!odd").ShouldBeTrue();
        filter.Matches("refs/heads/a").ShouldBeTrue();
        filter.Matches("refs/heads/ab").ShouldBeFalse();
        filter.MatchesNothing.ShouldBeFalse();
    }
}
