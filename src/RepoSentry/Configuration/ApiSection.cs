using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace RepoSentry.Configuration;

/// <summary>The section api: where it listens, who may ask, how often.</summary>
internal static class ApiSection
{
    public static ApiConfig Read(SectionReader api, SecurityConfig security)
    {
        var standard = new ApiConfig();
        api.Later("oidc");
        var config = new ApiConfig
        {
            Listen = api.Text("listen", standard.Listen),
            Auth = api.Choice("auth", standard.Auth, ["auto", "token", "none"]),
            PublicUrl = api.Text("public_url"),
            BootstrapToken = api.Secret("bootstrap_token"),
            MetricsListen = api.Text("metrics_listen"),
            Tls = Tls(api.Section("tls")),
            TrustedProxies = [.. api.Texts("trusted_proxies").Select(text => Proxy(api, text)).OfType<IPNetwork>()],
            RateLimit = Rate(api, api.Text("rate_limit", "50/s")),
        };
        var listen = Listen(api, "listen", config.Listen);
        if (config.MetricsListen.Length > 0)
        {
            Listen(api, "metrics_listen", config.MetricsListen);
        }

        if (config.PublicUrl.Length > 0 && !Urls.TryParse(config.PublicUrl, ["https", "http"], out _, out var problem, out var hint))
        {
            api.Error("public_url", problem, hint);
        }

        if (config.Auth == "none" && listen is { IsLoopback: false } && !security.AllowUnauthenticated)
        {
            api.Error("auth", "none is refused on an address beyond loopback", "use auto or token, or set security.allow_unauthenticated: true");
        }

        api.Done();
        return config;
    }

    private static TlsConfig? Tls(SectionReader tls)
    {
        var (certificate, key) = (tls.ExistingFile("cert_file"), tls.ExistingFile("key_file"));
        tls.Done();
        if (certificate.Length == 0 && key.Length == 0)
        {
            return null;
        }

        if (certificate.Length == 0 || key.Length == 0)
        {
            var (given, missing) = key.Length == 0 ? ("cert_file", "key_file") : ("key_file", "cert_file");
            if (File.Exists(certificate + key))
            {
                tls.Error(given, $"{missing} must be given too", "TLS needs a certificate and its private key, both as PEM files");
            }

            return null;
        }

        var config = new TlsConfig(certificate, key);
        if (File.Exists(certificate) && File.Exists(key) && Problem(config) is { } problem)
        {
            tls.Error(problem.Key, problem.Message, problem.Hint);
        }

        return config;
    }

    /// <summary>Why the two files cannot serve together; null if they can.</summary>
    internal static (string Key, string Message, string? Hint)? Problem(TlsConfig tls)
    {
        try
        {
            using var alone = X509CertificateLoader.LoadCertificateFromFile(tls.CertFile);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException)
        {
            return ("cert_file", "holds no certificate that can be read", "a PEM file: the server's certificate first, then those that lead to its authority");
        }

        try
        {
            using var pair = X509Certificate2.CreateFromPemFile(tls.CertFile, tls.KeyFile);
            return null;
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or IOException or UnauthorizedAccessException)
        {
            return ("key_file", "is not the private key of the certificate in cert_file", "an unencrypted PEM file (BEGIN PRIVATE KEY)");
        }
    }

    private static IPNetwork? Proxy(SectionReader api, string text)
    {
        if (IPNetwork.TryParse(text, out var network))
        {
            return network;
        }

        if (IPAddress.TryParse(text, out var address))
        {
            return new IPNetwork(address, address.GetAddressBytes().Length * 8);
        }

        api.Error("trusted_proxies", $"{api.Load.Quote(text)} is neither an address nor a network", "such as 10.0.0.5 or 10.0.0.0/8");
        return null;
    }

    private static RequestRate? Rate(SectionReader api, string text)
    {
        if (text == "off")
        {
            return null;
        }

        if (RequestRate.TryParse(text) is { } rate)
        {
            return rate;
        }

        api.Error("rate_limit", $"expected requests per time, found {api.Load.Quote(text)}", "such as 50/s, 600/m or 10000/h, or off");
        return null;
    }

    private static ListenAddress? Listen(SectionReader api, string key, string text)
    {
        var address = ListenAddress.TryParse(text);
        if (address is null)
        {
            api.Error(key, "expected an address and a port", "such as 127.0.0.1:8080, [::1]:8080, localhost:8080 or *:8080");
        }

        return address;
    }
}
