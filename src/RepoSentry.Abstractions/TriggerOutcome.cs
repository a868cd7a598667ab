namespace RepoSentry.Abstractions;

/// <summary>What an attempt came to, and so what must happen next.</summary>
public abstract record TriggerOutcome
{
    private TriggerOutcome()
    {
    }

    /// <summary>HTTP status, where there was one.</summary>
    public int? Status { get; init; }

    /// <summary>What the receiver answered, at most 64 KiB; null when nothing came.</summary>
    public string? Answer { get; init; }

    /// <summary>The body was sent, but no answer was read: it may have arrived.</summary>
    public bool Ambiguous { get; init; }

    /// <summary>Where the time went; null where the destination does not tell.</summary>
    public AttemptPhases? Phases { get; init; }

    /// <summary>The receiver has it.</summary>
    /// <param name="ReceiptId">The receiver's own id for it: an EventListener's eventID.</param>
    public sealed record Accepted(string? ReceiptId = null) : TriggerOutcome;

    /// <summary>Not now.</summary>
    /// <param name="Reason">One sentence for the operator.</param>
    /// <param name="RetryAfter">How long the receiver asks us to wait, if it said so.</param>
    public sealed record TryAgain(string Reason, TimeSpan? RetryAfter = null) : TriggerOutcome;

    /// <summary>Never: sending the same bytes again cannot help.</summary>
    /// <param name="Reason">One sentence for the operator.</param>
    /// <param name="Gone">The destination said that it is gone for good: the whole trigger pauses.</param>
    public sealed record GiveUp(string Reason, bool Gone = false) : TriggerOutcome;
}
