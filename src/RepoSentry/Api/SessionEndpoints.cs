using System.Security.Claims;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Signing in and out of a browser, which cannot send a token with what it opens by itself, such as a stream.</summary>
internal static class SessionEndpoints
{
    public static void MapSession(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/session").WithTags("session");
        group.MapPost("", SignInAsync).AsSignIn().WithName("signIn").WithSummary("Sign in with a token: sets a cookie that ends with the token, or after 12 hours")
            .WithDescription("Needs security.master_key. Where no authentication is asked for, the answer is the local admin, and no cookie is set.")
            .Accepts<SignInRequest>("application/json").Produces<SessionView>().ProducesProblem(400).ProducesProblem(401).ProducesProblem(409);
        group.MapGet("", Show).RequireRole(Role.Viewer).WithName("getSession").WithSummary("Who the caller is, and the anti-forgery token of the session").Produces<SessionView>();
        group.MapDelete("", SignOutAsync).Writes(Role.Viewer, SignOut).WithName("signOut").WithSummary("Sign out: the session ends, also for whoever has a copy of its cookie").Produces(204);
    }

    public const string SignOut = "sign_out";
    public const string SignIn = "sign_in";

    private static async Task<IResult> SignInAsync(HttpContext context, SentryConfig config, TokenJudge judge, TokenBook book, SessionCookies cookies, AuditTrail audit, CancellationToken cancellationToken)
    {
        if (!config.Api.RequiresToken)
        {
            return TypedResults.Ok(SessionView.Of(CallerIdentity.Local, proof: null));
        }

        if (await ReadAsync(context.Request, cancellationToken) is not { Token.Length: > 0 } asked)
        {
            return Problems.BadRequest("Send a JSON object with the token: {\"token\": \"rst_...\"}.");
        }

        return await BeginAsync(context, asked.Token, judge, book, cookies, audit);
    }

    internal static async Task<IResult> BeginAsync(HttpContext context, string token, TokenJudge judge, TokenBook book, SessionCookies cookies, AuditTrail audit)
    {
        var (caller, refusal) = await judge.OfTokenAsync(context, token);
        if (caller is null)
        {
            return refusal!;
        }

        if (!cookies.IsAvailable)
        {
            return Problems.NoSessions();
        }

        if (cookies.Problem is not null)
        {
            return Problems.NoSessionKeys();
        }

        context.User = new ClaimsPrincipal(caller);
        return (IResult)(await audit.AroundAsync(context, () => ValueTask.FromResult<object?>(Begin(context, book.Begin(caller), caller, cookies)), SignIn))!;
    }

    private static IResult Begin(HttpContext context, SessionTicket ticket, CallerIdentity caller, SessionCookies cookies)
    {
        try
        {
            var proof = cookies.Proof(ticket.Id);
            cookies.Set(context, ticket);
            return TypedResults.Ok(new SessionView(caller.Name!, caller.Role.Name(), ticket.ExpiresAt, proof));
        }
        catch (CryptographicException)
        {
            return Problems.NoSessionKeys();
        }
    }

    private static SessionView Show(HttpContext context, SessionCookies cookies) =>
        context.Caller()! is var caller && caller.Session is { } session ? SessionView.Of(caller, cookies.Proof(session)) : SessionView.Of(caller, proof: null);

    internal static async Task<IResult> SignOutAsync(HttpContext context, TokenBook book, CancellationToken cancellationToken)
    {
        if (context.Caller() is { Session: not null } caller)
        {
            await book.EndAsync(caller, cancellationToken);
        }

        SessionCookies.Clear(context);
        return Results.NoContent();
    }

    private static async Task<SignInRequest?> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        const int MaxBytes = 4096;
        var bytes = new byte[MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        try
        {
            return length <= MaxBytes ? JsonSerializer.Deserialize(bytes.AsSpan(0, length), SessionJson.Default.SignInRequest) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <param name="Token">The secret of a token, or the bootstrap token.</param>
internal sealed record SignInRequest(string? Token);

/// <summary>Who a caller is.</summary>
/// <param name="Name">Of the token, or local where no authentication is asked for.</param>
/// <param name="Role">viewer, operator or admin: what the token's is now.</param>
/// <param name="ExpiresAt">When the session or the token ends; null for never.</param>
/// <param name="CsrfToken">To be sent as X-CSRF-Token with each write of the session; null without one.</param>
internal sealed record SessionView(string Name, string Role, DateTimeOffset? ExpiresAt, string? CsrfToken)
{
    public static SessionView Of(CallerIdentity caller, string? proof) => new(caller.Name!, caller.Role.Name(), caller.ExpiresAt, proof);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(SignInRequest))]
internal sealed partial class SessionJson : JsonSerializerContext;
