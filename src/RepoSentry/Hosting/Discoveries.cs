using RepoSentry.Configuration;
using RepoSentry.Polling.Discovery;
using RepoSentry.Storage;

namespace RepoSentry.Hosting;

/// <summary>The repositories that listings told of, beside those of the file and of the API.</summary>
internal sealed class Discoveries(CurrentConfig current, DiscoveryBook book, DiscoveryWorker worker, RepositoryStore repositories)
{
    // Those in force keep their names; before the start, those that are stored.
    private IReadOnlyDictionary<(string Host, string Id), string> stored = new Dictionary<(string, string), string>();

    private IEnumerable<RepositoryConfig> InForce => current.Value.Repositories.Where(repository => repository.Source == RepositoryConfig.FromDiscovery);

    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        await worker.LoadAsync(cancellationToken);
        stored = (await repositories.LoadDiscoveredAsync(cancellationToken)).GroupBy(row => (new Uri(row.Url).Authority, row.ForgeId!)).ToDictionary(rows => rows.Key, rows => rows.First().Name);
    }

    /// <summary>The whole configuration: the file's, the API's and the discovered repositories.</summary>
    public SentryConfig Beside(RepositoryEntries entries, KnownEntries known)
    {
        var chosen = entries.With(known.Usable);
        return chosen.Discovery.Count == 0
            ? chosen
            : entries.With([.. known.Usable, .. DiscoveredRepositories.Of(chosen.Discovery, book.ListedOf, chosen.Repositories, known.Rejected, Names())]);
    }

    public bool Has(string name) => InForce.Any(repository => repository.Name == name);

    /// <summary>Whether a configuration has other discovered repositories than the one in force.</summary>
    public bool AreOther(SentryConfig next) => !InForce.Select(Mark).SequenceEqual(next.Repositories.Where(repository => repository.Source == RepositoryConfig.FromDiscovery).Select(Mark));

    /// <summary>Tells that the configuration in force is another one.</summary>
    public void Changed() => worker.Changed();

    private static (string Name, string Identity, string? ForgeId) Mark(RepositoryConfig repository) => (repository.Name, repository.Identity, repository.ForgeId);

    private Dictionary<(string Host, string Id), string> Names()
    {
        var names = new Dictionary<(string, string), string>(stored);
        foreach (var repository in InForce)
        {
            names[DiscoveredRepositories.IdentityOf(repository)] = repository.Name;
        }

        return names;
    }
}
