using System.Net.Security;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>Where the API listens under TLS: <c>api.listen</c> with the certificate, <c>api.metrics_listen</c> plain.</summary>
internal static class ApiListener
{
    private static readonly List<SslApplicationProtocol> Protocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11];

    public static void UseTls(this WebApplicationBuilder builder, ApiConfig api, TlsConfig files)
    {
        var certificate = new ServerCertificate(files);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options =>
        {
            var logger = options.ApplicationServices.GetRequiredService<ILoggerFactory>().CreateLogger<ServerCertificate>();
            Listen(options, api.Listen, listener => listener.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificateContext = certificate.Current(logger), ApplicationProtocols = Protocols }),
            }));
            if (api.MetricsListen.Length > 0)
            {
                Listen(options, api.MetricsListen, _ => { });
            }
        });
    }

    private static void Listen(KestrelServerOptions options, string text, Action<ListenOptions> configure)
    {
        var address = ListenAddress.TryParse(text)!;
        if (address.Address is { } one)
        {
            options.Listen(one, address.Port, configure);
        }
        else
        {
            options.ListenAnyIP(address.Port, configure);
        }
    }
}
