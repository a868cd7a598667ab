using System.Diagnostics.Metrics;
using System.Net;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Providers.AzureDevOps;
using RepoSentry.Providers.Bitbucket;
using RepoSentry.Providers.Gitea;
using RepoSentry.Providers.GitHub;
using RepoSentry.Providers.GitLab;
using RepoSentry.Providers.PlainGit;
using RepoSentry.Telemetry;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class RefSourceCatalogTests
{
    [Theory]
    [InlineData("github", typeof(GitHubRefSource), true)]
    [InlineData("gitlab", typeof(GitLabRefSource), true)]
    [InlineData("gitea", typeof(GiteaRefSource), true)]
    [InlineData("bitbucket", typeof(BitbucketRefSource), true)]
    [InlineData("azure", typeof(AzureRefSource), true)]
    [InlineData("git", typeof(PlainGitRefSource), false)]
    public void Each_type_has_its_source_and_an_interface_falls_back_to_Git(string type, Type source, bool fallsBack)
    {
        var provider = new ProviderConfig { Name = "p", Type = type };
        var catalog = new RefSourceCatalog(new CurrentConfig(new SentryConfig { Providers = [provider] }), TimeProvider.System);

        var sources = catalog.For(Build.Repository() with { Provider = "p", ProviderType = type });

        sources.Primary.ShouldBeOfType(source);
        sources.PrimaryName.ShouldBe(type);
        (sources.Fallback is PlainGitRefSource).ShouldBe(fallsBack);
    }

    [Theory]
    [InlineData(null, null, "https://api.github.com/")]
    [InlineData("https://github.com", null, "https://api.github.com/")]
    [InlineData("https://acme.ghe.com", null, "https://api.acme.ghe.com/")]
    [InlineData("https://github.corp:8443/", null, "https://github.corp:8443/api/v3")]
    [InlineData("ssh://git@github.corp", null, "https://github.corp/api/v3")]
    [InlineData("https://github.corp", "https://proxy.corp/github", "https://proxy.corp/github")]
    public void GitHubs_interface_is_found_from_where_the_forge_lives(string? url, string? apiBase, string expected) =>
        GitHubOptions.For(Provider("github", url, apiBase)).ApiBase.ShouldBe(new Uri(expected));

    [Theory]
    [InlineData(null, null, "https://gitlab.com/api/v4")]
    [InlineData("https://gitlab.corp", null, "https://gitlab.corp/api/v4")]
    [InlineData("https://corp.example/gitlab/", null, "https://corp.example/gitlab/api/v4")]
    [InlineData("ssh://git@gitlab.corp:2222", null, "https://gitlab.corp/api/v4")]
    [InlineData("https://gitlab.corp", "http://inner:8080/api/v4", "http://inner:8080/api/v4")]
    public void GitLabs_interface_is_found_from_where_the_forge_lives(string? url, string? apiBase, string expected) =>
        GitLabOptions.For(Provider("gitlab", url, apiBase)).ApiBase.ShouldBe(new Uri(expected));

    [Theory]
    [InlineData("https://codeberg.org", null, "https://codeberg.org/api/v1")]
    [InlineData("https://corp.example/git/", null, "https://corp.example/git/api/v1")]
    [InlineData("ssh://git@git.corp:2222", null, "https://git.corp/api/v1")]
    [InlineData("https://git.corp", "http://inner:3000/api/v1", "http://inner:3000/api/v1")]
    public void Giteas_interface_is_found_from_where_the_forge_lives(string? url, string? apiBase, string expected) =>
        GiteaOptions.For(Provider("gitea", url, apiBase)).ApiBase.ShouldBe(new Uri(expected));

    [Theory]
    [InlineData("github", "https://github.com/acme")]
    [InlineData("github", "https://github.com/acme/web/tree")]
    [InlineData("github", "https://github.com/../web")]
    [InlineData("gitlab", "https://gitlab.com/acme")]
    public async Task A_URL_that_names_no_repository_is_refused_without_a_request(string type, string url)
    {
        var catalog = new RefSourceCatalog(new CurrentConfig(new SentryConfig { Providers = [new ProviderConfig { Name = "p", Type = type }] }), TimeProvider.System);
        var source = catalog.For(Build.Repository() with { Provider = "p", ProviderType = type }).Primary;

        var failure = await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(new RefLookRequest(new Uri(url), []), TestContext.Current.CancellationToken));

        failure.Error.ShouldBe(RefSourceError.NotFound);
    }

    [Fact]
    public void What_remains_of_a_limit_is_a_metric_by_credential()
    {
        SentryMetrics.ObserveRateLimit("told", () => 42);
        SentryMetrics.ObserveRateLimit("silent", () => null);
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name == "reposentry_provider_rate_limit_remaining")
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<int>((_, value, tags, _) => seen[tags[0].Value!.ToString()!] = value);
        listener.Start();

        listener.RecordObservableInstruments();

        seen["told"].ShouldBe(42);
        seen.ShouldNotContainKey("silent");
    }

    [Fact]
    public void When_a_token_expires_is_a_metric_once_the_forge_has_told()
    {
        var limit = new GitHubRateLimit(GitHubOptions.For(Provider("github", null, null)), TimeProvider.System);
        SentryMetrics.ObserveExpiry("expiring", () => limit.TokenEnd);
        Seen().ShouldNotContainKey("expiring");

        Note(HttpStatusCode.OK, "2027-01-31 12:00:00 UTC");
        Seen()["expiring"].ShouldBe(1801396800);
        Note(HttpStatusCode.NotModified, null);
        Seen()["expiring"].ShouldBe(1801396800);
        Note(HttpStatusCode.OK, "2027-01-31 14:00:00 +0100");
        Seen()["expiring"].ShouldBe(1801400400);
        Note(HttpStatusCode.OK, null);
        Seen().ShouldNotContainKey("expiring", "the new token has no end");

        void Note(HttpStatusCode status, string? end)
        {
            using var response = new HttpResponseMessage(status);
            _ = end is not null && response.Headers.TryAddWithoutValidation("github-authentication-token-expiration", end);
            limit.Note(response, limit.Core);
        }

        static Dictionary<string, long> Seen()
        {
            var seen = new Dictionary<string, long>(StringComparer.Ordinal);
            using var listener = new MeterListener
            {
                InstrumentPublished = (instrument, self) =>
                {
                    if (instrument.Name == "reposentry_credential_expiry_timestamp")
                    {
                        self.EnableMeasurementEvents(instrument);
                    }
                },
            };
            listener.SetMeasurementEventCallback<long>((_, value, tags, _) => seen[tags[0].Value!.ToString()!] = value);
            listener.Start();
            listener.RecordObservableInstruments();
            return seen;
        }
    }

    private static ProviderConfig Provider(string type, string? url, string? apiBase) => new()
    {
        Name = "p",
        Type = type,
        Url = url is null ? null : new Uri(url),
        ApiBaseUrl = apiBase is null ? null : new Uri(apiBase),
    };
}
