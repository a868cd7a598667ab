using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>Compares two snapshots of one kind, each with the filter it was taken with. Pure.</summary>
internal static class RefDiff
{
    /// <summary>
    /// The changes that happened in the repository. A ref that appears only because the filter widened is silent, and one that left only because the
    /// filter narrowed is forgotten without a word. Tags are compared by their peeled commit.
    /// </summary>
    /// <returns>Sorted by name.</returns>
    public static IReadOnlyList<RefChange> Between(RefSnapshot before, RefFilter beforeFilter, RefSnapshot after, RefFilter afterFilter)
    {
        var changes = new List<RefChange>();
        int b = 0, a = 0;
        while (b < before.Refs.Count || a < after.Refs.Count)
        {
            var order = b == before.Refs.Count ? 1 : a == after.Refs.Count ? -1 : string.CompareOrdinal(before.Refs[b].Name, after.Refs[a].Name);
            if (order < 0)
            {
                var gone = before.Refs[b++];
                if (afterFilter.Matches(gone.Name))
                {
                    changes.Add(new RefChange(before.Kind, gone.Name, gone.CommitId, null));
                }
            }
            else if (order > 0)
            {
                var seen = after.Refs[a++];
                if (after.PullRequests.TryGetValue(seen.Name, out var told) ? beforeFilter.Matches(told) : beforeFilter.Matches(seen.Name))
                {
                    changes.Add(new RefChange(after.Kind, seen.Name, null, seen.CommitId));
                }
            }
            else
            {
                var (old, current) = (before.Refs[b++], after.Refs[a++]);
                if (old.CommitId != current.CommitId)
                {
                    changes.Add(new RefChange(after.Kind, current.Name, old.CommitId, current.CommitId));
                }
            }
        }

        return changes;
    }
}
