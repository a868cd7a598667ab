using System.Collections.Concurrent;
using RepoSentry.Storage;

namespace RepoSentry.Polling.Discovery;

/// <summary>What is known of each discovery: the repositories of its last believed listing, and how listing goes.</summary>
internal sealed class DiscoveryBook
{
    private readonly ConcurrentDictionary<string, DiscoveryState> states = new(StringComparer.Ordinal);

    /// <param name="discovery">Its key.</param>
    public DiscoveryState Of(string discovery) => states.GetValueOrDefault(discovery) ?? DiscoveryState.Unknown;

    public IReadOnlyList<ListedRepository> ListedOf(string discovery) => Of(discovery).Repositories;

    public void Put(string discovery, Func<DiscoveryState, DiscoveryState> change) => states.AddOrUpdate(discovery, _ => change(DiscoveryState.Unknown), (_, before) => change(before));

    public void KeepOnly(IReadOnlyCollection<string> discoveries)
    {
        foreach (var gone in states.Keys.Except(discoveries, StringComparer.Ordinal))
        {
            states.TryRemove(gone, out _);
        }
    }
}

/// <param name="Repositories">Those of the last believed listing.</param>
/// <param name="Found">How many the last complete listing told of.</param>
/// <param name="ListedAt">When it was complete; null before the first.</param>
/// <param name="NextAt">When it is listed next.</param>
/// <param name="Problem">Why what is watched may be behind; null if it is not.</param>
internal sealed record DiscoveryState(IReadOnlyList<ListedRepository> Repositories, int Found, DateTimeOffset? ListedAt, DateTimeOffset? NextAt, string? Problem)
{
    public static DiscoveryState Unknown { get; } = new([], 0, null, null, null);
}
