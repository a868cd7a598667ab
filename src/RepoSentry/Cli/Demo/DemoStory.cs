using System.Collections.Concurrent;
using RepoSentry.Cli.Receiver;
using RepoSentry.Storage;

namespace RepoSentry.Cli.Demo;

/// <summary>Tells each push on its way: pushed, seen, sent, answered, with the time since the push.</summary>
internal sealed class DemoStory(TextWriter output, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, long> pushedAt = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> verified = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, string> commits = new();
    private readonly TaskCompletionSource delivered = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when a push of this run was delivered and its signature was found valid.</summary>
    public Task Delivered => delivered.Task;

    public void Pushed(DemoPush push, long startedAt)
    {
        pushedAt[push.Commit] = startedAt;
        Tell(push.Commit, "push", $"{push.Repository} {push.Branch} {Short(push.Commit)}");
    }

    public void Noted(LiveNote note)
    {
        switch (note)
        {
            case LiveNote.Baseline baseline:
                Tell(null, "watch", $"{baseline.Repository}: {baseline.Refs} refs from here on");
                break;
            case LiveNote.Changed { Event: var change }:
                commits[change.Id] = change.Change.After ?? "";
                Tell(change.Change.After, "poll", $"{change.Repository.Name} {change.Change.Ref} moved: event {change.Id}");
                break;
            case LiveNote.Attempted { Attempt: var attempt } attempted:
                TellAttempt(attempted.EventId, attempted.Trigger, attempt);
                break;
            case LiveNote.LookFailed failed:
                Tell(null, "poll", $"{failed.Repository}: {failed.Error}");
                break;
            default:
                break;
        }
    }

    public void Received(Arrival arrival)
    {
        if (arrival is { EventId: { } eventId, Verdict.Passes: true })
        {
            verified[eventId] = true;
        }
    }

    private void TellAttempt(Guid eventId, string trigger, AttemptRecord attempt)
    {
        var commit = commits.GetValueOrDefault(eventId);
        if (attempt.DeliveryStatus == DeliveryStatus.Dead)
        {
            Tell(commit, "send", $"{trigger} answered {attempt.HttpStatus}: given up as a dead letter; the dashboard can send it again");
            return;
        }

        if (attempt.DeliveryStatus != DeliveryStatus.Delivered)
        {
            Tell(commit, "send", $"{trigger} answered {attempt.HttpStatus?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "nothing"}, attempt {attempt.Number}: sent again with the same id");
            return;
        }

        if (trigger != DemoCommand.MainTrigger)
        {
            return;
        }

        var valid = attempt.ReceiptId is not null && verified.ContainsKey(attempt.ReceiptId);
        Tell(commit, "send", $"{trigger} answered {attempt.HttpStatus}, attempt {attempt.Number}, signature {(valid ? "valid" : "NOT valid")}, eventID {attempt.ReceiptId}");
        if (valid && commit is not null && pushedAt.ContainsKey(commit))
        {
            delivered.TrySetResult();
        }
    }

    private void Tell(string? commit, string step, string text)
    {
        var delay = commit is not null && pushedAt.TryGetValue(commit, out var at) ? $"+{time.GetElapsedTime(at).TotalSeconds,5:0.00}s" : "       ";
        lock (output)
        {
            output.WriteLine($"{time.GetLocalNow():HH:mm:ss} {delay} {step,-5} {text}");
        }
    }

    private static string Short(string commit) => commit.Length > 8 ? commit[..8] : commit;
}
