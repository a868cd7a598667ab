using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>Makes a configuration's repositories and triggers this process's own: rows, sources and shards.</summary>
internal sealed class Assigner(RepositoryStore repositories, DeliveryStore deliveries, RefSourceCatalog sources, Ownership ownership)
{
    /// <param name="unusable">Entries of the API that cannot be used as things are, and why.</param>
    public async Task<IReadOnlyList<RepositoryAssignment>> AssignAsync(SentryConfig config, IReadOnlyDictionary<string, string> unusable, CancellationToken cancellationToken)
    {
        sources.Apply(config);
        var watched = await repositories.ApplyAsync(config.Repositories, cancellationToken, unusable);
        var assignments = watched.Select(repository => new RepositoryAssignment(repository, sources.For(repository.Config), RefSourceCatalog.ShardOf(repository.Config))).ToList();
        var missing = ownership.Missing([.. assignments.Select(assignment => assignment.Shard), .. config.Triggers.Select(trigger => Shards.Trigger(trigger.Name))]);
        if (missing.Count > 0)
        {
            await ownership.TakeAsync(Environment.MachineName, missing, ProductVersion.Text, cancellationToken);
        }

        return assignments;
    }

    /// <summary>What is owed to triggers that are no longer there becomes dead letters.</summary>
    public Task<int> BuryRemovedAsync(SentryConfig config, CancellationToken cancellationToken) =>
        deliveries.BuryRemovedAsync([.. config.Triggers.Select(trigger => trigger.Name)], cancellationToken);

    public Task<IReadOnlyList<(string Name, string Entry)>> LoadEntriesAsync(CancellationToken cancellationToken) => repositories.LoadEntriesAsync(cancellationToken);
}
