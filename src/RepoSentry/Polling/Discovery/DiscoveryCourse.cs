using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Polling.Discovery;

/// <summary>One discovery between two listings: when it is due, and which departures are not believed yet.</summary>
internal sealed class DiscoveryCourse(DiscoveryConfig config)
{
    private TimeSpan heldSince;

    public DiscoveryConfig Config => config;

    /// <summary>When it is listed next, monotonic.</summary>
    public TimeSpan DueAt { get; set; }

    public HeldDrop? Held { get; private set; }

    /// <summary>Keeps what a complete listing lacks, where too much is gone at once to be believed.</summary>
    /// <param name="told">The listing.</param>
    /// <param name="known">What was believed before.</param>
    /// <param name="now">Monotonic.</param>
    public (IReadOnlyList<ListedRepository> Believed, string? Problem) Judge(IReadOnlyList<ListedRepository> told, IReadOnlyList<ListedRepository> known, TimeSpan now, DateTimeOffset at)
    {
        var taken = told.Where(IsTaken).Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
        var before = known.Where(IsTaken).ToList();
        var missing = before.Select(one => one.Id).Where(id => !taken.Contains(id)).Order(StringComparer.Ordinal).ToList();
        var held = missing.Count == 0 ? null : DropGuard.Judge(new Drop(RefKind.Branch, missing, before.Count, taken.Count), Held, now - heldSince, released: false, at);
        heldSince = held is { Looks: 1 } ? now : heldSince;
        Held = held;
        if (held is null)
        {
            return (told, null);
        }

        var kept = missing.ToHashSet(StringComparer.Ordinal);
        return (
            [.. told.Where(one => !kept.Contains(one.Id)), .. known.Where(one => kept.Contains(one.Id))],
            $"{missing.Count} of {before.Count} repositories are gone at once: that is believed when three listings over ten minutes agree ({held.Looks} so far), and they are watched until then");
    }

    private bool IsTaken(ListedRepository repository) => DiscoveredRepositories.Refusal(config, repository) is null;
}
