using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>
/// Whether deletions are believed. A forge that answers with a fraction of its refs must not fire hundreds of deletions: too many at once are held until three
/// complete looks over ten minutes lacked the same refs, or an operator releases them. Pure.
/// </summary>
internal static class DropGuard
{
    public static readonly TimeSpan HoldFor = TimeSpan.FromMinutes(10);
    private const int LooksToBelieve = 3;
    private const int Few = 10;

    /// <param name="drop">What a complete look at the whole kind lacks.</param>
    /// <param name="held">The hold so far; null for none.</param>
    /// <param name="heldFor">How long it has been held.</param>
    /// <param name="released">An operator released what is held.</param>
    /// <returns>The hold from now on; null if the deletions are believed.</returns>
    public static HeldDrop? Judge(Drop drop, HeldDrop? held, TimeSpan heldFor, bool released, DateTimeOffset now)
    {
        if (!IsTooMuch(drop))
        {
            return null;
        }

        if (held is not null && released && drop.Missing.All(held.Missing.ToHashSet(StringComparer.Ordinal).Contains))
        {
            return null;
        }

        if (held is null || !held.Missing.SequenceEqual(drop.Missing, StringComparer.Ordinal))
        {
            return new HeldDrop(drop.Kind, drop.Missing, drop.Known, Looks: 1, now, now);
        }

        var again = held with { Looks = held.Looks + 1, LastLookAt = now };
        return again.Looks >= LooksToBelieve && heldFor >= HoldFor ? null : again;
    }

    private static bool IsTooMuch(Drop drop)
    {
        var fall = Math.Max(drop.Known - drop.Left, drop.Missing.Count);
        return drop.Kind switch
        {
            RefKind.Branch => drop.Left == 0 || fall > Math.Max(Few, drop.Known / 2.0),
            RefKind.Tag => drop.Missing.Count > Few || drop.OthersHeld,
            _ => false, // each pull request that vanished is confirmed by its own record
        };
    }
}

/// <summary>Refs that were known and that a complete look at the whole kind lacks.</summary>
/// <param name="Missing">Full names of watched refs, sorted.</param>
/// <param name="Known">How many refs the kind had at the last look at all of it.</param>
/// <param name="Left">How many it has now, watched or not.</param>
internal sealed record Drop(RefKind Kind, IReadOnlyList<string> Missing, int Known, int Left)
{
    /// <summary>Deletions of another kind in the same answer are not believed: then none of it is.</summary>
    public bool OthersHeld { get; init; }
}
