using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>Tells who asks by the bearer token, or by the session of a browser, and answers those who may not: 401 for who is not known, 403 for who is, 429 for who guesses.</summary>
internal sealed class TokenHandler(TokenJudge judge, AuditTrail audit, SentryConfig config) : IAuthenticationHandler
{
    public const string Scheme = "token";
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    private HttpContext context = null!;
    private Judgement? refused;
    private bool byCookie;

    public Task InitializeAsync(AuthenticationScheme scheme, HttpContext context)
    {
        this.context = context;
        return Task.CompletedTask;
    }

    public async Task<AuthenticateResult> AuthenticateAsync()
    {
        if (RequestGate.IsMetricsPort(context, config))
        {
            return Is(CallerIdentity.Scraper);
        }

        if (!config.Api.RequiresToken)
        {
            return Is(CallerIdentity.Local);
        }

        if (context.IsOpen())
        {
            return AuthenticateResult.NoResult();
        }

        var header = context.Request.Headers.Authorization.ToString();
        return Secret(header) is { } secret ? Told(await judge.OfTokenAsync(context, secret))
            : header.Length == 0 && SessionCookies.Sent(context.Request) is { } cookie ? Told(await judge.OfCookieAsync(context, cookie), isCookie: true)
            : AuthenticateResult.NoResult();
    }

    public Task ChallengeAsync(AuthenticationProperties? properties)
    {
        if (refused is null or { IsUnknown: true })
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"reposentry\"" + (context.Request.Headers.Authorization.Count > 0 ? ", error=\"invalid_token\"" : "");
            if (byCookie)
            {
                SessionCookies.Clear(context);
            }
        }

        return BrowserPage.RefuseAsync(context, refused?.Refusal ?? Problems.Unauthorized(null));
    }

    public async Task ForbidAsync(AuthenticationProperties? properties)
    {
        var needed = context.GetEndpoint()?.Metadata.GetMetadata<RouteRole>()?.Role;
        await audit.RefusedAsync(context, context.Caller()?.Name ?? "unknown", $"needs {needed?.Name() ?? "a role that nobody has"}");
        await BrowserPage.RefuseAsync(context, Problems.Forbidden(context.Caller(), needed));
    }

    // Tekton can send a credential only as part of the address that it posts to, which Go's client makes Basic authentication of.
    private string? Secret(string header)
    {
        if (header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase))
        {
            return header[Bearer.Length..].Trim();
        }

        Span<byte> decoded = stackalloc byte[512];
        return header.StartsWith(Basic, StringComparison.OrdinalIgnoreCase) && context.Request.Path.Equals("/api/v1/tekton/events", StringComparison.Ordinal)
            && Convert.TryFromBase64String(header[Basic.Length..].Trim(), decoded, out var length)
            && Encoding.UTF8.GetString(decoded[..length]) is var pair && pair.IndexOf(':', StringComparison.Ordinal) is var colon and >= 0
            ? pair[(colon + 1)..]
            : null;
    }

    private AuthenticateResult Told(Judgement judgement, bool isCookie = false)
    {
        byCookie = isCookie;
        if (judgement.Caller is { } caller)
        {
            return Is(caller);
        }

        refused = judgement;
        return AuthenticateResult.Fail("not let in");
    }

    private static AuthenticateResult Is(CallerIdentity caller) => AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(caller), Scheme));
}
