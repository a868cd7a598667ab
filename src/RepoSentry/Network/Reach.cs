using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace RepoSentry.Network;

/// <summary>Connects to a server and says nothing to it: whether its name resolves, its port answers, and its certificate is one to trust.</summary>
internal static class Reach
{
    /// <returns>When its certificate ends; null without TLS.</returns>
    /// <exception cref="SocketException">The name or the port.</exception>
    /// <exception cref="System.Security.Authentication.AuthenticationException">The certificate.</exception>
    /// <exception cref="HttpRequestException">An address that may not be dialled.</exception>
    public static async Task<DateTimeOffset?> TryAsync(Uri url, OutboundOptions options, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(url.IdnHost, cancellationToken);
        var allowed = Array.FindAll(addresses, address => AddressFilter.Refusal(address, options) is null);
        if (allowed.Length == 0)
        {
            throw new HttpRequestException(HttpRequestError.ConnectionError, addresses.Length == 0 ? $"{url.Host} has no address" : $"{addresses[0]} is {AddressFilter.Refusal(addresses[0], options)}");
        }

        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(allowed, url.Port, cancellationToken);
        if (url.Scheme != "https")
        {
            return null;
        }

        await using var secure = new SslStream(new NetworkStream(socket));
        await secure.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = url.IdnHost, CertificateChainPolicy = options.CaFile.Length > 0 ? OutboundHttp.PrivateAuthority(options.CaFile) : null }, cancellationToken);
        using var certificate = X509CertificateLoader.LoadCertificate(secure.RemoteCertificate!.GetRawCertData());
        return new DateTimeOffset(certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
    }
}
