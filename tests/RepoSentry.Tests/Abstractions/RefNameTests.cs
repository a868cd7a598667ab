using System.Text;
using CsCheck;
using RepoSentry.Abstractions;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Abstractions;

public sealed class RefNameTests
{
    [Theory]
    [InlineData("refs/heads/main", "refs/heads/main")]
    [InlineData("refs/heads/grüße-世界", "refs/heads/grüße-世界")]
    [InlineData("refs/heads/100%", "refs/heads/100%")]
    [InlineData("refs/heads/a%2fb", "refs/heads/a%2fb")]
    [InlineData("refs/heads/a%2Fb", "refs/heads/a%252Fb")]
    [InlineData("refs/heads/a\u001b[2Jb", "refs/heads/a%1B[2Jb")]
    [InlineData("refs/heads/a\u0085b", "refs/heads/a%C2%85b")]
    public void A_legal_name_stays_and_a_dangerous_one_is_escaped(string raw, string text) =>
        RefName.FromBytes(Encoding.UTF8.GetBytes(raw)).ShouldBe(text);

    [Fact]
    public void Bytes_that_are_not_UTF8_stand_as_percent_and_hex() =>
        RefName.FromBytes("refs/heads/caf"u8.ToArray().Append((byte)0xe9).ToArray()).ShouldBe("refs/heads/caf%E9");

    [Fact]
    public void Any_bytes_come_back_as_they_were() =>
        Gen.Byte.Array[0, 40].Sample(bytes => RefName.ToBytes(RefName.FromBytes(bytes)).AsSpan().SequenceEqual(bytes));

    [Fact]
    public void Names_made_of_percent_signs_and_hex_digits_come_back_too() =>
        Gen.Int[0, 5].Select(at => "%25F\u00ff\u0007"u8.ToArray()[at]).Array[0, 12]
            .Sample(bytes => RefName.ToBytes(RefName.FromBytes(bytes)).AsSpan().SequenceEqual(bytes));

    [Fact]
    public void A_name_from_JSON_reads_like_the_same_name_from_Git() =>
        Gen.String[0, 20].Sample(text => RefName.FromText(text) == RefName.FromBytes(Encoding.UTF8.GetBytes(text)));
}
