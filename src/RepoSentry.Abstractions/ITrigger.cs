namespace RepoSentry.Abstractions;

/// <summary>A destination of events. One instance serves many deliveries at once and keeps no state between them.</summary>
public interface ITrigger
{
    /// <summary>
    /// Renders what will be sent. Called once per delivery; the result is stored before the first byte leaves, and every attempt sends the same bytes.
    /// Must depend on nothing but the event and the trigger's configuration.
    /// </summary>
    TriggerMessage Render(ChangeEvent change);

    /// <summary>Sends once. Signatures and secret headers are made here, so a rotated secret holds from the next attempt on.</summary>
    Task<TriggerOutcome> SendAsync(TriggerAttempt attempt, CancellationToken cancellationToken);
}

/// <summary>What is stored of a delivery before its first attempt.</summary>
/// <param name="Headers">Without secrets and signatures.</param>
/// <param name="Body">The exact bytes.</param>
public sealed record TriggerMessage(IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>One attempt at a delivery.</summary>
/// <param name="EventId">The id of the event; receivers tell duplicates by it.</param>
/// <param name="Message">What was rendered and stored.</param>
/// <param name="Number">1 for the first attempt.</param>
/// <param name="Replay">How many times an operator has asked for a replay; 0 normally.</param>
public sealed record TriggerAttempt(Guid EventId, TriggerMessage Message, int Number, int Replay)
{
    /// <summary>An operator tries the destination out with a made-up event: say so to the receiver, as the header <c>X-RepoSentry-Test</c> does.</summary>
    public bool Test { get; init; }

    /// <summary>What names the work downstream: the event id, <c>{id}-r2</c> for a second replay.</summary>
    public string IdempotencyName => Replay == 0 ? EventId.ToString() : $"{EventId}-r{Replay}";
}
