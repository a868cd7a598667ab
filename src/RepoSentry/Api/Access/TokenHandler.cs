using System.Security.Claims;
using System.Text;
using Microsoft.AspNetCore.Authentication;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>Tells who asks by the bearer token, and answers those who may not: 401 for who is not known, 403 for who is, 429 for who guesses.</summary>
internal sealed class TokenHandler(TokenBook book, FailureLimiter failures, AuditTrail audit, SentryConfig config) : IAuthenticationHandler
{
    public const string Scheme = "token";
    private const string Bearer = "Bearer ";
    private const string Basic = "Basic ";

    private HttpContext context = null!;
    private TimeSpan? wait;
    private string? because;
    private bool unreadable;

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

        var header = context.Request.Headers.Authorization.ToString();
        return context.IsOpen() || Secret(header) is not { } secret ? AuthenticateResult.NoResult() : await JudgeAsync(secret);
    }

    public async Task ChallengeAsync(AuthenticationProperties? properties)
    {
        var answer = wait is { } seconds ? Problems.TooManyFailures(context, seconds)
            : unreadable ? Problems.Starting("Tokens cannot be read yet: the database is not open.")
            : Problems.Unauthorized(because);
        if (wait is null && !unreadable)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"reposentry\"" + (context.Request.Headers.Authorization.Count > 0 ? ", error=\"invalid_token\"" : "");
        }

        await answer.ExecuteAsync(context);
    }

    public async Task ForbidAsync(AuthenticationProperties? properties)
    {
        var needed = context.GetEndpoint()?.Metadata.GetMetadata<RouteRole>()?.Role;
        await audit.RefusedAsync(context, context.Caller()?.Name ?? "unknown", $"needs {needed?.Name() ?? "a role that nobody has"}");
        await Problems.Forbidden(context.Caller(), needed).ExecuteAsync(context);
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

    private async Task<AuthenticateResult> JudgeAsync(string secret)
    {
        var address = context.Address();
        var key = FailureLimiter.Key(address, await book.KnowsPrefixAsync(secret, context.RequestAborted) ? TokenSecret.Prefix(secret) : null);
        if ((wait = failures.Wait(key)) is not null)
        {
            return AuthenticateResult.Fail("too many failures");
        }

        var verdict = await book.FindAsync(secret, address?.ToString(), context.RequestAborted);
        if (verdict.Caller is { } caller)
        {
            return Is(caller);
        }

        because = verdict.Because;
        if (!book.IsReadable)
        {
            unreadable = true;
        }
        else if ((wait = failures.Record(key)) is null)
        {
            await audit.SignInFailedAsync(context, because ?? "no such token");
        }

        return AuthenticateResult.Fail("no such token");
    }

    private static AuthenticateResult Is(CallerIdentity caller) => AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(caller), Scheme));
}
