using System.Security.Cryptography;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitHub;

/// <summary>Looks by a GitHub App: its private key gets installation tokens, which end after an hour.</summary>
public sealed class AppTests : IAsyncLifetime
{
    private readonly RSA key = RSA.Create(2048);
    private readonly FakeTimeProvider time = new(TimeProvider.System.GetUtcNow());
    private FakeGitHub forge = null!;

    public async ValueTask InitializeAsync()
    {
        forge = await FakeGitHub.StartNewAsync();
        forge.AppKey = key;
        forge.Token = "nobody knows";
        forge.Clock = time.GetUtcNow;
        forge.Add("acme/web").Push("main", 1);
    }

    public async ValueTask DisposeAsync()
    {
        await forge.DisposeAsync();
        key.Dispose();
    }

    [Fact]
    public async Task One_token_serves_all_looks_and_a_new_one_is_fetched_ahead_of_its_end()
    {
        using var app = App(key.ExportRSAPrivateKeyPem());
        var source = Source(app);

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => LookAsync(source)));
        forge.Granted.ShouldBe(1);

        time.Advance(TimeSpan.FromMinutes(54));
        await LookAsync(source);
        forge.Granted.ShouldBe(1);

        time.Advance(TimeSpan.FromMinutes(2));
        (await LookAsync(source)).Names().ShouldBe(["main"]);
        forge.Granted.ShouldBe(2);
        app.Token.Reveal().ShouldBe("ghs_0002");
    }

    [Fact]
    public async Task A_key_of_another_app_is_told_and_asked_for_once_a_minute()
    {
        using var other = RSA.Create(2048);
        using var app = App(other.ExportPkcs8PrivateKeyPem());
        var source = Source(app);

        for (var look = 0; look < 5; look++)
        {
            var failure = await Should.ThrowAsync<RefSourceException>(() => LookAsync(source));
            failure.Error.ShouldBe(RefSourceError.Unauthorized);
            failure.Message.ShouldContain("app.private_key of provider \"forge\" does not belong to app 99");
            failure.Message.ShouldNotContain("BEGIN");
        }

        forge.TakeRequests().Count(request => request.Contains("access_tokens", StringComparison.Ordinal)).ShouldBe(1);
        time.Advance(TimeSpan.FromSeconds(61));
        await Should.ThrowAsync<RefSourceException>(() => LookAsync(source));
        forge.TakeRequests().Length.ShouldBe(1);
    }

    [Theory]
    [InlineData("not a key", "7", "is no RSA private key in PEM")]
    [InlineData(null, "8", "has no installation 8")]
    public async Task What_is_wrong_is_said(string? pem, string installation, string reason)
    {
        using var app = App(pem ?? key.ExportRSAPrivateKeyPem(), installation);
        var source = Source(app);

        (await Should.ThrowAsync<RefSourceException>(() => LookAsync(source))).Message.ShouldContain(reason);
    }

    [Fact]
    public async Task While_GitHub_fails_the_look_is_tried_again()
    {
        using var app = App(key.ExportRSAPrivateKeyPem());
        var source = Source(app);
        forge.Next("access_tokens", 502);

        (await Should.ThrowAsync<RefSourceException>(() => LookAsync(source))).Error.ShouldBe(RefSourceError.Unavailable);
        (await LookAsync(source)).Names().ShouldBe(["main"]);
    }

    private GitHubApp App(string pem, string installation = "7") =>
        new(new GitHubAppConfig("99", installation, new Secret(pem)), "forge", new Uri(forge.Root, "api/v3"), OutboundHttp.CreateClient(new OutboundOptions()), time);

    private GitHubRefSource Source(GitHubApp app) => GitHubRefSource.For(
        new ProviderConfig { Name = "forge", Type = "github", Url = forge.Root, Token = app.Token, RequestsPerHour = 10_000_000, Burst = 100_000 }, OutboundHttp.CreateClient(new OutboundOptions()), time, app);

    private Task<RefLook> LookAsync(GitHubRefSource source) => source.LookAsync(Looks.At(forge.Web()), TestContext.Current.CancellationToken);
}
