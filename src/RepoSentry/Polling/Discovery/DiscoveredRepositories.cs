using System.Text.RegularExpressions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Polling.Discovery;

/// <summary>
/// Which of the listed repositories are watched, and by what names. The file and the API come first, by name and by URL; then the discoveries in file order. Pure.
/// </summary>
internal static partial class DiscoveredRepositories
{
    /// <param name="others">What the file and the API watch.</param>
    /// <param name="taken">Names that are nobody else's to take.</param>
    /// <param name="names">The names in force, by the forge's host and its id: one keeps its name as long as it may have it.</param>
    public static IReadOnlyList<RepositoryConfig> Of(
        IReadOnlyList<DiscoveryConfig> discoveries, Func<string, IReadOnlyList<ListedRepository>> listed, IReadOnlyList<RepositoryConfig> others, IEnumerable<string> taken,
        IReadOnlyDictionary<(string Host, string Id), string> names)
    {
        var urls = others.Select(other => Urls.RepositoryKey(other.Url)).ToHashSet(StringComparer.Ordinal);
        var found = (from discovery in discoveries
                     from repository in listed(discovery.Key).OrderBy(one => one.Path, StringComparer.Ordinal)
                     where Refusal(discovery, repository) is null && urls.Add(Urls.RepositoryKey(repository.Url))
                     select (Discovery: discovery, Repository: repository)).ToList();
        var free = new NameBook([.. others.Select(other => other.Name), .. taken], found.Select(one => one.Repository.Name));
        var named = new string?[found.Count];
        for (var at = 0; at < found.Count; at++)
        {
            var (discovery, repository) = found[at];
            named[at] = names.GetValueOrDefault(IdentityOf(repository)) is { } name && NamesFor(discovery, repository).Contains(name, StringComparer.Ordinal) && free.Take(name) ? name : null;
        }

        return [.. found.Select((one, at) => Config(one.Discovery, one.Repository, named[at] ?? free.First(NamesFor(one.Discovery, one.Repository))))];
    }

    /// <summary>Why a discovery does not take a repository; null if it does.</summary>
    public static string? Refusal(DiscoveryConfig discovery, ListedRepository repository) =>
        !Matches(discovery.Include, repository) ? "include does not name it"
        : Matches(discovery.Exclude, repository) ? "exclude names it"
        : repository.Archived && !discovery.Archived ? "it is archived"
        : repository.Fork && !discovery.Forks ? "it is a fork"
        : discovery.Topics.FirstOrDefault(topic => !repository.HasTopic(topic)) is { } topic ? $"it does not have the topic {topic}"
        : null;

    // The first match builds what the next ones use: on a machine that stands still meanwhile it may take too long, and the next one does not.
    private static bool Matches(IReadOnlyList<string> globs, ListedRepository repository)
    {
        for (var mayTryAgain = true; ; mayTryAgain = false)
        {
            try
            {
                return GlobSet.Of(globs).Matches(repository.ShortName);
            }
            catch (RegexMatchTimeoutException slow)
            {
                if (!mayTryAgain)
                {
                    throw new RefSourceException(RefSourceError.Unavailable, $"the globs of include and exclude need too long for the name {repository.ShortName}: simplify them", innerException: slow);
                }
            }
        }
    }

    public static (string Host, string Id) IdentityOf(ListedRepository repository) => (repository.Url.Authority, repository.Id);

    public static (string Host, string Id) IdentityOf(RepositoryConfig repository) => (repository.Url.Authority, repository.ForgeId ?? "");

    // The second stands where another repository has the first name, the third where two forges have the same path.
    private static string[] NamesFor(DiscoveryConfig discovery, ListedRepository repository) => [repository.Name, repository.Path, $"{discovery.Provider}/{repository.Path}"];

    private static RepositoryConfig Config(DiscoveryConfig discovery, ListedRepository repository, string name) => discovery.Template with
    {
        Name = name,
        Url = repository.Url,
        ForgeId = repository.Id,
        Discovery = discovery.Key,
        Identity = $"{discovery.Template.Identity} {repository.Url}",
    };

    /// <summary>Names that are free. In whichever case a name is written, it is the same one here.</summary>
    private sealed partial class NameBook(IEnumerable<string> taken, IEnumerable<string> wished)
    {
        private readonly HashSet<string> taken = taken.ToHashSet(StringComparer.OrdinalIgnoreCase);
        private readonly HashSet<string> doubles = wished.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).Where(same => same.Skip(1).Any()).Select(same => same.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);

        public bool Take(string name) => taken.Add(name);

        /// <summary>The first that a repository can have: the last one is always free.</summary>
        public string First(string[] names)
        {
            var name = Array.Find(names[..^1], one => Usual.IsMatch(one) && (one != names[0] || !doubles.Contains(one)) && !taken.Contains(one)) ?? names[^1];
            taken.Add(name);
            return name;
        }

        // As in the file: what begins with a dot cannot stand for itself.
        [GeneratedRegex(@"\A[\p{L}\p{Nd}]", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
        private static partial Regex Usual { get; }
    }
}
