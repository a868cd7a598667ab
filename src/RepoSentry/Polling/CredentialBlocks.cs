using System.Collections.Concurrent;

namespace RepoSentry.Polling;

/// <summary>
/// Credentials that their forge asked to wait with. When the wait is over one request goes ahead, and the others follow when it was answered: a forge that still
/// refuses is asked once. Changed by one thread, read by any.
/// </summary>
/// <param name="now">Monotonic.</param>
internal sealed class CredentialBlocks(Func<TimeSpan> now)
{
    private static readonly TimeSpan Meanwhile = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Block> blocks = new(StringComparer.Ordinal);

    /// <summary>Until when nobody but the scout may ask; null if anyone may.</summary>
    /// <param name="asker">Who would ask.</param>
    public TimeSpan? Until(string credential, object? asker = null)
    {
        if (!blocks.TryGetValue(credential, out var block))
        {
            return null;
        }

        var at = now();
        return block.Until > at ? block.Until : block.Scout is { } scout && scout != asker ? at + Meanwhile : null;
    }

    public void Add(string credential, TimeSpan wait)
    {
        var until = now() + wait;
        blocks[credential] = new Block(blocks.TryGetValue(credential, out var before) && before.Until > until ? before.Until : until, Scout: null);
    }

    /// <summary>Somebody asks: the first after a wait is the scout.</summary>
    public void Begin(string credential, object asker)
    {
        if (blocks.TryGetValue(credential, out var block) && block.Until <= now() && block.Scout is null)
        {
            blocks[credential] = block with { Scout = asker };
        }
    }

    /// <summary>Somebody has been answered. A refusal was added before.</summary>
    public void End(string credential, object asker)
    {
        if (blocks.TryGetValue(credential, out var block) && block.Scout == asker)
        {
            blocks.TryRemove(credential, out _);
        }
    }

    private sealed record Block(TimeSpan Until, object? Scout);
}
