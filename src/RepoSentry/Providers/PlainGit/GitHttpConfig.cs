using System.Globalization;
using System.Net;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Network;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// How a git child speaks http: to the addresses that were judged here and no other, without redirects, with the credential of its own server in a file that only it
/// reads. Neither arguments nor the environment carry it.
/// </summary>
/// <param name="Text">A git configuration.</param>
internal sealed record GitHttpConfig(string Text)
{
    /// <exception cref="RefSourceException">No address of the host may be dialled.</exception>
    public static async Task<GitHttpConfig> ForAsync(Uri url, OutboundOptions outbound, GitCredential credential, CancellationToken cancellationToken)
    {
        var text = new StringBuilder("[credential]\n\thelper =\n[protocol]\n\tversion = 2\n");
        text.Append("[http]\n\tfollowRedirects = false\n\tlowSpeedLimit = 1\n");
        Add(text, "lowSpeedTime", PlainGitLimits.Idle.TotalSeconds.ToString("0", CultureInfo.InvariantCulture));
        Add(text, "proxy", outbound.Proxy);
        if (outbound.CaFile.Length > 0)
        {
            Add(text, "sslCAInfo", Path.GetFullPath(outbound.CaFile));
        }

        if (outbound.Proxy.Length == 0 && await AddressesAsync(url, outbound, cancellationToken) is var addresses && !IPAddress.TryParse(url.IdnHost.Trim('[', ']'), out _))
        {
            Add(text, "curloptResolve", $"{url.IdnHost}:{url.Port}:{string.Join(',', addresses)}");
        }

        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(url.GetLeftPart(UriPartial.Path).TrimEnd('/') + "/info/refs"));
        credential.Authorize(request);
        if (request.Headers.TryGetValues("Authorization", out var values))
        {
            text.Append("[http \"").Append(url.GetLeftPart(UriPartial.Authority)).Append("/\"]\n");
            Add(text, "extraHeader", "Authorization: " + string.Concat(values));
        }

        return new GitHttpConfig(text.ToString());
    }

    private static async Task<IPAddress[]> AddressesAsync(Uri url, OutboundOptions outbound, CancellationToken cancellationToken)
    {
        try
        {
            return await AddressFilter.ResolveAsync(url.IdnHost, outbound, cancellationToken);
        }
        catch (Exception failure) when (failure is HttpRequestException or System.Net.Sockets.SocketException)
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"{SafeText.Of(url)} cannot be reached: {failure.Message}", innerException: failure);
        }
    }

    private static void Add(StringBuilder text, string key, string value)
    {
        if (value.Any(char.IsControl))
        {
            throw new RefSourceException(RefSourceError.Unauthorized, $"git cannot be given {key}: it has a control character");
        }

        var quoted = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal);
        text.Append('\t').Append(key).Append(" = \"").Append(quoted).Append("\"\n");
    }
}
