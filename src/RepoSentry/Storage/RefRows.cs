using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Which rows of <c>refs</c> a new snapshot writes and deletes: only what differs.</summary>
internal sealed record RefRows(IReadOnlyList<GitRef> Written, IReadOnlyList<string> Gone)
{
    /// <param name="before">What stands as rows now; null for nothing.</param>
    /// <param name="after">What shall stand as rows; null for nothing.</param>
    public static RefRows Difference(IReadOnlyList<GitRef>? before, IReadOnlyList<GitRef>? after)
    {
        if (before is null or { Count: 0 })
        {
            return new RefRows(after ?? [], []);
        }

        var known = before.ToDictionary(item => item.Name, StringComparer.Ordinal);
        var written = new List<GitRef>();
        foreach (var item in after ?? [])
        {
            if (!known.Remove(item.Name, out var old) || old != item)
            {
                written.Add(item);
            }
        }

        return new RefRows(written, [.. known.Keys]);
    }
}
