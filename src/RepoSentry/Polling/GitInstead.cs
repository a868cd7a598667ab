using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>
/// When Git is the cheaper way to look at a repository of a forge: its interface lists refs by pages and needs a request for each, Git lists with one those that are watched.
/// What only the interface tells (renames, archiving) is still asked for from time to time.
/// </summary>
internal sealed class GitInstead
{
    private static readonly TimeSpan ForgeEvery = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan AfterFailure = TimeSpan.FromHours(1);

    private readonly Dictionary<RefKind, int> counts = [];
    private long? askedAt;
    private long? failedAt;

    /// <param name="page">Refs that the interface tells with one request.</param>
    public bool IsCheaper(int page, TimeProvider time) =>
        counts.Values.Any(count => count > page)
        && askedAt is { } asked && time.GetElapsedTime(asked) < ForgeEvery
        && (failedAt is not { } failed || time.GetElapsedTime(failed) > AfterFailure);

    /// <summary>Takes note of an answer of the interface.</summary>
    /// <param name="held">How many refs there were when it says that nothing is new.</param>
    public void Answered(RefLook look, Func<RefKind, int> held, TimeProvider time)
    {
        askedAt = time.GetTimestamp();
        foreach (var kind in look.Kinds)
        {
            counts[kind.Kind] = kind.Snapshot?.Refs.Count ?? Math.Max(counts.GetValueOrDefault(kind.Kind), held(kind.Kind));
        }
    }

    public void Failed(TimeProvider time) => failedAt = time.GetTimestamp();
}
