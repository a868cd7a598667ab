using RepoSentry.Providers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class CredentialWordsTests
{
    [Theory]
    [InlineData("api:git:any")]
    [InlineData("git:any")]
    [InlineData("repository:web~1")]
    public void A_provider_that_nobody_wrote_down_is_not_named(string provider)
    {
        (CredentialWords.Missing(provider) + CredentialWords.Of(provider)).ShouldNotContain(provider);
        CredentialWords.Missing(provider).ShouldContain("give this repository a token of its own");
        CredentialWords.Of(provider).ShouldBe("of this repository");
    }

    [Fact]
    public void One_that_was_written_down_is()
    {
        CredentialWords.Missing("corp").ShouldContain("give provider \"corp\" a token");
        CredentialWords.Of("corp").ShouldBe("of provider \"corp\"");
    }
}
