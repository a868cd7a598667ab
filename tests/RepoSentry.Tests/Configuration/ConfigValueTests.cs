using CsCheck;
using RepoSentry.Configuration;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration;

/// <summary>Durations and branch expressions.</summary>
public sealed class ConfigValueTests
{
    [Theory]
    [InlineData("30s", 30_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("250ms", 250)]
    [InlineData("1.5s", 1500)]
    [InlineData("30d", 2_592_000_000)]
    [InlineData("1d12h", 129_600_000)]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    public void A_duration_is_read_as_go_writes_it(string text, long milliseconds)
    {
        Durations.TryParse(text, out var duration).ShouldBeTrue();
        duration.ShouldBe(TimeSpan.FromMilliseconds(milliseconds));
    }

    [Theory]
    [InlineData("")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 s")]
    [InlineData("1w")]
    [InlineData("1.2.3s")]
    [InlineData("99999999999999999999d")]
    [InlineData("1e9s")]
    public void What_is_no_duration_is_refused(string text) => Durations.TryParse(text, out _).ShouldBeFalse();

    [Fact]
    public void A_formatted_duration_reads_back() =>
        Gen.Long[0, 400L * 86_400_000].Sample(milliseconds =>
        {
            var duration = TimeSpan.FromMilliseconds(milliseconds);
            return Durations.TryParse(Durations.Format(duration), out var back) && back == duration;
        });

    [Theory]
    [InlineData(66_666.6666666, "18h31m7s")]
    [InlineData(6.6666666, "6.67s")]
    [InlineData(0.25, "250ms")]
    [InlineData(3600, "1h")]
    public void What_is_shown_of_a_duration_is_as_exact_as_anybody_reads(double seconds, string text) => Durations.About(TimeSpan.FromSeconds(seconds)).ShouldBe(text);

    [Theory]
    [InlineData("^(main|dev)$", "dev", true)]
    [InlineData("^(main|dev)$", "develop", false)]
    [InlineData("elea", "release/1", true)]
    [InlineData("^(?P<kind>feature|fix)/", "fix/1", true)]
    [InlineData("^(?<kind>feature|fix)/", "fix/1", true)]
    [InlineData("(?i)^MAIN$", "main", true)]
    [InlineData("(?i:MAIN)$", "main", true)]
    [InlineData(@"^v\d+$", "v1", true)]
    [InlineData(@"^v\d+$", "v١", false)]
    [InlineData(@"^\w+$", "é", false)]
    [InlineData(@"^[\w/]+$", "a/b", true)]
    [InlineData("^[[:alpha:]]+$", "abc", true)]
    [InlineData("^[[:alpha:]]+$", "ab1", false)]
    [InlineData("^[[:^digit:]", "", null)]
    [InlineData(@"^\pL+$", "é", true)]
    [InlineData(@"^\p{Greek}+$", "", null)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData(@"^\x{61}$", "a", true)]
    [InlineData("^[a[]$", "[", true)]
    [InlineData("^[]a]$", "]", true)]
    [InlineData("(?=main)", "", null)]
    [InlineData("(?!wip)", "", null)]
    [InlineData("(?<=a)b", "", null)]
    [InlineData("(?>a)", "", null)]
    [InlineData("(?x) a", "", null)]
    [InlineData(@"(a)\1", "", null)]
    [InlineData("(?U)a+", "", null)]
    [InlineData("a{1000}{1000}", "", null)]
    [InlineData("[a", "", null)]
    [InlineData("a\\", "", null)]
    public void A_branch_regex_means_what_it_means_in_go_or_is_refused(string pattern, string branch, bool? matches) =>
        BranchRegex.TryCompile(pattern, out _)?.IsMatch(branch).ShouldBe(matches.ShouldNotBeNull());

    [Fact]
    public void A_pattern_that_explodes_elsewhere_is_linear_here() =>
        BranchRegex.Compile("^(a+)+$").IsMatch(new string('a', 5000) + "!").ShouldBeFalse();

    [Fact]
    public void Any_pattern_is_compiled_or_refused() =>
        Gen.OneOf([.. ((string[])["a", "(", ")", "[", "]", "^", "$", "|", "*", "+", "?", "{2,3}", "\\", "d", "Q", "E", "p", "P", "<", ">", "n", ":", "x", "{", "}", "-", "(?P<", "[[:", ":]", "alpha", "é"]).Select(Gen.Const)])
            .Array[0, 20].Sample(
                parts =>
                {
                    var regex = BranchRegex.TryCompile(string.Concat(parts), out var problem);
                    return regex is null == problem.Length > 0;
                },
                iter: 20_000);
}
