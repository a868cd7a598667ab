using System.Security.Cryptography;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Api.Access;

/// <summary>Judges what callers send to tell who they are. Wrong tokens are counted, and stand in the audit log.</summary>
internal sealed class TokenJudge(TokenBook book, SessionCookies cookies, FailureLimiter failures, AuditTrail audit, Lifecycle lifecycle)
{
    public async Task<Judgement> OfTokenAsync(HttpContext context, string secret)
    {
        var address = context.Address();
        var key = FailureLimiter.Key(address, await book.KnowsPrefixAsync(secret, context.RequestAborted) ? TokenSecret.Prefix(secret) : null);
        if (failures.Wait(key) is { } wait)
        {
            return new Judgement(null, Problems.TooManyFailures(context, wait));
        }

        var verdict = await book.FindAsync(secret, address?.ToString(), context.RequestAborted);
        if (verdict.Caller is not null)
        {
            return new Judgement(verdict.Caller, null);
        }

        if (!book.IsReadable)
        {
            return new Judgement(null, Unreadable);
        }

        if (failures.Record(key) is { } longer)
        {
            return new Judgement(null, Problems.TooManyFailures(context, longer));
        }

        await audit.SignInFailedAsync(context, verdict.Because ?? "no such token");
        return new Judgement(null, Problems.Unauthorized(verdict.Because)) { IsUnknown = true };
    }

    /// <summary>A cookie is not guessed: one that is none of ours, or no longer, counts as no failure.</summary>
    public async Task<Judgement> OfCookieAsync(HttpContext context, string cookie)
    {
        if (!book.IsReadable)
        {
            return new Judgement(null, Unreadable);
        }

        try
        {
            return await OfSessionAsync(context, cookies.IsAvailable ? await cookies.ReadAsync(cookie, context.RequestAborted) : null);
        }
        catch (CryptographicException)
        {
            return new Judgement(null, Problems.NoSessionKeys());
        }
    }

    private async Task<Judgement> OfSessionAsync(HttpContext context, SessionTicket? ticket)
    {
        if (ticket is null)
        {
            return new Judgement(null, Problems.SignInAgain("The session is not known here")) { IsUnknown = true };
        }

        var verdict = await book.ResumeAsync(ticket, context.Address()?.ToString(), context.RequestAborted);
        if (verdict.Caller is not { } caller)
        {
            return new Judgement(null, Problems.SignInAgain($"The {verdict.Because}")) { IsUnknown = true };
        }

        if (IsSafe(context.Request.Method) || await IsOursAsync(context.Request, ticket.Id))
        {
            return new Judgement(caller, null);
        }

        if (BrowserPage.Of(context) is not null && await BrowserPage.FormAsync(context.Request) is null)
        {
            return new Judgement(null, Problems.UnreadableForm(context.Request));
        }

        await audit.RefusedAsync(context, caller.Name!, "by a session, without its anti-forgery token");
        return new Judgement(null, Problems.NoProof());
    }

    // What the browser says of the page was judged by the gate; here it must have said something.
    private async Task<bool> IsOursAsync(HttpRequest request, string session) =>
        (request.Headers.ContainsKey("Sec-Fetch-Site") || request.Headers.Origin.Count > 0)
        && await cookies.IsProofAsync(session, await BrowserPage.ProofAsync(request) ?? request.Headers["X-CSRF-Token"].ToString(), request.HttpContext.RequestAborted);

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    private IResult Unreadable => Problems.Starting(lifecycle.Reason ?? "Tokens cannot be read yet: the database is not open.");
}

/// <param name="Caller">Null if it is nobody's.</param>
/// <param name="Refusal">The answer then.</param>
internal sealed record Judgement(CallerIdentity? Caller, IResult? Refusal)
{
    /// <summary>Whether other credentials are asked for.</summary>
    public bool IsUnknown { get; init; }
}
