using Dapper;

namespace RepoSentry.Storage;

/// <summary>
/// Who may commit for a shard: the owner at the current epoch. On SQLite the poller lock has already decided who that is, so every shard is taken at
/// once; a process that lost the lock carries an old epoch, and its commits are refused.
/// </summary>
internal sealed class Ownership(IDatabase database, TimeProvider time)
{
    private readonly Dictionary<string, long> epochs = new(StringComparer.Ordinal);

    /// <summary>Takes the shards, raising their epochs.</summary>
    public async Task TakeAsync(string node, IReadOnlyCollection<string> shards, string version, CancellationToken cancellationToken)
    {
        var taken = await database.WriteAsync(
            async scope =>
            {
                scope.Forget();
                await scope.Connection.ExecuteAsync(
                    """
                    INSERT INTO nodes (name, boot_id, started_at, heartbeat_at, roles, version) VALUES (@node, @boot, @now, @now, 'all', @version)
                    ON CONFLICT (name) DO UPDATE SET boot_id = excluded.boot_id, started_at = excluded.started_at, heartbeat_at = excluded.heartbeat_at, version = excluded.version
                    """,
                    new { node, boot = Guid.NewGuid().ToString(), now = time.GetUtcNow(), version },
                    scope.Transaction);
                foreach (var shard in shards)
                {
                    await scope.Connection.ExecuteAsync(
                        """
                        INSERT INTO shards (name, owner, epoch) VALUES (@shard, @node, 1)
                        ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, epoch = shards.epoch + 1
                        """,
                        new { shard, node },
                        scope.Transaction);
                }

                return (await scope.Connection.QueryAsync<(string Name, long Epoch)>("SELECT name, epoch FROM shards", transaction: scope.Transaction)).ToList();
            },
            cancellationToken);

        lock (epochs)
        {
            foreach (var (name, epoch) in taken.Where(row => shards.Contains(row.Name)))
            {
                epochs[name] = epoch;
            }
        }
    }

    /// <summary>Those of the shards that were never taken.</summary>
    public IReadOnlyCollection<string> Missing(IEnumerable<string> shards)
    {
        lock (epochs)
        {
            return [.. shards.Where(shard => !epochs.ContainsKey(shard)).Distinct(StringComparer.Ordinal)];
        }
    }

    /// <summary>The claim that a commit for the shard must carry.</summary>
    public Fence Claim(string shard)
    {
        lock (epochs)
        {
            return epochs.TryGetValue(shard, out var epoch) ? new Fence(shard, epoch) : throw new StaleOwnerException(shard, 0);
        }
    }
}

/// <summary>A claim to a shard at an epoch.</summary>
internal readonly record struct Fence(string Shard, long Epoch)
{
    /// <exception cref="StaleOwnerException">Somebody else owns the shard now.</exception>
    public async Task CheckAsync(WriteScope scope)
    {
        if (scope.Holds(this))
        {
            return;
        }

        var epoch = await scope.Connection.ExecuteScalarAsync<long?>(
            "SELECT epoch FROM shards WHERE name = @Shard", new { Shard }, scope.Transaction);
        if (epoch != Epoch)
        {
            throw new StaleOwnerException(Shard, Epoch);
        }

        scope.Checked(this);
    }
}
