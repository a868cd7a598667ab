using RepoSentry.Configuration;
using RepoSentry.Providers.Bitbucket;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class BitbucketPathTests
{
    [Theory]
    [InlineData("https://bitbucket.corp/scm/ACME/web.git", "/projects/ACME/repos/web", "/scm/ACME/web.git")]
    [InlineData("https://bitbucket.corp/projects/ACME/repos/web", "/projects/ACME/repos/web", "/scm/ACME/web.git")]
    [InlineData("https://corp.example/git/projects/ACME/repos/web/browse", "/git/projects/ACME/repos/web", "/git/scm/ACME/web.git")]
    [InlineData("https://bitbucket.corp/users/ada/repos/web", "/users/ada/repos/web", "/scm/~ada/web.git")]
    [InlineData("ssh://git@bitbucket.corp:7999/~ada/web.git", "/users/ada/repos/web", "/scm/~ada/web.git")]
    [InlineData("https://bitbucket.corp/ACME/web", null, null)]
    [InlineData("https://bitbucket.corp/scm/../web", null, null)]
    public void A_repository_of_Data_Center_is_the_same_in_every_shape_of_its_url(string url, string? page, string? clone)
    {
        var path = BitbucketPath.Of(new Uri(url));

        (path?.WebPath, path?.ClonePath).ShouldBe((page, clone));
    }

    [Theory]
    [InlineData(null, null, "https://api.bitbucket.org/2.0")]
    [InlineData("https://bitbucket.org", null, "https://api.bitbucket.org/2.0")]
    [InlineData("https://bitbucket.corp", null, "https://bitbucket.corp/rest/api/1.0")]
    [InlineData("https://corp.example/git/", null, "https://corp.example/git/rest/api/1.0")]
    [InlineData("https://bitbucket.corp", "http://inner:7990/rest/api/1.0", "http://inner:7990/rest/api/1.0")]
    public void The_interface_is_found_from_where_the_forge_lives(string? url, string? apiBase, string expected) =>
        BitbucketOptions.For(new ProviderConfig { Name = "p", Type = "bitbucket", Url = url is null ? null : new Uri(url), ApiBaseUrl = apiBase is null ? null : new Uri(apiBase) }).ApiBase.ShouldBe(new Uri(expected));
}
