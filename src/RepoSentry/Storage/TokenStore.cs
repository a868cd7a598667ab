using System.Globalization;
using Dapper;

namespace RepoSentry.Storage;

/// <summary>Tokens of the API. Each change takes a number, by which other processes see that there is one.</summary>
internal sealed class TokenStore(IDatabase database, TimeProvider time)
{
    private const string Columns = "id, name, prefix, digest, role, created_at, created_by, expires_at, revoked_at, last_used_at, last_used_from";

    // Whoever signs in and out on and on fills the table for twelve hours, never the memory.
    private const int MostEnded = 10_000;

    /// <summary>Names that the audit log uses for callers without a token.</summary>
    public static IReadOnlyList<string> Reserved { get; } = ["local", "bootstrap", "unknown"];

    /// <summary>Why a name cannot be one; null if it can.</summary>
    public static string? NameProblem(string name) =>
        name.Length is 0 or > 63 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') || name.All(char.IsAsciiDigit) ? "a name has up to 63 letters, digits, dots, hyphens and underscores, and is no number"
        : Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"{name} stands for callers without a token in the audit log: choose another name"
        : null;

    /// <returns>Null if a token of that name is in use.</returns>
    public Task<StoredToken?> CreateAsync(string name, string secret, Role role, DateTimeOffset? expiresAt, string createdBy, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                if (await scope.Connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM api_tokens WHERE name = @name AND revoked_at IS NULL", new { name }, scope.Transaction) > 0)
                {
                    return null;
                }

                await Sequence.TakeAsync(scope, "tokens", 1);
                return await scope.Connection.QuerySingleAsync<StoredToken?>(
                    $"""
                    INSERT INTO api_tokens (name, prefix, digest, role, created_at, created_by, expires_at)
                    VALUES (@name, @prefix, @digest, @role, @now, @createdBy, @expiresAt) RETURNING {Columns}
                    """,
                    new { name, prefix = TokenSecret.Prefix(secret), digest = TokenSecret.Digest(secret), role = role.Name(), now = time.GetUtcNow(), createdBy, expiresAt },
                    scope.Transaction);
            },
            cancellationToken);

    /// <summary>By its name among those in use, or by its id.</summary>
    /// <returns>The token; null if none in use is called so.</returns>
    public Task<StoredToken?> RevokeAsync(string nameOrId, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                var id = long.TryParse(nameOrId, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
                await Sequence.TakeAsync(scope, "tokens", 1);
                return await scope.Connection.QuerySingleOrDefaultAsync<StoredToken?>(
                    $"UPDATE api_tokens SET revoked_at = @now WHERE revoked_at IS NULL AND (name = @nameOrId OR id = @id) RETURNING {Columns}",
                    new { nameOrId, id, now = time.GetUtcNow() },
                    scope.Transaction);
            },
            cancellationToken);

    /// <summary>By id, after an id.</summary>
    /// <param name="revoked">Whether those no longer in use are in it.</param>
    public Task<IReadOnlyList<StoredToken>> ListAsync(long after, bool revoked, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<StoredToken>)(await connection.QueryAsync<StoredToken>(
                $"SELECT {Columns} FROM api_tokens WHERE id > @after AND (@revoked OR revoked_at IS NULL) ORDER BY id LIMIT @limit", new { after, revoked, limit })).AsList(),
            cancellationToken);

    /// <summary>Notes that a session ended before its time. That is a change too: other processes see it by the same number.</summary>
    public Task EndSessionAsync(string id, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await Sequence.TakeAsync(scope, "tokens", 1);
                await scope.Connection.ExecuteAsync(
                    """
                    DELETE FROM ended_sessions WHERE expires_at <= @now;
                    INSERT INTO ended_sessions (id, expires_at) VALUES (@id, @expiresAt) ON CONFLICT DO NOTHING;
                    """,
                    new { id, expiresAt, now = time.GetUtcNow() },
                    scope.Transaction);
            },
            cancellationToken);

    /// <summary>The number of the last change; every token, and the sessions that were ended, if it is not the one that is known.</summary>
    public Task<(long Change, IReadOnlyList<StoredToken>? Tokens, IReadOnlyList<string>? Ended)> ReadIfChangedAsync(long known, CancellationToken cancellationToken) =>
        database.ReadAsync<(long, IReadOnlyList<StoredToken>?, IReadOnlyList<string>?)>(
            async connection =>
            {
                var change = await connection.ExecuteScalarAsync<long>("SELECT value FROM sequences WHERE name = 'tokens'");
                return change == known ? (change, null, null) : (
                    change,
                    (await connection.QueryAsync<StoredToken>($"SELECT {Columns} FROM api_tokens")).AsList(),
                    (await connection.QueryAsync<string>("SELECT id FROM ended_sessions ORDER BY expires_at DESC LIMIT @MostEnded", new { MostEnded })).AsList());
            },
            cancellationToken);

    /// <summary>When and from where tokens were used last; many at once.</summary>
    public Task RecordUsesAsync(IReadOnlyList<TokenUse> uses, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync("UPDATE api_tokens SET last_used_at = @At, last_used_from = @Address WHERE id = @Id", uses, scope.Transaction), cancellationToken);
}

internal sealed record StoredToken
{
    public long Id { get; init; }
    public string Name { get; init; } = "";

    /// <summary>The first characters of the secret.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>SHA-256 of the secret, in hexadecimal digits.</summary>
    public string Digest { get; init; } = "";
    public string Role { get; init; } = "";
    public DateTimeOffset CreatedAt { get; init; }
    public string CreatedBy { get; init; } = "";
    public DateTimeOffset? ExpiresAt { get; init; }
    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Up to a minute old.</summary>
    public DateTimeOffset? LastUsedAt { get; init; }
    public string? LastUsedFrom { get; init; }
}

internal sealed record TokenUse(long Id, DateTimeOffset At, string? Address);
