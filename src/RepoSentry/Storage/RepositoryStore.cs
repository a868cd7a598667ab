using System.Text.Json;
using Dapper;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Storage;

/// <summary>The repositories that are watched: those of the file, those that came through the API and those that were discovered, with what is known of each.</summary>
internal sealed class RepositoryStore(IDatabase database, TimeProvider time)
{
    /// <summary>
    /// Makes the stored repositories those of the configuration. One that left is marked removed and keeps its history; one that returns goes on from its
    /// last snapshot; the same URL under a new name is a rename, and so is a new name that a listing tells of an id.
    /// </summary>
    /// <param name="unusable">Entries of the API that cannot be used as things are, by name, and why: they stay, with that error.</param>
    public Task<IReadOnlyList<WatchedRepository>> ApplyAsync(
        IReadOnlyList<RepositoryConfig> wanted, CancellationToken cancellationToken, IReadOnlyDictionary<string, string>? unusable = null) =>
        database.WriteAsync(
            async scope =>
            {
                var stored = (await scope.Connection.QueryAsync<StoredRepository>("SELECT * FROM repository_states", transaction: scope.Transaction))
                    .ToDictionary(row => row.Name, StringComparer.Ordinal);
                await RenameAsync(scope, wanted, stored);
                foreach (var config in wanted)
                {
                    await UpsertAsync(scope, config, stored.GetValueOrDefault(config.Name));
                }

                var names = wanted.Select(config => config.Name).ToHashSet(StringComparer.Ordinal);
                foreach (var gone in stored.Values.Where(row => row.Status != RepositoryStatus.Removed && !names.Contains(row.Name)))
                {
                    var reason = unusable?.GetValueOrDefault(gone.Name);
                    await SetStatusAsync(scope, gone.Id, reason is null ? RepositoryStatus.Removed : RepositoryStatus.Error, reason);
                }

                return await LoadWatchedAsync(scope, wanted);
            },
            cancellationToken);

    /// <summary>The names of what listings told of, by the forge's id and the host.</summary>
    public Task<IReadOnlyList<StoredRepository>> LoadDiscoveredAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<StoredRepository>)(await connection.QueryAsync<StoredRepository>(
                "SELECT * FROM repository_states WHERE source = @FromDiscovery AND status <> @Removed AND forge_id IS NOT NULL", new { RepositoryConfig.FromDiscovery, RepositoryStatus.Removed })).AsList(),
            cancellationToken);

    /// <summary>The entries that came through the API and are still wanted, as they were given.</summary>
    public Task<IReadOnlyList<(string Name, string Entry)>> LoadEntriesAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(
            async connection => (IReadOnlyList<(string, string)>)[.. await connection.QueryAsync<(string, string)>(
                "SELECT name, entry FROM repository_states WHERE entry IS NOT NULL AND status <> @Removed ORDER BY id", new { RepositoryStatus.Removed })],
            cancellationToken);

    /// <summary>Notes an operator's pause, or its end.</summary>
    public Task PauseAsync(long repositoryId, bool paused, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                """
                UPDATE repository_states SET paused = @paused, updated_at = @now,
                    status = CASE WHEN status = @Removed THEN status WHEN @paused THEN @Paused WHEN last_checked IS NULL THEN @Pending ELSE @Active END
                WHERE id = @repositoryId
                """,
                new { repositoryId, paused, now = time.GetUtcNow(), RepositoryStatus.Removed, RepositoryStatus.Paused, RepositoryStatus.Pending, RepositoryStatus.Active },
                scope.Transaction),
            cancellationToken);

    /// <summary>Writes when repositories were last looked at, and their newest validators: one transaction for many looks that found nothing.</summary>
    public Task CheckpointAsync(IReadOnlyList<LookCheckpoint> looks, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await scope.Connection.ExecuteAsync(
                    "UPDATE repository_states SET last_checked = @LookedAt, policy_state = COALESCE(@PolicyState, policy_state) WHERE id = @RepositoryId",
                    looks.Select(look => new { look.RepositoryId, look.LookedAt, look.PolicyState }), scope.Transaction);
                var validators = from look in looks
                                 from validator in look.Validators
                                 select new { look.RepositoryId, Kind = validator.Kind.Name(), validator.Validator, validator.Digest };
                await scope.Connection.ExecuteAsync(
                    "UPDATE snapshots SET validator = @Validator WHERE repository_id = @RepositoryId AND kind = @Kind AND digest = @Digest", validators, scope.Transaction);
            },
            cancellationToken);

    /// <summary>Notes that what is held of a repository is really gone: the next look acts on it.</summary>
    /// <returns>How many refs are held; 0 if none are.</returns>
    public Task<int> ReleaseAsync(long repositoryId, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                await scope.Connection.ExecuteAsync(
                    "UPDATE held_drops SET released_at = @now WHERE repository_id = @repositoryId", new { repositoryId, now = time.GetUtcNow() }, scope.Transaction);
                return await scope.Connection.ExecuteScalarAsync<int>(
                    "SELECT COALESCE(SUM(missing_count), 0) FROM held_drops WHERE repository_id = @repositoryId", new { repositoryId }, scope.Transaction);
            },
            cancellationToken);

    private async Task RenameAsync(WriteScope scope, IReadOnlyList<RepositoryConfig> wanted, Dictionary<string, StoredRepository> stored)
    {
        var names = wanted.Select(config => config.Name).ToHashSet(StringComparer.Ordinal);
        var byId = stored.Values.Where(row => row is { Source: RepositoryConfig.FromDiscovery, ForgeId: not null }).OrderBy(row => row.Status == RepositoryStatus.Removed)
            .ToLookup(row => (row.ForgeId!, HostOf(row.Url)));
        var renamed = (from config in wanted
                       where config.ForgeId is not null
                       let row = byId[(config.ForgeId!, HostOf(config.Url.AbsoluteUri))].FirstOrDefault()
                       where row is not null && row.Name != config.Name
                       select (Old: row, New: config.Name)).ToList();
        var leaving = stored.Values.Where(row => row.Source != RepositoryConfig.FromApi && row.Status != RepositoryStatus.Removed && !names.Contains(row.Name)).Except(renamed.Select(one => one.Old)).ToList();
        foreach (var config in wanted.Where(config => !stored.ContainsKey(config.Name) && !renamed.Exists(one => one.New == config.Name)))
        {
            if (leaving.Find(row => IsSame(row, config)) is { } old)
            {
                leaving.Remove(old);
                renamed.Add((old, config.Name));
            }
        }

        await SetNamesAsync(scope, renamed, stored);
    }

    private static bool IsSame(StoredRepository row, RepositoryConfig config) =>
        row.Url == config.Url.AbsoluteUri
        || ((row.Source == RepositoryConfig.FromDiscovery || config.Source == RepositoryConfig.FromDiscovery) && Urls.SameRepository(new Uri(row.Url), config.Url));

    // Two may swap their names, and a name may still be that of one that left: whoever is in the way first gets a name that nobody has.
    private async Task SetNamesAsync(WriteScope scope, List<(StoredRepository Old, string New)> renamed, Dictionary<string, StoredRepository> stored)
    {
        foreach (var row in renamed.Select(one => stored.GetValueOrDefault(one.New)).OfType<StoredRepository>().ToList())
        {
            await SetNameAsync(row, $"{row.Name}~{row.Id}");
        }

        foreach (var (old, name) in renamed)
        {
            await SetNameAsync(old, name);
        }

        async Task SetNameAsync(StoredRepository row, string name)
        {
            await scope.Connection.ExecuteAsync("UPDATE repository_states SET name = @name, updated_at = @now WHERE id = @Id", new { name, row.Id, now = time.GetUtcNow() }, scope.Transaction);
            if (stored.Values.FirstOrDefault(other => other.Id == row.Id) is { } before)
            {
                stored.Remove(before.Name);
            }

            stored[name] = row with { Name = name };
        }
    }

    private static string HostOf(string url) => new Uri(url) is { IsFile: false } web ? web.Authority : "";

    private async Task UpsertAsync(WriteScope scope, RepositoryConfig config, StoredRepository? stored)
    {
        var labels = JsonSerializer.Serialize(config.Labels, StorageJson.Default.IReadOnlyDictionaryStringString);
        var status = (config.Enabled && stored is not { Paused: true }, stored) switch
        {
            (false, _) => RepositoryStatus.Paused,
            (_, null) => RepositoryStatus.Pending,
            (_, { Status: RepositoryStatus.Removed or RepositoryStatus.Paused }) => stored.LastChecked is null ? RepositoryStatus.Pending : RepositoryStatus.Active,
            _ => stored.Status,
        };
        var row = new { config.Name, Url = config.Url.AbsoluteUri, Provider = config.ProviderType, Labels = labels, Status = status, config.Source, config.Entry, ForgeId = config.ForgeId ?? stored?.ForgeId, Now = time.GetUtcNow() };
        if (stored is null)
        {
            await scope.Connection.ExecuteAsync(
                """
                INSERT INTO repository_states (name, url, provider, source, labels, status, entry, forge_id, created_at, updated_at)
                VALUES (@Name, @Url, @Provider, @Source, @Labels, @Status, @Entry, @ForgeId, @Now, @Now)
                """,
                row,
                scope.Transaction);
        }
        else if (stored.Url != row.Url || stored.Provider != row.Provider || stored.Labels != labels || stored.Status != status || stored.Source != row.Source || stored.Entry != row.Entry || stored.ForgeId != row.ForgeId)
        {
            await scope.Connection.ExecuteAsync(
                """
                UPDATE repository_states SET url = @Url, provider = @Provider, source = @Source, entry = @Entry, forge_id = @ForgeId, labels = @Labels, status = @Status, updated_at = @Now
                WHERE name = @Name
                """,
                row,
                scope.Transaction);
        }
    }

    private Task<int> SetStatusAsync(WriteScope scope, long id, string status, string? error) =>
        scope.Connection.ExecuteAsync(
            "UPDATE repository_states SET status = @status, error = @error, updated_at = @now WHERE id = @id", new { id, status, error, now = time.GetUtcNow() }, scope.Transaction);

    private static async Task<IReadOnlyList<WatchedRepository>> LoadWatchedAsync(WriteScope scope, IReadOnlyList<RepositoryConfig> wanted)
    {
        var rows = (await scope.Connection.QueryAsync<StoredRepository>("SELECT * FROM repository_states", transaction: scope.Transaction))
            .ToDictionary(row => row.Name, StringComparer.Ordinal);
        var heads = (await scope.Connection.QueryAsync<SnapshotRow>(
            "SELECT repository_id, kind, digest, filter, validator, ref_count, whole_count FROM snapshots", transaction: scope.Transaction)).ToLookup(row => row.RepositoryId);
        var held = await HeldDropRows.LoadAsync(scope);
        return [.. wanted.Select(config => new WatchedRepository(
            config,
            rows[config.Name],
            heads[rows[config.Name].Id].ToDictionary(row => RefKinds.Parse(row.Kind), row => new SnapshotHead(row.Digest, row.Filter, row.Validator, row.RefCount, row.WholeCount)),
            [.. held[rows[config.Name].Id]]))];
    }

    private sealed record SnapshotRow
    {
        public long RepositoryId { get; init; }
        public string Kind { get; init; } = "";
        public byte[] Digest { get; init; } = [];
        public string Filter { get; init; } = "";
        public string? Validator { get; init; }
        public int RefCount { get; init; }
        public int? WholeCount { get; init; }
    }
}

/// <summary>A repository of the file with what is stored of it.</summary>
internal sealed record WatchedRepository(RepositoryConfig Config, StoredRepository Stored, IReadOnlyDictionary<RefKind, SnapshotHead> Heads, IReadOnlyList<HeldDrop> Held);

/// <summary>What is kept in memory of a snapshot: enough to see that nothing changed.</summary>
/// <param name="Digest">SHA-256 over the refs.</param>
/// <param name="Filter">The filter that the refs were taken with.</param>
/// <param name="Validator">The source's own mark of exactly these refs.</param>
/// <param name="RefCount">How many refs.</param>
/// <param name="WholeCount">How many refs the kind had at the last look at all of it; null if there was none.</param>
internal sealed record SnapshotHead(byte[] Digest, string Filter, string? Validator, int RefCount, int? WholeCount = null);

/// <summary>A look that found nothing new.</summary>
internal sealed record LookCheckpoint(long RepositoryId, DateTimeOffset LookedAt, IReadOnlyList<ValidatorMark> Validators, byte[]? PolicyState = null);

/// <param name="Kind">Kind of the snapshot.</param>
/// <param name="Digest">The snapshot that the validator belongs to.</param>
/// <param name="Validator">The new validator.</param>
internal sealed record ValidatorMark(RefKind Kind, byte[] Digest, string? Validator);

/// <summary>A row of <c>repository_states</c>.</summary>
internal sealed record StoredRepository
{
    public long Id { get; init; }
    public string Name { get; init; } = "";
    public string Url { get; init; } = "";
    public string Provider { get; init; } = "";
    public string Source { get; init; } = "";
    public DateTimeOffset? LastChecked { get; init; }
    public DateTimeOffset? LastChanged { get; init; }
    public string? LastCommitSha { get; init; }
    public int? BranchCount { get; init; }
    public string? DefaultBranch { get; init; }
    public string? ForgeId { get; init; }
    public bool Archived { get; init; }

    /// <summary>Where it is now, if not at the URL configured.</summary>
    public string? MovedTo { get; init; }
    public string Labels { get; init; } = "{}";
    public string Status { get; init; } = "";

    /// <summary>An operator paused it.</summary>
    public bool Paused { get; init; }

    /// <summary>What the polling policy has learnt of its changes.</summary>
    public byte[]? PolicyState { get; init; }

    /// <summary>The entry as JSON, for one that came through the API.</summary>
    public string? Entry { get; init; }
    public string? Error { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset UpdatedAt { get; init; }
}
