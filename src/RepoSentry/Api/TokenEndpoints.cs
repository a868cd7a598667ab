using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The tokens: made, shown once, revoked.</summary>
internal static class TokenEndpoints
{
    public static void MapTokens(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/tokens").WithTags("tokens");
        group.MapGet("", ListAsync).RequireRole(Role.Admin).WithName("listTokens").WithSummary("Tokens in use, without their secrets; with revoked=true the others too").Produces<ListAnswer<TokenView>>();
        group.MapPost("", CreateAsync).Writes(Role.Admin, "token.create").WithName("createToken").WithSummary("Make a token; its secret is in this answer and nowhere else")
            .WithMetadata(new SecretAnswer()).Accepts<TokenRequest>("application/json").Produces<CreatedToken>(201).ProducesProblem(400).ProducesProblem(409);
        group.MapDelete("/{name}", RevokeAsync).Writes(Role.Admin, "token.revoke").WithName("revokeToken").WithSummary("Revoke a token by its name or id").Produces(204).ProducesProblem(404);
    }

    internal static async Task<IResult> ListAsync(TokenStore store, HttpContext context, TimeProvider time, bool? revoked, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var after, out var refusal))
        {
            return refusal!;
        }

        var rows = await store.ListAsync(after ?? 0, revoked ?? false, limit + 1, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, rows.Take(limit).Select(row => TokenView.Of(row, time.GetUtcNow())).ToList(), rows.Count > limit ? Paging.Key(rows[limit - 1].Id) : null));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, TokenStore store, TokenBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        var (asked, refusal) = await ReadAsync(context.Request, cancellationToken);
        return asked is null ? refusal! : await MakeAsync(asked, context, store, book, time, cancellationToken);
    }

    internal static async Task<IResult> MakeAsync(TokenRequest asked, HttpContext context, TokenStore store, TokenBook book, TimeProvider time, CancellationToken cancellationToken)
    {
        context.Concerns(asked.Name ?? "");
        if (asked.Name is not { } name || TokenStore.NameProblem(name) is not null)
        {
            return Problems.BadRequest("name: " + (asked.Name is null ? "say how the token is called" : TokenStore.NameProblem(asked.Name)));
        }

        if (!Roles.TryParse(asked.Role, out var role))
        {
            return Problems.BadRequest($"role is one of {string.Join(", ", Roles.All)}");
        }

        var now = time.GetUtcNow();
        if (!asked.TryExpiry(now, out var expiresAt) || expiresAt <= now)
        {
            return Problems.BadRequest("expires_at is a time to come like 2027-11-24T12:00:00Z, or expires_in a duration like 90d");
        }

        var secret = TokenSecret.Create();
        var created = await store.CreateAsync(name, secret, role, expiresAt, context.Caller()!.Name!, cancellationToken);
        book.Forget();
        return created is null
            ? Problems.Conflict($"A token {name} is in use: revoke it first, or choose another name.")
            : Results.Json(CreatedToken.Of(created, secret), ApiJson.Default.CreatedToken, statusCode: StatusCodes.Status201Created);
    }

    internal static async Task<IResult> RevokeAsync(string name, HttpContext context, TokenStore store, TokenBook book, CancellationToken cancellationToken)
    {
        var revoked = await store.RevokeAsync(name, cancellationToken);
        book.Forget();
        context.Concerns(revoked?.Name ?? name);
        return revoked is null ? Problems.NotFound($"No token in use is called {name}.") : Results.NoContent();
    }

    private static async Task<(TokenRequest? Request, IResult? Refusal)> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        const int MaxBytes = 4096;
        var bytes = new byte[MaxBytes + 1];
        var length = await request.Body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        try
        {
            return length <= MaxBytes && JsonSerializer.Deserialize(bytes.AsSpan(0, length), TokenJson.Default.TokenRequest) is { } asked
                ? (asked, null)
                : (null, Problems.BadRequest("Send a JSON object: name, role, and expires_at or expires_in if it shall end."));
        }
        catch (JsonException e)
        {
            return (null, Problems.BadRequest($"The body is no request for a token: {e.Path ?? "$"}, line {(e.LineNumber ?? 0) + 1}. Fields are name, role, expires_at, expires_in."));
        }
    }
}

/// <summary>A token that is asked for.</summary>
internal sealed record TokenRequest
{
    public string? Name { get; init; }

    /// <summary>viewer, operator or admin.</summary>
    public string? Role { get; init; }

    /// <summary>RFC 3339; never without it.</summary>
    public string? ExpiresAt { get; init; }

    /// <summary>A duration such as <c>90d</c>, in place of <c>expires_at</c>.</summary>
    public string? ExpiresIn { get; init; }

    public bool TryExpiry(DateTimeOffset now, out DateTimeOffset? expiresAt)
    {
        expiresAt = null;
        if (ExpiresIn is null)
        {
            return Times.TryRead(ExpiresAt, out expiresAt);
        }

        var read = ExpiresAt is null && Durations.TryParse(ExpiresIn, out var span) ? now + span : (DateTimeOffset?)null;
        expiresAt = read;
        return read is not null;
    }
}

/// <summary>A token as it is shown.</summary>
/// <param name="Prefix">The first characters of its secret: what a scanner of leaks finds.</param>
/// <param name="Status">active, expired or revoked.</param>
/// <param name="LastUsedAt">Up to a minute old; null if it never was.</param>
internal sealed record TokenView(
    long Id, string Name, string Prefix, string Role, string Status, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt, DateTimeOffset? LastUsedAt, string? LastUsedFrom)
{
    public static TokenView Of(StoredToken row, DateTimeOffset now) => new(
        row.Id, row.Name, row.Prefix, row.Role, row.RevokedAt is not null ? "revoked" : row.ExpiresAt <= now ? "expired" : "active", row.CreatedAt, row.CreatedBy, row.ExpiresAt, row.RevokedAt, row.LastUsedAt, row.LastUsedFrom);
}

/// <param name="Token">The secret. It is not shown again.</param>
internal sealed record CreatedToken(long Id, string Name, string Prefix, string Role, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? ExpiresAt, string Token)
{
    public static CreatedToken Of(StoredToken row, string secret) => new(row.Id, row.Name, row.Prefix, row.Role, row.CreatedAt, row.CreatedBy, row.ExpiresAt, secret);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(TokenRequest))]
internal sealed partial class TokenJson : JsonSerializerContext;
