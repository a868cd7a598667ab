using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>
/// The repositories that came through the API. One whose provider or trigger the file no longer has stays, with an error, until it can be used again.
/// </summary>
internal sealed class KnownEntries
{
    private readonly OrderedDictionary<string, RepositoryConfig> usable = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Entry, string Reason)> rejected = new(StringComparer.Ordinal);

    /// <summary>Those that are watched.</summary>
    public IReadOnlyList<RepositoryConfig> Usable => usable.Values;

    /// <summary>Names of those that cannot be used.</summary>
    public IReadOnlyCollection<string> Rejected => rejected.Keys;

    /// <summary>All of them as they are stored.</summary>
    public IEnumerable<(string Name, string Entry)> Written => usable.Select(one => (one.Key, one.Value.Entry!)).Concat(rejected.Select(one => (one.Key, one.Value.Entry)));

    /// <summary>Why those that cannot be used cannot.</summary>
    public IReadOnlyDictionary<string, string> Reasons => rejected.ToDictionary(one => one.Key, one => one.Value.Reason, StringComparer.Ordinal);

    /// <param name="tell">Takes name and problem of each that cannot be used.</param>
    public static KnownEntries Read(RepositoryEntries entries, IEnumerable<(string Name, string Entry)> written, Action<string, string> tell)
    {
        var known = new KnownEntries();
        foreach (var (name, entry) in written)
        {
            var (repository, errors) = entries.Read(entry);
            if (repository is not null)
            {
                known.usable[name] = repository with { Entry = entry };
                continue;
            }

            known.rejected[name] = (entry, errors[0].Message);
            tell(name, errors[0].ToString());
        }

        return known;
    }

    /// <returns>As it is stored; null if there is none of that name.</returns>
    public string? EntryOf(string name) => usable.GetValueOrDefault(name)?.Entry ?? (rejected.TryGetValue(name, out var other) ? other.Entry : null);

    /// <summary>One of its own, to be changed before it is known.</summary>
    public KnownEntries Copy()
    {
        var copy = new KnownEntries();
        foreach (var (name, repository) in usable)
        {
            copy.usable.Add(name, repository);
        }

        foreach (var (name, other) in rejected)
        {
            copy.rejected.Add(name, other);
        }

        return copy;
    }

    public void Put(RepositoryConfig repository)
    {
        rejected.Remove(repository.Name);
        usable[repository.Name] = repository;
    }

    public void Remove(string name)
    {
        rejected.Remove(name);
        usable.Remove(name);
    }

    /// <summary>The same, with some of them written anew.</summary>
    public KnownEntries Rewritten(IReadOnlyDictionary<string, string> entries)
    {
        var copy = new KnownEntries();
        foreach (var (name, repository) in usable)
        {
            copy.usable.Add(name, repository with { Entry = entries.GetValueOrDefault(name, repository.Entry!) });
        }

        foreach (var (name, other) in rejected)
        {
            copy.rejected.Add(name, (entries.GetValueOrDefault(name, other.Entry), other.Reason));
        }

        return copy;
    }
}
