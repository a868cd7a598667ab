using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>Tells who asks by the bearer token, and answers those who may not: 401 for who is not known, 403 for who is, 429 for who guesses.</summary>
internal sealed class TokenHandler(TokenBook book, FailureLimiter failures, AuditTrail audit, SentryConfig config) : IAuthenticationHandler
{
    public const string Scheme = "token";
    private const string Bearer = "Bearer ";

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
        return context.IsOpen() || !header.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) ? AuthenticateResult.NoResult() : await JudgeAsync(header[Bearer.Length..].Trim());
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
