using System.Security.Cryptography;
using System.Text;
using RepoSentry.Configuration;

namespace RepoSentry.Api;

/// <summary>
/// Who may ask. Probes are open. Without authentication, on loopback alone, only loopback names are answered, so that a page in a browser cannot reach
/// the API under a name of its own. Otherwise a bearer token is needed.
/// </summary>
internal sealed class Authentication(RequestDelegate next, SentryConfig config)
{
    private static readonly string[] Probes = ["/livez", "/readyz", "/healthz", "/health", "/health/live", "/health/ready"];
    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "::1", "[::1]"];

    private readonly bool needsToken = config.Api.RequiresToken;
    private readonly string? publicHost = Uri.TryCreate(config.Api.PublicUrl, UriKind.Absolute, out var url) ? url.Host : null;
    private readonly int? metricsPort = ListenAddress.TryParse(config.Api.MetricsListen)?.Port;

    public async Task InvokeAsync(HttpContext context)
    {
        if (Refusal(context) is not { } refusal)
        {
            await next(context);
            return;
        }

        if (context.Response.StatusCode == StatusCodes.Status401Unauthorized)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"reposentry\"";
        }

        await refusal.ExecuteAsync(context);
    }

    private IResult? Refusal(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (metricsPort is { } port && context.Connection.LocalPort == port)
        {
            return path == "/metrics" ? null : Problems.NotFound("Only /metrics is served here.");
        }

        if (IsProbe(context.Request, path))
        {
            return null;
        }

        if (needsToken)
        {
            if (IsAdmin(context.Request))
            {
                return null;
            }

            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return Problems.Unauthorized();
        }

        if (IsFromAnotherSite(context.Request))
        {
            return Problems.Of(StatusCodes.Status403Forbidden, "cross-site", "Cross-site request", "Without authentication, only pages of this service itself may change anything.");
        }

        var host = context.Request.Host.Host;
        return !config.Api.IsLoopback || LoopbackNames.Contains(host, StringComparer.OrdinalIgnoreCase) || host.Equals(publicHost, StringComparison.OrdinalIgnoreCase)
            ? null
            : Problems.Misdirected(host);
    }

    // A browser sends these with whatever a page of another site posts; other clients send neither.
    private static bool IsFromAnotherSite(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return false;
        }

        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site is not ("" or "same-origin" or "none")
            || (origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var from) && from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase)));
    }

    // Details of the components are for viewers only.
    private static bool IsProbe(HttpRequest request, string path) => Probes.Contains(path, StringComparer.Ordinal) && !request.Query.ContainsKey("verbose");

    // Compared as digests: equal time for any input, whatever its length.
    private bool IsAdmin(HttpRequest request)
    {
        const string Scheme = "Bearer ";
        var header = request.Headers.Authorization.ToString();
        if (config.Api.BootstrapToken is not { } token || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || token.Reveal() is not { Length: > 0 } expected)
        {
            return false;
        }

        return CryptographicOperations.FixedTimeEquals(
            SHA256.HashData(Encoding.UTF8.GetBytes(header[Scheme.Length..].Trim())), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
    }
}
