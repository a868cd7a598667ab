using System.Net.Http.Headers;
using System.Net.Security;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class TlsTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("tls-").FullName;

    private string CertFile => Path.Combine(folder, "tls.crt");

    private string KeyFile => Path.Combine(folder, "tls.key");

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task A_new_certificate_is_used_without_a_restart_and_a_broken_one_is_not()
    {
        var first = ServerCertificate.Create().Write(CertFile, KeyFile);
        await using var story = await AccessStory.StartAsync(api => api with { Tls = new TlsConfig(CertFile, KeyFile) });
        var server = story.Host.Http.BaseAddress!;
        server.Scheme.ShouldBe("https");
        var (thumbprint, headers) = await AskAsync(server, first.Thumbprint);
        thumbprint.ShouldBe(first.Thumbprint);
        headers.GetValues("Strict-Transport-Security").Single().ShouldContain("max-age=");

        var second = ServerCertificate.Create().Write(CertFile, KeyFile);
        await RunningHost.UntilAsync(async () => (await AskAsync(server, first.Thumbprint, second.Thumbprint)).Thumbprint == second.Thumbprint);

        await File.WriteAllTextAsync(KeyFile, "half a rotation", TestContext.Current.CancellationToken);
        (await AskAsync(server, first.Thumbprint, second.Thumbprint)).Thumbprint.ShouldBe(second.Thumbprint);
    }

    [Fact]
    public void A_key_of_another_certificate_is_an_error_at_its_place()
    {
        ServerCertificate.Create().Write(CertFile, KeyFile);
        ConfigLoader.LoadText("api:\n  tls: { cert_file: tls.crt, key_file: tls.key }\n", Path.Combine(folder, "config.yaml")).Errors.ShouldBeEmpty();
        File.WriteAllText(KeyFile, ServerCertificate.Create().Key);
        ConfigLoader.LoadText("api:\n  tls: { cert_file: tls.crt, key_file: tls.key }\n", Path.Combine(folder, "config.yaml")).Errors
            .ShouldHaveSingleItem().ToString().ShouldContain(":2:40: api.tls.key_file: is not the private key of the certificate in cert_file");
    }

    // A client of its own for each, so that each makes a connection.
    private static async Task<(string Thumbprint, HttpResponseHeaders Headers)> AskAsync(Uri server, params string[] ours)
    {
        var seen = "";
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, certificate, _, _) =>
                {
                    seen = certificate!.GetCertHashString();
                    return ours.Contains(seen, StringComparer.Ordinal);
                },
            },
        };
        using var http = new HttpClient(handler);
        using var response = await http.GetAsync(new Uri(server, "/livez"));
        response.IsSuccessStatusCode.ShouldBeTrue();
        return (seen, response.Headers);
    }
}
