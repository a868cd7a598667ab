using RepoSentry.Abstractions;
using RepoSentry.Configuration.Secrets;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Configuration.Secrets;

public sealed class MasterKeyTests
{
    private static readonly string First = new('a', 32);
    private static readonly string Second = new('b', 32);

    [Fact]
    public void What_is_sealed_opens_for_its_owner_alone()
    {
        var key = Key(First);
        var text = key.Seal("pässword", "web https://git.example:443");

        text.ShouldStartWith("sealed:1:" + key.CurrentId + ":");
        key.Open(text, "web https://git.example:443").ShouldBe(("pässword", null));
        key.Open(text, "web https://evil.example:443").Problem!.ShouldContain("belongs to something else");
    }

    [Fact]
    public void The_same_text_is_sealed_differently_each_time() => Key(First).Seal("x", "o").ShouldNotBe(Key(First).Seal("x", "o"));

    [Fact]
    public void The_first_line_seals_and_each_line_opens()
    {
        var old = Key(Second).Seal("x", "o");
        var both = Key($"{First}\n{Second}\n");

        both.Open(old, "o").Plain.ShouldBe("x");
        both.Seal("x", "o").ShouldStartWith("sealed:1:" + Key(First).CurrentId);
        Key(First).Open(old, "o").Problem!.ShouldContain($"the key {Key(Second).CurrentId}, which is no line of security.master_key");
    }

    [Theory]
    [InlineData("")]
    [InlineData("zz")]
    [InlineData("zz:!")]
    [InlineData("zz:AAAA")]
    [InlineData("a:b:c")]
    public void What_is_damaged_is_said_to_be(string rest) => Key(First).Open("sealed:1:" + rest, "o").Problem.ShouldBe("is damaged");

    [Fact]
    public void One_flipped_bit_anywhere_is_seen()
    {
        var key = Key(First);
        var text = key.Seal("secret", "o");
        for (var at = text.LastIndexOf(':') + 1; at < text.Length; at++)
        {
            var changed = text.ToCharArray();
            changed[at] = changed[at] == 'A' ? 'B' : 'A';
            key.Open(new string(changed), "o").Plain.ShouldBeNull();
        }
    }

    [Theory]
    [InlineData("short", "needs at least 32 characters")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\nshort", "needs at least 32 characters")]
    [InlineData("\n", "needs at least 32 characters")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", null)]
    public void A_key_is_long(string lines, string? problem) => (MasterKey.ProblemOf(lines) ?? "").ShouldStartWith(problem ?? "");

    private static MasterKey Key(string lines) => new(new Secret(lines));
}
