using System.Globalization;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using RepoSentry.Configuration;

namespace RepoSentry.Api.Access;

/// <summary>
/// Makes and reads what a browser is given: the cookie, which names a token by its id and never holds it, and the proof that a write comes from a page of ours.
/// The framework's Data Protection is loaded when the first browser comes, not at the start.
/// </summary>
internal sealed class SessionCookies(KeyRing ring, TimeProvider time) : IDisposable
{
    public const string PlainName = "reposentry_session";
    private const string CookiePurpose = "session cookie";
    private const string ProofPurpose = "anti-forgery";
    private static readonly TimeSpan GrowthEvery = TimeSpan.FromMilliseconds(500);

    private readonly Lock gate = new();
    private ServiceProvider? services;
    private long? askedAt;

    /// <summary>Only a server that speaks TLS for the whole host can set a cookie with that prefix.</summary>
    public static string Name(HttpRequest request) => request.IsHttps ? "__Host-" + PlainName : PlainName;

    public bool IsAvailable => ring.Sealing is not null;

    /// <summary>Why nobody can sign in now; null if they can.</summary>
    public string? Problem => ring.Sealing?.Problem;

    /// <summary>Reads the ring anew at the next use: keys of it are gone.</summary>
    public void Forget() => Dispose();

    /// <exception cref="CryptographicException">The key ring cannot be used.</exception>
    public void Set(HttpContext context, SessionTicket ticket) =>
        context.Response.Cookies.Append(Name(context.Request), Protector(CookiePurpose).Protect(ticket.ToString()), Options(context, ticket.ExpiresAt));

    public static void Clear(HttpContext context) => context.Response.Cookies.Delete(Name(context.Request), Options(context, expires: null));

    /// <summary>What the browser sent; null without a cookie.</summary>
    public static string? Sent(HttpRequest request) => request.Cookies[Name(request)] is { Length: > 0 } value ? value : null;

    /// <summary>Null if it is none of ours.</summary>
    public async Task<SessionTicket?> ReadAsync(string cookie, CancellationToken cancellationToken) =>
        await OpenAsync(CookiePurpose, cookie, cancellationToken) is { } text && SessionTicket.TryParse(text, out var ticket) ? ticket : null;

    /// <summary>To be sent back with each write, as <c>X-CSRF-Token</c>: a page of another site cannot read it.</summary>
    public string Proof(string session) => Protector(ProofPurpose).Protect(session);

    public async Task<bool> IsProofAsync(string session, string sent, CancellationToken cancellationToken) =>
        sent.Length > 0 && await OpenAsync(ProofPurpose, sent, cancellationToken) == session;

    public void Dispose()
    {
        lock (gate)
        {
            services?.Dispose();
            services = null;
        }
    }

    // Another process may have protected it with a key that was made since the ring was read.
    private async Task<string?> OpenAsync(string purpose, string text, CancellationToken cancellationToken)
    {
        if (TryOpen(purpose, text) is { } opened)
        {
            return opened;
        }

        if (!MayAsk() || !await ring.HasGrownAsync(cancellationToken))
        {
            return null;
        }

        Dispose();
        return TryOpen(purpose, text);
    }

    private string? TryOpen(string purpose, string text)
    {
        try
        {
            return Protector(purpose).Unprotect(text);
        }
        catch (CryptographicException) when (ring.Failure is null)
        {
            return null;
        }
    }

    private bool MayAsk()
    {
        lock (gate)
        {
            if (askedAt is { } at && time.GetElapsedTime(at) < GrowthEvery)
            {
                return false;
            }

            askedAt = time.GetTimestamp();
            return true;
        }
    }

    private IDataProtector Protector(string purpose)
    {
        lock (gate)
        {
            services ??= Load();
            return services.GetRequiredService<IDataProtectionProvider>().CreateProtector(purpose);
        }
    }

    // A container of its own: in that of the service it would be loaded at the start. It has no log: the ring says what matters.
    private ServiceProvider Load() => new ServiceCollection()
        .AddDataProtection().SetApplicationName("reposentry").AddKeyManagementOptions(options => options.XmlRepository = ring)
        .Services.BuildServiceProvider();

    // A proxy may end TLS and not say so.
    private static bool IsPublicByTls(HttpContext context) => context.RequestServices.GetRequiredService<SentryConfig>().Api.PublicUrl.StartsWith("https://", StringComparison.OrdinalIgnoreCase);

    private static CookieOptions Options(HttpContext context, DateTimeOffset? expires) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Lax, Secure = context.Request.IsHttps || IsPublicByTls(context), Path = "/", Expires = expires, IsEssential = true };
}

/// <summary>Who is signed in, as the cookie says it.</summary>
/// <param name="Id">Of the session: random.</param>
/// <param name="TokenId">Null for the bootstrap token.</param>
/// <param name="Mark">Of the bootstrap token, so that another one ends the session; empty for others.</param>
internal sealed record SessionTicket(string Id, long? TokenId, string Mark, DateTimeOffset ExpiresAt)
{
    /// <summary>A session ends after this time, if its token does not end earlier.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    public static SessionTicket Of(CallerIdentity caller, string mark, DateTimeOffset now) =>
        new(RandomNumberGenerator.GetHexString(32, lowercase: true), caller.TokenId, mark, caller.ExpiresAt is { } end && end < now + Longest ? end : now + Longest);

    public static bool TryParse(string text, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SessionTicket? ticket)
    {
        var parts = text.Split(' ');
        ticket = parts.Length == 4 && long.TryParse(parts[3], NumberStyles.None, CultureInfo.InvariantCulture, out var end)
            ? new SessionTicket(parts[0], long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var token) ? token : null, parts[2], DateTimeOffset.FromUnixTimeMilliseconds(end))
            : null;
        return ticket is not null;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {TokenId} {Mark} {ExpiresAt.ToUnixTimeMilliseconds()}");
}
