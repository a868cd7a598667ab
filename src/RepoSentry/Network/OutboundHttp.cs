using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace RepoSentry.Network;

/// <summary>How one destination is reached.</summary>
internal sealed record OutboundOptions
{
    /// <summary>PEM file of a private certificate authority, trusted in the place of the system's; empty for none.</summary>
    public string CaFile { get; init; } = "";

    /// <summary>HTTP proxy; empty for none. The environment's proxies are never used: they would hide the address dialled.</summary>
    public string Proxy { get; init; } = "";

    /// <summary>Networks that may be dialled although they are link-local, metadata or loopback.</summary>
    public IReadOnlyList<IPNetwork> AllowedNetworks { get; init; } = [];

    /// <summary>True when the service itself is reachable beyond loopback: a URL must then not reach the node's own loopback.</summary>
    public bool BlockLoopback { get; init; }

    /// <summary>For what came through the API: no private, reserved or local address at all.</summary>
    public bool PublicOnly { get; init; }
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Below the 120 s after which an EventListener drops an idle connection.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(90);
    public int MaxConnectionsPerHost { get; init; } = int.MaxValue;
}

/// <summary>The only maker of HTTP clients: no redirects, no cookies, no environment proxies, and the address is judged at the moment it is dialled.</summary>
internal static class OutboundHttp
{
    public static HttpClient CreateClient(OutboundOptions options)
    {
#pragma warning disable RS0030 // the one place that may
        return new HttpClient(CreateHandler(options), disposeHandler: true) { Timeout = Timeout.InfiniteTimeSpan };
#pragma warning restore RS0030
    }

    private static SocketsHttpHandler CreateHandler(OutboundOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = options.Proxy.Length > 0,
            Proxy = options.Proxy.Length > 0 ? new WebProxy(options.Proxy) : null,
            AutomaticDecompression = DecompressionMethods.None,
            ActivityHeadersPropagator = null,

            // Tokens and secrets are compared byte for byte, as UTF-8.
            RequestHeaderEncodingSelector = (_, _) => Encoding.UTF8,
            ConnectTimeout = options.ConnectTimeout,
            PooledConnectionIdleTimeout = options.IdleTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(10),
            MaxConnectionsPerServer = options.MaxConnectionsPerHost,
        };
        handler.ConnectCallback = (context, token) => DialAsync(context, options, token);
        handler.PlaintextStreamFilter = (context, _) => ValueTask.FromResult(Clocked(context));
        if (options.CaFile.Length > 0)
        {
            handler.SslOptions.CertificateChainPolicy = PrivateAuthority(options.CaFile);
        }

        return handler;
    }

    private static async ValueTask<Stream> DialAsync(SocketsHttpConnectionContext context, OutboundOptions options, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var request = context.InitialRequestMessage;
        var clock = RequestClock.Of(request)?.BeginDial(byName: !IPAddress.TryParse(target.Host, out _), secure: request.RequestUri?.Scheme == "https");
        var allowed = await AddressFilter.ResolveAsync(target.Host, options, cancellationToken);
        clock?.Resolved();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            clock?.Connected();
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Connections made for requests that nobody times, such as looks, stay as they are.
    private static Stream Clocked(SocketsHttpPlaintextStreamFilterContext context)
    {
        if (RequestClock.Of(context.InitialRequestMessage)?.Begun is not { } connection)
        {
            return context.PlaintextStream;
        }

        if (connection.Secure)
        {
            connection.Secured();
        }

        return new ClockedStream(context.PlaintextStream, connection);
    }

    public static X509ChainPolicy PrivateAuthority(string caFile)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(caFile);
        return policy;
    }
}
