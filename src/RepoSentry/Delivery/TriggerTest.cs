using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Events;

namespace RepoSentry.Delivery;

/// <summary>
/// Sends one made-up event straight to a destination and tells what came of it. Nothing is stored, and neither lanes nor a pause stand in its way. It looks
/// like a push to a repository of the configuration, so that bindings and filters see what they will see, but names a branch and commits that are not there.
/// </summary>
internal sealed partial class TriggerTest(DeliveryWorkers workers, CurrentConfig config, TimeProvider time, ILogger<TriggerTest> logger)
{
    private const string Ref = GitRef.BranchPrefix + "reposentry-test";
    private static readonly string Before = string.Concat(Enumerable.Repeat("7e57", 10)); // hexadecimal for "test"
    private static readonly string After = string.Concat(Enumerable.Repeat("7e58", 10));
    private static readonly RepositoryInfo Nowhere = new("reposentry-test", new Uri("https://git.example/reposentry/test"), "git");

    /// <returns>Null if there is no such trigger.</returns>
    public async Task<TriggerTestResult?> RunAsync(string name, CancellationToken cancellationToken)
    {
        if (workers.Destinations.FirstOrDefault(destination => destination.Config.Name == name) is not { } found)
        {
            return null;
        }

        var change = Event(found.Config);
        var begun = time.GetTimestamp();
        var outcome = await found.Trigger.SendAsync(new TriggerAttempt(change.Id, found.Trigger.Render(change), Number: 1, Replay: 0) { Test = true }, cancellationToken);
        var (told, reason) = OutcomeText.Of(outcome);
        Log.Tested(logger, name, change.Id, reason is null ? told : $"{told}, {reason}");
        return new TriggerTestResult(
            name,
            change.Id,
            told,
            reason,
            outcome.Status,
            outcome.Answer,
            (outcome as TriggerOutcome.Accepted)?.ReceiptId,
            outcome.Ambiguous,
            Math.Round(time.GetElapsedTime(begun).TotalMilliseconds, 3),
            outcome.Phases);
    }

    private ChangeEvent Event(TriggerConfig trigger)
    {
        var now = time.GetUtcNow();
        var person = new PersonInfo("RepoSentry", "");
        return new ChangeEvent
        {
            Id = Guid.CreateVersion7(now),
            Change = new RefChange(RefKind.Branch, Ref, Before, After),
            Repository = config.Value.Repositories.FirstOrDefault(repository => EventRouter.IsBound(repository, trigger)) is { } bound
                ? new RepositoryInfo(bound.Name, bound.Url, bound.ProviderType)
                : Nowhere,
            DetectedAt = now,
            Forced = false,
            Commits = [new CommitInfo { Id = After, Message = "A test of RepoSentry: neither this commit nor its branch is there", Timestamp = now, Author = person, Committer = person, Added = [], Modified = [], Removed = [] }],
            CommitCount = 1,
        };
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "trigger {Trigger} was tested with event {Id}: {Outcome}")]
        public static partial void Tested(ILogger logger, string trigger, Guid id, string outcome);
    }
}

/// <summary>What came of a test.</summary>
/// <param name="EventId">Id of the made-up event. It is stored nowhere.</param>
/// <param name="Outcome">accepted, try_again, try_later (the receiver said when) or give_up.</param>
/// <param name="Reason">Why it was not accepted; null if it was.</param>
/// <param name="Status">HTTP status; null where there is none.</param>
/// <param name="Answer">What the receiver answered, at most 64 KiB.</param>
/// <param name="ReceiptId">The receiver's own id: an EventListener's eventID.</param>
/// <param name="Ambiguous">It may have arrived although no answer was read.</param>
/// <param name="Phases">Where the time went; null where the destination does not tell.</param>
internal sealed record TriggerTestResult(
    string Trigger, Guid EventId, string Outcome, string? Reason, int? Status, string? Answer, string? ReceiptId, bool Ambiguous, double DurationMs, AttemptPhases? Phases);
