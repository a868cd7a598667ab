using System.Net.Sockets;
using System.Security.Authentication;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>What a failed request means, and what its reader can do about it. Bodies of refusals are never quoted: a hostile server may echo the credential.</summary>
internal static class PlainGitErrors
{
    private static readonly string[] CommonTypes =
        ["text/html", "text/plain", "text/xml", "application/xml", "application/xhtml+xml", "application/json", "application/octet-stream", "application/x-git-upload-pack-advertisement", "application/x-git-upload-pack-result"];

    public static bool IsRedirect(HttpResponseMessage response) => (int)response.StatusCode is 301 or 302 or 303 or 307 or 308;

    public static RefSourceException FromStatus(HttpResponseMessage response, Uri url, GitCredential credential, TimeProvider time)
    {
        var status = (int)response.StatusCode;
        var wait = RetryAfter(response, time);
        var error = status switch
        {
            403 when wait is not null => RefSourceError.RateLimited,
            401 or 403 or 407 => RefSourceError.Unauthorized,
            404 or 410 => RefSourceError.NotFound,
            429 => RefSourceError.RateLimited,
            408 or >= 500 => RefSourceError.Unavailable,
            _ => RefSourceError.Malformed,
        };
        var advice = error switch
        {
            RefSourceError.Unauthorized => credential.Hint(url),
            RefSourceError.NotFound => "there is no such repository, or none that this credential may see",
            RefSourceError.RateLimited => "it asks to wait",
            RefSourceError.Unavailable => "the server fails",
            _ => "no answer that Git knows",
        };
        return new RefSourceException(error, $"{SafeText.Of(url)} answered {status}: {advice}", wait);
    }

    public static RefSourceException FromForeignRedirect(HttpResponseMessage response, Uri url, Uri? target, GitCredential credential)
    {
        var error = (int)response.StatusCode is 301 or 308 ? RefSourceError.NotFound : RefSourceError.Unavailable;
        var server = target is null ? "nowhere" : credential.Redact(SafeText.Of(target.GetComponents(UriComponents.SchemeAndServer, UriFormat.UriEscaped)));
        return new RefSourceException(error, $"{SafeText.Of(url)} redirects to {server}: another server is never followed; if the repository moved, configure its new URL");
    }

    public static Uri? Target(HttpResponseMessage response, Uri url) =>
        response.Headers.Location is { } location && Uri.TryCreate(url, location, out var target) ? target : null;

    public static RefSourceException FromConnection(HttpRequestException failure, Uri url)
    {
        var host = SafeText.Of(url.IdnHost);
        var (error, message) = failure.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => (RefSourceError.Unavailable, $"the name {host} cannot be resolved"),
            HttpRequestError.SecureConnectionError => (RefSourceError.Unavailable, $"no secure connection to {host}: {Certificate(failure)}"),
            HttpRequestError.ConnectionError => (RefSourceError.Unavailable, $"no connection to {host}:{url.Port}: {Refusal(failure)}"),
            HttpRequestError.ResponseEnded => (RefSourceError.Unavailable, $"{host} closed the connection without an answer"),
            HttpRequestError.ConfigurationLimitExceeded => (RefSourceError.Malformed, $"{host} sends more headers than fit"),
            HttpRequestError.InvalidResponse or HttpRequestError.HttpProtocolError => (RefSourceError.Malformed, $"{host} does not answer in HTTP"),
            HttpRequestError.ProxyTunnelError => (RefSourceError.Unavailable, $"the proxy does not connect to {host}"),
            _ => (RefSourceError.Unavailable, $"the connection to {host} broke"),
        };
        return new RefSourceException(error, message, innerException: failure);
    }

    public static void ThrowUnlessGit(HttpResponseMessage response, Uri url, string contentType)
    {
        var actual = response.Content.Headers.ContentType?.MediaType;
        if (!string.Equals(actual, contentType, StringComparison.OrdinalIgnoreCase))
        {
            var kind = actual is null ? "nothing that Git knows" : $"{Shown(actual)}, not with Git's own type";
            throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(url)} answered with {kind}: is it a login page or a server without smart HTTP?");
        }

        if (response.Content.Headers.ContentEncoding.Any(encoding => !string.Equals(encoding, "identity", StringComparison.OrdinalIgnoreCase)))
        {
            throw new RefSourceException(RefSourceError.Malformed, $"{SafeText.Of(url)} compresses its answer, although not asked to");
        }
    }

    /// <summary>A content type in words. Only common ones are quoted: a hostile server may put the credential there.</summary>
    public static string Shown(string mediaType) =>
        mediaType.ToLowerInvariant() is var known && Array.IndexOf(CommonTypes, known) >= 0 ? known : mediaType.Length == 0 ? "nothing" : "another content type";

    private static TimeSpan? RetryAfter(HttpResponseMessage response, TimeProvider time)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait;
    }

    // .NET tells the reason in the text of an inner exception only.
    private static string Certificate(HttpRequestException failure)
    {
        if (failure.InnerException is not AuthenticationException { Message: var text })
        {
            return "the TLS handshake failed";
        }

        return Array.Find(CertificateFaults, fault => text.Contains(fault.Sign, StringComparison.Ordinal)) is { Sign.Length: > 0 } known
            ? known.Meaning
            : "the TLS handshake failed";
    }

    private static readonly (string Sign, string Meaning)[] CertificateFaults =
    [
        ("NameMismatch", "its certificate is for another name"),
        ("NotTimeValid", "its certificate has expired or is not valid yet"),
        ("Revoked", "its certificate was revoked"),
        ("UntrustedRoot", "its certificate comes from an unknown authority (a private one goes into ca_file)"),
        ("PartialChain", "its certificate comes from an unknown authority (a private one goes into ca_file)"),
        ("invalid", "its certificate is not valid"),
    ];

    private static string Refusal(HttpRequestException failure) => failure.InnerException switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => "refused",
        SocketException { SocketErrorCode: SocketError.TimedOut } => "timed out",
        SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => "unreachable",
        HttpRequestException { Message: var reason } => SafeText.Of(reason),
        _ => "failed",
    };
}
