using System.Collections.Concurrent;
using RepoSentry.Configuration;

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

    /// <param name="because">What was answered.</param>
    public void Add(string credential, TimeSpan wait, string because)
    {
        var until = now() + wait;
        blocks[credential] = blocks.TryGetValue(credential, out var before) && before.Until > until ? before with { Scout = null } : new Block(until, because, Scout: null);
    }

    /// <summary>How much longer a credential waits, and why; null if it does not.</summary>
    public CredentialWait? Of(string credential) => blocks.TryGetValue(credential, out var block) && block.Until - now() is var left && left > TimeSpan.Zero ? new CredentialWait(credential, left, block.Because) : null;

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

    private sealed record Block(TimeSpan Until, string Because, object? Scout);
}

/// <summary>A credential with which nothing is asked for a while.</summary>
internal sealed record CredentialWait(string Credential, TimeSpan Left, string Because)
{
    public override string ToString() => $"credential {Credential} waits {Durations.About(Left)} more ({Because})";
}
