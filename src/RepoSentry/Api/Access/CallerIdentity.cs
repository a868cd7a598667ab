using System.Net;
using System.Security.Claims;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>Who asks, and what that caller may do.</summary>
/// <param name="name">Name of the token, or one that stands for a caller without one; the audit log shows it.</param>
/// <param name="tokenId">Null without a token of the database.</param>
/// <param name="expiresAt">When the token or the session ends; null for never.</param>
/// <param name="session">Id of the browser's session; null for a caller who sent a token.</param>
internal sealed class CallerIdentity(string name, Role role, long? tokenId = null, DateTimeOffset? expiresAt = null, string? session = null) : ClaimsIdentity([new Claim(DefaultNameClaimType, name), new Claim(DefaultRoleClaimType, role.Name())], "token")
{
    public Role Role => role;

    public long? TokenId => tokenId;

    public DateTimeOffset? ExpiresAt => expiresAt;

    public string? Session => session;

    /// <summary>Whoever asks where no authentication is needed.</summary>
    public static CallerIdentity Local { get; } = new("local", Role.Admin);

    /// <summary>Whoever asks for <c>/metrics</c> on <c>api.metrics_listen</c>.</summary>
    public static CallerIdentity Scraper { get; } = new("metrics", Role.Viewer);
}

internal static class Callers
{
    public static CallerIdentity? Caller(this HttpContext context) => context.User.Identity as CallerIdentity;

    /// <summary>The client's address, behind trusted proxies too.</summary>
    public static IPAddress? Address(this HttpContext context) =>
        context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped ? mapped.MapToIPv4() : context.Connection.RemoteIpAddress;
}
