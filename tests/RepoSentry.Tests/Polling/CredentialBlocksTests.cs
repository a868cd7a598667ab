using RepoSentry.Polling;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>After a forge's refusal one request goes ahead.</summary>
public sealed class CredentialBlocksTests
{
    private static readonly object Scout = new();
    private static readonly object Other = new();

    private readonly CredentialBlocks blocks;
    private TimeSpan now = TimeSpan.FromMinutes(1);

    public CredentialBlocksTests() => blocks = new CredentialBlocks(() => now);

    [Fact]
    public void One_goes_ahead_after_the_wait_and_the_others_follow_its_answer()
    {
        blocks.Until("a").ShouldBeNull();
        blocks.Add("a", TimeSpan.FromSeconds(30), "429");
        blocks.Until("a", Scout).ShouldBe(now + TimeSpan.FromSeconds(30));
        blocks.Until("b", Scout).ShouldBeNull();

        now += TimeSpan.FromSeconds(30);
        blocks.Until("a", Scout).ShouldBeNull();
        blocks.Begin("a", Scout);
        blocks.Begin("a", Other);
        blocks.Until("a", Scout).ShouldBeNull();
        blocks.Until("a", Other).ShouldBe(now + TimeSpan.FromSeconds(1));

        blocks.End("a", Other);
        blocks.Until("a", Other).ShouldNotBeNull();
        blocks.End("a", Scout);
        blocks.Until("a", Other).ShouldBeNull();
    }

    [Fact]
    public void A_scout_that_is_refused_makes_all_wait_again_and_a_shorter_word_takes_back_no_longer_one()
    {
        blocks.Add("a", TimeSpan.FromSeconds(30), "429");
        now += TimeSpan.FromSeconds(30);
        blocks.Begin("a", Scout);
        blocks.Add("a", TimeSpan.FromMinutes(2), "429");
        blocks.Add("a", TimeSpan.FromSeconds(5), "503");
        blocks.End("a", Scout);
        blocks.Of("a")!.ToString().ShouldBe("credential a waits 2m more (429)");

        blocks.Until("a", Scout).ShouldBe(now + TimeSpan.FromMinutes(2));
    }
}
