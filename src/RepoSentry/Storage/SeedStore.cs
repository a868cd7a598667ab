using Dapper;
using RepoSentry.Configuration;

namespace RepoSentry.Storage;

/// <summary>Puts snapshots of another program in the place of first looks: all of them, or none.</summary>
internal sealed class SeedStore(IDatabase database, TimeProvider time)
{
    /// <param name="replace">Whether a snapshot of our own gives way.</param>
    /// <returns>Names of the repositories whose snapshot was written; the others had it already.</returns>
    /// <exception cref="StorageException">A repository has another snapshot; nothing was kept.</exception>
    public Task<IReadOnlyList<string>> SeedAsync(IReadOnlyList<Seed> seeds, bool replace, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                var (written, refused) = (new List<string>(), new List<string>());
                foreach (var seed in seeds)
                {
                    var id = await FindOrAddAsync(scope, seed.Repository);
                    var standing = await StandingAsync(scope, id, seed.Kind);
                    if (standing == Standing.Other && !replace)
                    {
                        refused.Add(seed.Repository.Name);
                    }
                    else if (standing != Standing.Equal)
                    {
                        await WriteAsync(scope, id, seed);
                        written.Add(seed.Repository.Name);
                    }
                }

                return refused.Count == 0
                    ? (IReadOnlyList<string>)written
                    : throw new StorageException($"{string.Join(", ", refused)}: the database has a snapshot already, and nothing was taken over: --replace puts the old heads in its place");
            },
            cancellationToken);

    private async Task<long> FindOrAddAsync(WriteScope scope, RepositoryConfig config)
    {
        await scope.Connection.ExecuteAsync(
            """
            INSERT INTO repository_states (name, url, provider, source, status, created_at, updated_at) VALUES (@Name, @Url, @Provider, @Source, @Pending, @Now, @Now)
            ON CONFLICT (name) DO NOTHING
            """,
            new { config.Name, Url = config.Url.AbsoluteUri, Provider = config.ProviderType, config.Source, RepositoryStatus.Pending, Now = time.GetUtcNow() },
            scope.Transaction);
        return await scope.Connection.ExecuteScalarAsync<long>("SELECT id FROM repository_states WHERE name = @Name", new { config.Name }, scope.Transaction);
    }

    private static async Task<Standing> StandingAsync(WriteScope scope, long id, KindCommit kind)
    {
        var stored = await scope.Connection.QuerySingleOrDefaultAsync<StoredHead>(
            "SELECT digest, filter FROM snapshots WHERE repository_id = @id AND kind = @Kind", new { id, Kind = kind.Snapshot.Kind.Name() }, scope.Transaction);
        return stored is null ? Standing.None
            : stored.Filter == kind.Filter && stored.Digest.AsSpan().SequenceEqual(kind.Digest) ? Standing.Equal
            : Standing.Other;
    }

    private async Task WriteAsync(WriteScope scope, long id, Seed seed)
    {
        var key = new { id, Kind = seed.Kind.Snapshot.Kind.Name(), seed.TakenAt };
        foreach (var table in (string[])["refs", "snapshots", "held_drops"])
        {
            await scope.Connection.ExecuteAsync($"DELETE FROM {table} WHERE repository_id = @id AND kind = @Kind", key, scope.Transaction);
        }

        await PollStore.WriteSnapshotAsync(scope, id, seed.Kind, seed.TakenAt ?? time.GetUtcNow());
        await scope.Connection.ExecuteAsync("UPDATE repository_states SET last_checked = COALESCE(@TakenAt, last_checked) WHERE id = @id", key, scope.Transaction);
    }

    private enum Standing
    {
        None,
        Equal,
        Other,
    }

    private sealed record StoredHead
    {
        public byte[] Digest { get; init; } = [];
        public string Filter { get; init; } = "";
    }
}

/// <param name="Repository">As the configuration has it.</param>
/// <param name="Kind">The snapshot, with the filter that says what it knew.</param>
/// <param name="TakenAt">When it was known to be true; null where that was not written down.</param>
internal sealed record Seed(RepositoryConfig Repository, KindCommit Kind, DateTimeOffset? TakenAt);
