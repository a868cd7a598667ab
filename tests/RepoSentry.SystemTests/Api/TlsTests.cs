using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Api;

/// <summary>The built executable on every address of the machine, under TLS by certificates of a private authority.</summary>
public sealed class TlsTests
{
    [Fact]
    public async Task Beyond_loopback_it_asks_for_tokens_under_tls_and_takes_a_new_certificate_while_it_runs()
    {
        using var folder = new TemporaryFolder();
        TestAuthority.Create(folder.Path);
        await using var service = new Service("repositories: []\n", api: $"tls: {{ cert_file: {folder.Path}/server.pem, key_file: {folder.Path}/server.key }}", address: "*");
        var token = (await Service.RunAsync(["token", "create", "root", "--role", "admin", "-c", service.ConfigPath])).Output.Trim();
        service.Start();
        var first = "";
        await service.UntilAsync(async () => (first = (await AskAsync(service, folder.Path, "/readyz", null)).Thumbprint).Length > 0, "answering under TLS");
        (await AskAsync(service, folder.Path, "/api/v1/status", null)).Status.ShouldBe(HttpStatusCode.Unauthorized);
        (await AskAsync(service, folder.Path, "/api/v1/status", token)).Status.ShouldBe(HttpStatusCode.OK);

        TestAuthority.Create(folder.Path);
        await service.UntilAsync(async () => (await AskAsync(service, folder.Path, "/readyz", null)).Thumbprint is { Length: > 0 } second && second != first, "using the new certificate");
        (await AskAsync(service, folder.Path, "/api/v1/status", token)).Status.ShouldBe(HttpStatusCode.OK);
        service.Log.ShouldContain("good until");
    }

    [Fact]
    public async Task Without_authentication_beyond_loopback_it_does_not_start()
    {
        await using var service = new Service("repositories: []\n", api: "auth: none", address: "0.0.0.0");
        service.Start();
        (await service.ExitAsync()).ShouldBe(1);
        service.Log.ShouldContain("api.auth: none is refused on an address beyond loopback");
    }

    // Trusts the authority of the folder alone; a connection of its own each time.
    private static async Task<(HttpStatusCode Status, string Thumbprint)> AskAsync(Service service, string folder, string path, string? token)
    {
        var seen = "";
        using var authority = X509CertificateLoader.LoadCertificateFromFile(Path.Combine(folder, "ca.pem"));
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { authority }, RevocationMode = X509RevocationMode.NoCheck },
                RemoteCertificateValidationCallback = (_, certificate, _, errors) =>
                {
                    seen = certificate?.GetCertHashString() ?? "";
                    return errors == SslPolicyErrors.None;
                },
            },
        };
        using var http = new HttpClient(handler);
        http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        using var response = await http.GetAsync(new Uri($"https://localhost:{service.Port}{path}"));
        return (response.StatusCode, seen);
    }
}
