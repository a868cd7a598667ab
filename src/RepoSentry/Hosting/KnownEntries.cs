using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>
/// The repositories that came through the API. One whose provider or trigger the file no longer has stays, with an error, until it can be used again.
/// </summary>
/// <param name="Usable">Those that are watched.</param>
/// <param name="Rejected">By name: the entry as stored, and why it cannot be used.</param>
internal sealed record KnownEntries(IReadOnlyList<RepositoryConfig> Usable, IReadOnlyDictionary<string, (string Entry, string Reason)> Rejected)
{
    public static KnownEntries None { get; } = new([], new Dictionary<string, (string, string)>());

    /// <summary>All of them as they are stored.</summary>
    public IEnumerable<(string Name, string Entry)> Written => Usable.Select(one => (one.Name, one.Entry!)).Concat(Rejected.Select(one => (one.Key, one.Value.Entry)));

    public IReadOnlyDictionary<string, string> Reasons => Rejected.ToDictionary(one => one.Key, one => one.Value.Reason, StringComparer.Ordinal);

    /// <param name="tell">Takes name and problem of each that cannot be used.</param>
    public static KnownEntries Read(RepositoryEntries entries, IEnumerable<(string Name, string Entry)> written, Action<string, string> tell)
    {
        var usable = new List<RepositoryConfig>();
        var rejected = new Dictionary<string, (string, string)>(StringComparer.Ordinal);
        foreach (var (name, entry) in written)
        {
            var (repository, errors) = entries.Read(entry);
            if (repository is not null)
            {
                usable.Add(repository with { Entry = entry });
                continue;
            }

            rejected[name] = (entry, errors[0].Message);
            tell(name, errors[0].ToString());
        }

        return new KnownEntries(usable, rejected);
    }

    /// <returns>As it is stored; null if there is none of that name.</returns>
    public string? EntryOf(string name) => Usable.FirstOrDefault(one => one.Name == name)?.Entry ?? (Rejected.TryGetValue(name, out var other) ? other.Entry : null);

    public KnownEntries With(RepositoryConfig repository) => Without(repository.Name) is var rest ? rest with { Usable = [.. rest.Usable, repository] } : None;

    public KnownEntries Without(string name) => new(
        [.. Usable.Where(one => one.Name != name)], Rejected.Where(one => one.Key != name).ToDictionary(one => one.Key, one => one.Value, StringComparer.Ordinal));
}
