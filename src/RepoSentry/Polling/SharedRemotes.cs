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
        watchers.Count > 0 && IsAlong(repository) && watchers.TryGetValue(RemoteOf(repository), out var all)
            ? [.. all.Where(other => other != repository && IsAlong(other) && !other.Looking && RemoteOf(other) == RemoteOf(repository))]
            : [];

    /// <summary>Nothing, or what follows the reason for the next look.</summary>
    public string Explain(PolledRepository repository) =>
        watchers.Count > 0 && IsAlong(repository) && watchers.TryGetValue(RemoteOf(repository), out var all) && all.Where(other => other != repository && IsAlong(other)).Select(other => other.Config.Name).ToList() is { Count: > 0 } others
            ? $"; a look at {string.Join(", ", others)} is made for it too: they watch the same remote"
            : "";

    // One whose looks fail, or are made by Git, looks by itself: it may be for what only it asks.
    private static bool IsAlong(PolledRepository repository) => repository is { IsWatched: true, FailedLooks: 0, Tries: 0, OnFallback: false };

    private static Remote RemoteOf(PolledRepository repository) => new(repository.Sources, repository.Config.Remote, repository.Config.ApiBaseUrl);

    private readonly record struct Remote(RefSources Sources, Uri Url, Uri? ApiBaseUrl);
}
