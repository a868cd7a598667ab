using System.Diagnostics;
using RepoSentry.Abstractions;

namespace RepoSentry.Delivery;

/// <summary>Outcomes as they are stored and shown.</summary>
internal static class OutcomeText
{
    public static (string Name, string? Reason) Of(TriggerOutcome outcome) => outcome switch
    {
        TriggerOutcome.Accepted => ("accepted", null),
        TriggerOutcome.GiveUp give => ("give_up", give.Reason),
        TriggerOutcome.TryAgain { RetryAfter: not null } later => ("try_later", later.Reason),
        TriggerOutcome.TryAgain again => ("try_again", again.Reason),
        _ => throw new UnreachableException(),
    };
}
