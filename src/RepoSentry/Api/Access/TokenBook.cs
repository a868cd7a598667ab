using System.Collections.Concurrent;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Api.Access;

/// <summary>
/// The tokens in memory. A request that comes half a second after the last check reads one number, and the tokens again if it has changed: so a token
/// revoked by any process ends within that time, and an idle service reads nothing.
/// </summary>
internal sealed partial class TokenBook(TokenStore store, OpenedDatabase database, SentryConfig config, TimeProvider time, ILogger<TokenBook> logger) : IDisposable
{
    private static readonly TimeSpan CheckEvery = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan RecordEvery = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim reading = new(1, 1);
    private readonly ConcurrentDictionary<long, TokenUse> uses = new();
    private Page page = Page.Of(-1, 0, -1, [], []);
    private int changes;

    /// <summary>False while the database is not open: who asks cannot be told then, except for the bootstrap token.</summary>
    public bool IsReadable => database.IsOpen;

    public async ValueTask<TokenVerdict> FindAsync(string secret, string? address, CancellationToken cancellationToken)
    {
        if (IsBootstrap(secret))
        {
            return new TokenVerdict(Bootstrap());
        }

        if (!TokenSecret.IsWellFormed(secret) || !IsReadable)
        {
            return new TokenVerdict(null);
        }

        var known = (await CurrentAsync(cancellationToken)).ByPrefix.GetValueOrDefault(TokenSecret.Prefix(secret)) ?? [];
        var digest = Encoding.ASCII.GetBytes(TokenSecret.Digest(secret));
        return Judge(Array.Find(known, token => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(token.Digest), digest)), address);
    }

    /// <summary>Whose session it is, by the token as it is now.</summary>
    public async ValueTask<TokenVerdict> ResumeAsync(SessionTicket ticket, string? address, CancellationToken cancellationToken)
    {
        var current = await CurrentAsync(cancellationToken);
        if (ticket.ExpiresAt <= time.GetUtcNow() || current.Ended.Contains(ticket.Id))
        {
            return new TokenVerdict(null, "session has ended");
        }

        return ticket.TokenId is { } id ? Judge(current.ById.GetValueOrDefault(id), address, ticket)
            : ticket.Mark.Length > 0 && ticket.Mark == BootstrapMark ? new TokenVerdict(Bootstrap(ticket))
            : new TokenVerdict(null, "bootstrap token is another one");
    }

    /// <summary>A session of a caller who sent a token.</summary>
    public SessionTicket Begin(CallerIdentity caller) => SessionTicket.Of(caller, caller.TokenId is null ? BootstrapMark : "", time.GetUtcNow());

    /// <summary>Ends a session before its time, in every process.</summary>
    public async Task EndAsync(CallerIdentity caller, CancellationToken cancellationToken)
    {
        await store.EndSessionAsync(caller.Session!, caller.ExpiresAt!.Value, cancellationToken);
        Forget();
    }

    /// <summary>Whether a caller who was let in would be let in still. For answers that do not end.</summary>
    public async ValueTask<bool> IsInUseAsync(CallerIdentity caller, CancellationToken cancellationToken)
    {
        if (caller is { TokenId: null, Session: null } || !IsReadable)
        {
            return true;
        }

        var (current, now) = (await CurrentAsync(cancellationToken), time.GetUtcNow());
        return !(caller.ExpiresAt <= now) && (caller.Session is null || !current.Ended.Contains(caller.Session))
            && (caller.TokenId is not { } id || (current.ById.GetValueOrDefault(id) is { RevokedAt: null } token && !(token.ExpiresAt <= now)));
    }

    /// <summary>Whether a token that is in use begins like this one.</summary>
    public async ValueTask<bool> KnowsPrefixAsync(string secret, CancellationToken cancellationToken) =>
        TokenSecret.IsWellFormed(secret) && IsReadable
        && (await CurrentAsync(cancellationToken)).ByPrefix.GetValueOrDefault(TokenSecret.Prefix(secret)) is { } tokens && Array.Exists(tokens, token => token.RevokedAt is null);

    /// <summary>To be called after a change by this process, which is then seen at once.</summary>
    public void Forget() => Interlocked.Increment(ref changes);

    /// <summary>Writes now and then which tokens were used; the last time at a stop, while the database is still open.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        using var timer = new PeriodicTimer(RecordEvery, time);
        try
        {
            if (config.Api is { RequiresToken: true, BootstrapToken: null } && (await store.ListAsync(0, revoked: false, 1, stopping)).Count == 0)
            {
                Log.Nobody(logger);
            }

            while (await timer.WaitForNextTickAsync(stopping))
            {
                await RecordUsesAsync(stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            await RecordUsesAsync(CancellationToken.None);
        }
    }

    public async Task RecordUsesAsync(CancellationToken cancellationToken)
    {
        var noted = uses.ToArray();
        if (noted.Length == 0)
        {
            return;
        }

        try
        {
            await store.RecordUsesAsync([.. noted.Select(pair => pair.Value)], cancellationToken);
            Array.ForEach(noted, pair => uses.TryRemove(pair)); // one that was used again meanwhile stays
        }
        catch (StorageException e)
        {
            Log.CannotRecord(logger, e.Message);
        }
    }

    public void Dispose() => reading.Dispose();

    private async ValueTask<Page> CurrentAsync(CancellationToken cancellationToken)
    {
        if (IsFresh(page))
        {
            return page;
        }

        await reading.WaitAsync(cancellationToken);
        try
        {
            if (!IsFresh(page))
            {
                // Both are taken before the read: what changes during it is seen by the next.
                var (seen, at) = (Volatile.Read(ref changes), time.GetTimestamp());
                var (change, tokens, ended) = await store.ReadIfChangedAsync(page.Change, cancellationToken);
                page = tokens is null ? page with { Change = change, CheckedAt = at, Seen = seen } : Page.Of(change, at, seen, tokens, ended!);
            }

            return page;
        }
        finally
        {
            reading.Release();
        }
    }

    private bool IsFresh(Page read) => read.Seen == Volatile.Read(ref changes) && time.GetElapsedTime(read.CheckedAt) < CheckEvery;

    private TokenVerdict Judge(StoredToken? found, string? address, SessionTicket? session = null)
    {
        if (found is null || !Roles.TryParse(found.Role, out var role))
        {
            return new TokenVerdict(null, session is null ? null : "token of the session is not known");
        }

        var now = time.GetUtcNow();
        if (found.RevokedAt is not null || found.ExpiresAt <= now)
        {
            return new TokenVerdict(null, $"token {found.Name} {(found.RevokedAt is not null ? "was revoked" : "has expired")}");
        }

        uses[found.Id] = new TokenUse(found.Id, now, address);
        return new TokenVerdict(new CallerIdentity(found.Name, role, found.Id, session?.ExpiresAt ?? found.ExpiresAt, session?.Id));
    }

    private static CallerIdentity Bootstrap(SessionTicket? session = null) => new("bootstrap", Role.Admin, expiresAt: session?.ExpiresAt, session: session?.Id);

    // Compared as digests: equal time for any input, whatever its length.
    private bool IsBootstrap(string secret) => config.Api.BootstrapToken?.Reveal() is { Length: > 0 } expected
        && CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(secret)), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));

    // Says whether it is still the same, and nothing of it.
    private string BootstrapMark => config.Api.BootstrapToken?.Reveal() is { Length: > 0 } token ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("session " + token)))[..16] : "";

    /// <param name="Change">Number of the last change in it.</param>
    /// <param name="Seen">How many changes by this process it has.</param>
    /// <param name="Ended">Sessions that were signed out.</param>
    private sealed record Page(
        long Change, long CheckedAt, int Seen, FrozenDictionary<string, StoredToken[]> ByPrefix, FrozenDictionary<long, StoredToken> ById, FrozenSet<string> Ended)
    {
        public static Page Of(long change, long at, int seen, IReadOnlyList<StoredToken> tokens, IReadOnlyList<string> ended) => new(
            change, at, seen,
            tokens.GroupBy(token => token.Prefix, StringComparer.Ordinal).ToFrozenDictionary(group => group.Key, group => group.ToArray(), StringComparer.Ordinal),
            tokens.ToFrozenDictionary(token => token.Id),
            ended.ToFrozenSet(StringComparer.Ordinal));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "there is no token yet, so nobody is let in: make one with `reposentry token create NAME --role admin -c FILE`, or set api.bootstrap_token")]
        public static partial void Nobody(ILogger logger);

        [LoggerMessage(Level = LogLevel.Warning, Message = "when tokens were used last cannot be stored ({Reason}); it is tried again later")]
        public static partial void CannotRecord(ILogger logger, string reason);
    }
}

/// <param name="Caller">Null if the token is not good.</param>
/// <param name="Because">Why a token that was one no longer is; null for a stranger.</param>
internal readonly record struct TokenVerdict(CallerIdentity? Caller, string? Because = null);
