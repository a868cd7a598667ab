using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>Which repositories watch one remote with one credential: a look at it is made for all of them. Never across credentials, or one would see what only the other may.</summary>
internal sealed class SharedRemotes
{
    private IReadOnlyDictionary<Remote, PolledRepository[]> watchers = new Dictionary<Remote, PolledRepository[]>();

    public void Know(IEnumerable<PolledRepository> repositories) =>
        watchers = repositories.GroupBy(RemoteOf).Where(group => group.Skip(1).Any()).ToDictionary(group => group.Key, group => group.ToArray());

    /// <summary>Who has a look made for it when this one is looked at.</summary>
    public IReadOnlyList<PolledRepository> CompanionsOf(PolledRepository repository) =>
        watchers.Count > 0 && repository is { FailedLooks: 0, Tries: 0, OnFallback: false } && watchers.TryGetValue(RemoteOf(repository), out var all)
            ? [.. all.Where(other => other != repository && other is { IsWatched: true, Looking: false, FailedLooks: 0, Tries: 0 } && RemoteOf(other) == RemoteOf(repository))]
            : [];

    /// <summary>Nothing, or what follows the reason for the next look.</summary>
    public string Explain(PolledRepository repository) => watchers.Count > 0 && watchers.TryGetValue(RemoteOf(repository), out var all)
        ? $"; a look at {string.Join(", ", all.Where(other => other != repository).Select(other => other.Config.Name))} is made for it too: they watch the same remote"
        : "";

    private static Remote RemoteOf(PolledRepository repository) => new(repository.Sources, repository.Config.Url, repository.Config.ApiBaseUrl);

    private readonly record struct Remote(RefSources Sources, Uri Url, Uri? ApiBaseUrl);
}
