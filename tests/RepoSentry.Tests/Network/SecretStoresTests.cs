using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Network;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Network;

/// <summary>Against a server with a private authority that answers as the Kubernetes API and Vault do.</summary>
public sealed class SecretStoresTests : IAsyncLifetime
{
    private readonly PrivateAuthority authority = PrivateAuthority.Create();
    private readonly string account = Directory.CreateTempSubdirectory("account-").FullName;
    private readonly Dictionary<string, string?> environment = new(StringComparer.Ordinal);
    private WebApplication server = null!;
    private string secret = "s3cret";

    public async ValueTask InitializeAsync()
    {
        await File.WriteAllTextAsync(Path.Combine(account, "token"), "jwt\n");
        File.Copy(authority.CaFile, Path.Combine(account, "ca.crt"));
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps(authority.Server)));
        server = builder.Build();
        server.MapGet("/api/v1/namespaces/ci/secrets/hook", (HttpContext context) => context.Request.Headers.Authorization != "Bearer jwt" ? Results.StatusCode(401)
            : Results.Content($$"""{"kind":"Secret","data":{"token":"{{Convert.ToBase64String(Encoding.UTF8.GetBytes(secret + "\n"))}}"} }""", "application/json"));
        server.MapGet("/api/v1/namespaces/ci/secrets/closed", () => Results.StatusCode(403));
        server.MapGet("/v1/kv/data/ci/hook", (HttpContext context) => context.Request.Headers["X-Vault-Token"] != "hvs.x" ? Results.StatusCode(403)
            : Results.Content($$"""{"data":{"data":{"token":"{{secret}}"},"metadata":{"version":3} } }""", "application/json"));
        server.MapGet("/v1/old/hook", () => Results.Content($$"""{"data":{"token":"{{secret}}"} }""", "application/json"));
        server.MapGet("/v1/odd/hook", () => Results.Content("[]", "application/json"));
        await server.StartAsync();
        var port = new Uri(server.Urls.First()).Port;
        environment["KUBERNETES_SERVICE_HOST"] = "localhost";
        environment["KUBERNETES_SERVICE_PORT"] = $"{port}";
        environment["VAULT_ADDR"] = $"https://localhost:{port}/";
        environment["VAULT_TOKEN"] = "hvs.x";
        environment["VAULT_CACERT"] = authority.CaFile;
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync();
        await server.DisposeAsync();
        authority.Dispose();
        Directory.Delete(account, recursive: true);
    }

    [Theory]
    [InlineData("k8s:ci/hook#token", "s3cret")]
    [InlineData("vault:kv/data/ci/hook#token", "s3cret")]
    [InlineData("vault:old/hook#token", "s3cret")]
    public void A_value_is_read(string reference, string value) => Stores().Fetch(reference).ShouldBe((value, null));

    [Theory]
    [InlineData("k8s:ci/hook#none", "has no key none")]
    [InlineData("k8s:ci/missing#token", "is not there")]
    [InlineData("k8s:ci/closed#token", "give the service account a Role")]
    [InlineData("vault:kv/data/ci/hook#none", "has no key none")]
    [InlineData("vault:kv/ci/hook#token", "engine kv 2")]
    [InlineData("vault:odd/hook#token", "none of such a store")]
    public void What_is_wrong_is_told_and_what_to_do(string reference, string problem)
    {
        var (value, told) = Stores().Fetch(reference);

        value.ShouldBeNull();
        told.ShouldNotBeNull().ShouldContain(problem);
    }

    [Fact]
    public void Without_a_cluster_a_token_or_a_server_it_says_so()
    {
        environment["VAULT_TOKEN"] = null;
        environment["KUBERNETES_SERVICE_HOST"] = null;
        Stores().Fetch("k8s:ci/hook#token").Problem.ShouldBe("needs a cluster: KUBERNETES_SERVICE_HOST is not set");
        Stores().Fetch("vault:old/hook#token").Problem.ShouldBe("needs VAULT_TOKEN_FILE or VAULT_TOKEN");
        environment["VAULT_TOKEN"] = "wrong";
        Stores().Fetch("vault:kv/data/ci/hook#token").Problem.ShouldNotBeNull().ShouldContain("may not be read");
        environment["VAULT_ADDR"] = "https://localhost:1";
        Stores().Fetch("vault:old/hook#token").Problem.ShouldNotBeNull().ShouldContain("cannot be read");
        environment["VAULT_CACERT"] = "";
        environment["VAULT_ADDR"] = server.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal);
        Stores().Fetch("vault:old/hook#token").Problem.ShouldNotBeNull().ShouldContain("cannot be read"); // an authority that nobody trusts
    }

    [Fact]
    public async Task A_rotated_secret_is_seen_without_a_restart_and_a_store_that_is_down_changes_nothing()
    {
        var time = new FakeTimeProvider();
        var stored = new StoredSecret("k8s:ci/hook#token", Stores().Fetch, time);
        stored.Load().ShouldBeNull();
        stored.Reveal().ShouldBe("s3cret");

        secret = "rotated";
        stored.Reveal().ShouldBe("s3cret");
        time.Advance(StoredSecret.FreshFor);
        await RunningHost.UntilAsync(() => Task.FromResult(stored.Reveal() == "rotated"));

        environment["KUBERNETES_SERVICE_HOST"] = null;
        time.Advance(StoredSecret.FreshFor);
        stored.Reveal().ShouldBe("rotated");
        time.Advance(StoredSecret.FreshFor);
        stored.Reveal().ShouldBe("rotated");
    }

    [Fact]
    public void The_configuration_takes_references_and_checks_their_form()
    {
        const string Text = "tekton: { event_listener_url: \"https://el.example/\", secret: \"k8s:ci/hook#token\" }\n";
        Load(Text, Stores().Fetch).Config.ShouldNotBeNull().Triggers[0].Secret.ShouldNotBeNull().Reveal().ShouldBe("s3cret");
        Load(Text, null).Errors.ShouldBeEmpty();
        Load(Text.Replace("hook#token", "none#token", StringComparison.Ordinal), Stores().Fetch).Errors.ShouldHaveSingleItem().ToString().ShouldBe(
            "c.yaml:1:62: tekton.secret: \"k8s:ci/none#token\" is not there (see the secret references in the documents)");
        Load(Text.Replace("ci/hook#token", "CI/hook", StringComparison.Ordinal), null).Errors.ShouldHaveSingleItem().Message.ShouldContain("k8s:NAMESPACE/NAME#KEY");
        Load(Text.Replace("k8s:ci/hook#token", "vault:/x", StringComparison.Ordinal), null).Errors.ShouldHaveSingleItem().Message.ShouldContain("vault:PATH#KEY");
    }

    private static LoadedConfig Load(string text, Func<string, (string? Value, string? Problem)>? stores) => ConfigLoader.LoadText(text, "c.yaml", new LoadOptions { Stores = stores });

    private SecretStores Stores() => new(name => environment.GetValueOrDefault(name), account);
}
