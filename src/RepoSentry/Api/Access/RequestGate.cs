using RepoSentry.Configuration;

namespace RepoSentry.Api.Access;

/// <summary>
/// What is refused whoever asks: anything but metrics on the metrics port; without authentication on loopback, names that are not loopback's, so that a
/// page in a browser cannot reach the API under a name of its own; and writes that a page of another site sends.
/// </summary>
internal sealed class RequestGate(RequestDelegate next, SentryConfig config, AuditTrail audit)
{
    private static readonly string[] LoopbackNames = ["localhost", "127.0.0.1", "::1", "[::1]"];

    private readonly Uri? publicUrl = Uri.TryCreate(config.Api.PublicUrl, UriKind.Absolute, out var url) ? url : null;

    public static bool IsMetricsPort(HttpContext context, SentryConfig config) =>
        ListenAddress.TryParse(config.Api.MetricsListen)?.Port is { } port && context.Connection.LocalPort == port;

    public async Task InvokeAsync(HttpContext context)
    {
        if (await RefusalAsync(context) is { } refusal)
        {
            await (IsMetricsPort(context, config) ? refusal.ExecuteAsync(context) : BrowserPage.RefuseAsync(context, refusal));
            return;
        }

        await next(context);
    }

    private async Task<IResult?> RefusalAsync(HttpContext context)
    {
        if (IsMetricsPort(context, config))
        {
            return context.Request.Path == "/metrics" ? null : Problems.NotFound("Only /metrics is served here.");
        }

        if (context.IsOpen())
        {
            return null;
        }

        var host = context.Request.Host.Host;
        if (!config.Api.RequiresToken && config.Api.IsLoopback && !LoopbackNames.Contains(host, StringComparer.OrdinalIgnoreCase) && !host.Equals(publicUrl?.Host, StringComparison.OrdinalIgnoreCase))
        {
            return Problems.Misdirected(host);
        }

        if (!IsFromAnotherSite(context.Request))
        {
            return null;
        }

        await audit.RefusedAsync(context, "unknown", "sent by a page of another site");
        return Problems.Of(StatusCodes.Status403Forbidden, "cross-site", "Cross-site request", "Only pages of this service itself may change anything: the Origin or Sec-Fetch-Site of the request names another site. Behind a proxy, set api.public_url.");
    }

    // A browser sends these with whatever a page of another site posts; other clients send neither.
    private bool IsFromAnotherSite(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return false;
        }

        var site = request.Headers["Sec-Fetch-Site"].ToString();
        var origin = request.Headers.Origin.ToString();
        return site is not ("" or "same-origin" or "none") || (origin.Length > 0 && !IsOurs(origin, request));
    }

    private bool IsOurs(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var from)
        && (from.Authority.Equals(request.Host.Value, StringComparison.OrdinalIgnoreCase) || (publicUrl is not null && Uri.Compare(from, publicUrl, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase) == 0));
}
