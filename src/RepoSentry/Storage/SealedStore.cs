using Dapper;
using RepoSentry.Configuration.Secrets;

namespace RepoSentry.Storage;

/// <summary>What is kept sealed: the keys of browser sessions, and the entries of repositories that came through the API.</summary>
internal sealed class SealedStore(IDatabase database, TimeProvider time)
{
    public Task<IReadOnlyList<SealedKey>> LoadKeysAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(async connection => (IReadOnlyList<SealedKey>)(await connection.QueryAsync<SealedKey>("SELECT name, sealed FROM key_ring ORDER BY name")).AsList(), cancellationToken);

    public Task<int> CountKeysAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(connection => connection.ExecuteScalarAsync<int>("SELECT COUNT(*) FROM key_ring"), cancellationToken);

    public Task AddKeyAsync(SealedKey key, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                "INSERT INTO key_ring (name, sealed, created_at) VALUES (@Name, @Sealed, @now)", new { key.Name, key.Sealed, now = time.GetUtcNow() }, scope.Transaction),
            cancellationToken);

    /// <summary>Writes everything sealed with the first line of the master key, or nothing. A key of sessions that no line opens is dropped: all that it holds is that people need not sign in again.</summary>
    /// <param name="entries">Those that were sealed with another one, sealed anew.</param>
    public Task<ResealedKeys> ResealAsync(MasterKey master, IReadOnlyList<(string Name, string Entry)> entries, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await scope.Connection.ExecuteAsync("UPDATE repository_states SET entry = @Entry WHERE name = @Name", entries.Select(one => new { one.Name, one.Entry }), scope.Transaction);
                var keys = (await scope.Connection.QueryAsync<SealedKey>("SELECT name, sealed FROM key_ring", transaction: scope.Transaction)).AsList();
                var lost = keys.Where(key => key.Open(master).Plain is null).ToList();
                var anew = keys.Select(key => key with { Sealed = master.Resealed(key.Sealed, key.Owner) ?? "" }).Where(key => key.Sealed.Length > 0).ToList();
                await scope.Connection.ExecuteAsync("DELETE FROM key_ring WHERE name = @Name", lost, scope.Transaction);
                await scope.Connection.ExecuteAsync("UPDATE key_ring SET sealed = @Sealed WHERE name = @Name", anew, scope.Transaction);
                return new ResealedKeys(anew.Count, lost.Count);
            },
            cancellationToken);
}

/// <param name="Resealed">How many were sealed with another line.</param>
/// <param name="Dropped">How many no line opened.</param>
internal sealed record ResealedKeys(int Resealed, int Dropped);

/// <summary>A key of browser sessions as it is stored.</summary>
internal sealed record SealedKey
{
    public string Name { get; init; } = "";

    public string Sealed { get; init; } = "";

    /// <summary>What the sealing is bound to: the row cannot stand for another one.</summary>
    public string Owner => "key_ring " + Name;

    public static SealedKey Of(string name, string plain, MasterKey master)
    {
        var key = new SealedKey { Name = name };
        return key with { Sealed = master.Seal(plain, key.Owner) };
    }

    public (string? Plain, string? Problem) Open(MasterKey master) => master.Open(Sealed, Owner);
}
