using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Why a repository's pushes did or did not start anything: what the last look saw, and what each rule says to it.</summary>
/// <param name="Notice">The error, or what is held; null for nothing.</param>
/// <param name="LastLook">Null before the first.</param>
/// <param name="Ref">What the rules say of the ref that was asked for; null without one.</param>
internal sealed record Explanation(
    string Name,
    string Status,
    string? Notice,
    PollView? LastLook,
    NextLook? NextLook,
    IReadOnlyList<ExplainedKind> Kinds,
    IReadOnlyList<ExplainedRule> Rules,
    IReadOnlyList<ExplainedTrigger> Triggers,
    IReadOnlyList<EventView> LastEvents,
    ExplainedRef? Ref)
{
    private const int MissingShown = 20;

    public static Explanation Of(
        PolledRepository repository, PollWorker polling, SentryConfig config, DeliveryWorkers deliveries, IReadOnlyList<EventView> lastEvents, IReadOnlyList<StoredRef> refs, string? asked)
    {
        var explainedRef = asked is null ? null : Asked(repository, refs, asked);
        return new Explanation(
            repository.Config.Name,
            repository.Status,
            repository.Standing.Notice,
            repository.LastLook is { } last ? PollView.Of(last) with { GapBefore = repository.Begins(last.StartedAt) } : null,
            repository.IsWatched ? new NextLook(polling.NextLookAt(repository), polling.Why(repository), polling.IntervalOf(repository).TotalSeconds) : null,
            [.. repository.Filters.Select(pair => Kind(repository, pair.Key))],
            ExplainedRule.Of(repository.Config, lastEvents),
            [.. config.Triggers.Select(trigger => Trigger(repository, trigger, deliveries, lastEvents.Count > 0 ? lastEvents[0] : null, explainedRef))],
            lastEvents,
            explainedRef);
    }

    private static ExplainedKind Kind(PolledRepository repository, RefKind kind)
    {
        var patterns = Patterns(repository.Config, kind);
        var seen = repository.Seen.GetValueOrDefault(kind);
        var held = repository.Held.GetValueOrDefault(kind);
        var watched = repository.Heads.GetValueOrDefault(kind)?.RefCount;
        var word = kind.Words();
        var unseen = kind == RefKind.PullRequest ? repository.PullRequestsUnseen : null;
        var says = unseen is not null ? unseen
            : patterns.Count == 0 ? $"no {word} are watched: the repository names none"
            : seen is null ? watched is null ? "not looked at yet" : $"{watched} {word} are watched; this process has not seen the list in full yet, for the forge says that nothing is new"
            : $"watches {seen.Watched} of {seen.Count} {word} in the last answer";
        if (seen is not null && repository.LastLook?.Source == "git" && repository.Filters[kind].Prefixes(kind) is { Count: > 0 } prefixes)
        {
            says += $"; a look by Git asks only for names that begin with {string.Join(", ", prefixes.Select(GitRef.Shorten))}, so others are not in its answer";
        }

        if (seen is { Broken.Count: > 0 })
        {
            says += $"; the server itself cannot read {string.Join(", ", seen.Broken.Take(MissingShown))}{(seen.Broken.Count > MissingShown ? $" and {seen.Broken.Count - MissingShown} more" : "")}: they count as neither moved nor gone";
        }

        return new ExplainedKind(
            kind.Name(), patterns, seen?.Count, watched, seen?.NotWatched ?? [],
            held is null ? null : new ExplainedHold(held.Missing.Count, held.Known, held.Looks, held.Since, [.. held.Missing.Take(MissingShown)]),
            held is null ? says : $"{says}; {held.Explain(repository.Config.Name)}");
    }

    private static ExplainedTrigger Trigger(PolledRepository repository, TriggerConfig trigger, DeliveryWorkers deliveries, EventView? last, ExplainedRef? asked)
    {
        var config = repository.Config;
        var isBound = EventRouter.IsBound(config, trigger);
        var types = isBound ? EventTypes.All.Where(name => EventTypes.TryParse(name, out var type) && Watches(config, name) && EventRouter.Wants(trigger, type)).ToList() : [];
        var view = deliveries.All.FirstOrDefault(worker => worker.Name == trigger.Name)?.View;
        var says = !isBound ? $"gets nothing from here: the repository names other triggers ({string.Join(", ", config.Triggers)})"
            : types.Count == 0 ? "gets nothing from here: its events match no type that this repository can fire"
            : asked is { Watched: false } ? "gets nothing of this ref: it is not watched"
            : Last(trigger, last, view?.State switch
            {
                "paused" => $"; it is paused, so events wait ({view.Reason})",
                "open" => $"; events wait ({view.Reason})",
                _ => null,
            });
        return new ExplainedTrigger(trigger.Name, isBound, types, view?.State, says);
    }

    // What became of the newest event there: that is what one asks. Where nothing is sent now, no event is about to be.
    private static string Last(TriggerConfig trigger, EventView? last, string? halt) =>
        halt is null ? Last(trigger, last)
        : last?.Deliveries.LastOrDefault(delivery => delivery.Trigger == trigger.Name) is { Status: DeliveryStatus.Waiting, LastError: null } ? $"has not sent the last event: {halt[2..]}"
        : Last(trigger, last) + halt;

    private static string Last(TriggerConfig trigger, EventView? last)
    {
        if (last is null)
        {
            return "will get the next one: nothing has happened yet";
        }

        if (last.Skipped is { } skipped)
        {
            return $"did not get the last event: {skipped.By}, for {skipped.Reason}";
        }

        if (last.Deliveries.LastOrDefault(delivery => delivery.Trigger == trigger.Name) is not { } delivery)
        {
            return EventTypes.TryParse(last.Type, out var type) && !EventRouter.Wants(trigger, type)
                ? $"did not get the last event: {last.Type} is not among its events"
                : "did not get the last event: it was not owed to it when it happened";
        }

        return delivery.Status switch
        {
            "delivered" => delivery.LastStatus is { } code ? string.Create(CultureInfo.InvariantCulture, $"has the last event ({code})") : "has the last event",
            "dead" => $"gave the last event up: {delivery.LastError}",
            "superseded" => "passed the last event over for a newer one",
            "in_flight" => "is sending the last event",
            _ => delivery.LastError is { } error ? $"waits to send the last event again: {error}" : "is about to send the last event",
        };
    }

    private static bool Watches(RepositoryConfig config, string type) =>
        type.StartsWith("branch_", StringComparison.Ordinal) || type == EventType.CommitPushed.Name() ? config.BranchRegex is not null || config.Branches.Count > 0 : type.StartsWith("tag_", StringComparison.Ordinal) ? config.Tags.Count > 0 : config.PullRequests != PullRequestScope.None;

    private static ExplainedRef? PullRequest(PolledRepository repository, IReadOnlyList<StoredRef> refs, string asked)
    {
        if (asked.Split('/') is not ["refs", "pull" or "merge-requests" or "pull-requests", _, _])
        {
            return null;
        }

        var found = refs.FirstOrDefault(item => item.Name == asked);
        var says = found is not null ? $"watched: open, at {found.CommitSha[..12]}"
            : repository.Config.PullRequests == PullRequestScope.None ? "not watched: pull_requests is false"
            : $"not among those watched: closed, for a branch that branches does not name{(repository.Config.PullRequests == PullRequestScope.Forks ? "" : ", or from a fork (pull_requests: forks watches those too)")}";
        return new ExplainedRef(asked, RefKind.PullRequest.Name(), found is not null, found?.CommitSha, says);
    }

    private static ExplainedRef Asked(PolledRepository repository, IReadOnlyList<StoredRef> refs, string asked)
    {
        if (PullRequest(repository, refs, asked) is { } pullRequest)
        {
            return pullRequest;
        }

        if (!RefPatterns.IsLegal(asked))
        {
            return new ExplainedRef(asked, "", false, null, "not watched: Git allows no such name");
        }

        if (asked.StartsWith("refs/", StringComparison.Ordinal) && !asked.StartsWith(GitRef.BranchPrefix, StringComparison.Ordinal) && !asked.StartsWith(GitRef.TagPrefix, StringComparison.Ordinal))
        {
            return new ExplainedRef(asked, "", false, null, "not watched: it is neither a branch nor a tag nor a pull request");
        }

        var full = asked.StartsWith("refs/", StringComparison.Ordinal) ? asked
            : refs.FirstOrDefault(item => item.Name == GitRef.BranchPrefix + asked || item.Name == GitRef.TagPrefix + asked)?.Name
            ?? (!repository.Filters[RefKind.Branch].Matches(asked) && repository.Filters[RefKind.Tag].Matches(asked) ? GitRef.TagPrefix : GitRef.BranchPrefix) + asked;
        var kind = full.StartsWith(GitRef.TagPrefix, StringComparison.Ordinal) ? RefKind.Tag : RefKind.Branch;
        var filter = repository.Filters[kind];
        var shown = RefName.ToText(GitRef.Shorten(full));
        var hits = Patterns(repository.Config, kind)
            .Where(pattern => repository.Config.BranchRegex is not null && kind == RefKind.Branch ? filter.Matches(full) : GlobSet.Of([pattern.TrimStart('!')]).Matches(shown)).ToList();
        var watched = filter.Matches(full);
        var says = watched ? hits.Count == 0 ? "watched: only exclusions are named, and none matches" : $"watched: {string.Join(", ", hits)} matches"
            : hits.Find(pattern => pattern.StartsWith('!')) is { } excluded ? $"not watched: {excluded} excludes it"
            : "not watched: no pattern matches";
        if (watched && kind == RefKind.Tag && !asked.StartsWith("refs/", StringComparison.Ordinal))
        {
            says += repository.Filters[RefKind.Branch].Matches(GitRef.BranchPrefix + asked) ? ", as a tag; a branch of that name is watched too" : ", as a tag; a branch of that name is not watched";
        }

        var commit = refs.FirstOrDefault(item => item.Name == full)?.CommitSha;
        if (watched)
        {
            says += repository.Held.GetValueOrDefault(kind)?.Missing.Contains(full, StringComparer.Ordinal) == true ? "; its deletion is held"
                : commit is null ? "; the last look did not see it" : $"; at {commit[..Math.Min(12, commit.Length)]}";
        }

        return new ExplainedRef(full, kind.Name(), watched, commit, says);
    }

    private static IReadOnlyList<string> Patterns(RepositoryConfig config, RefKind kind) => kind switch
    {
        RefKind.PullRequest when config.PullRequests == PullRequestScope.None => [],
        RefKind.Branch or RefKind.PullRequest => config.BranchRegex is { } regex ? [regex] : config.Branches, // a pull request by the branch that it shall be merged into
        _ => config.Tags,
    };
}

/// <param name="At">When it is due (UTC).</param>
/// <param name="Because">Why then.</param>
internal sealed record NextLook(DateTimeOffset At, string Because, double IntervalSeconds);

/// <param name="Patterns">Globs, or the one expression of <c>branch_regex</c>.</param>
/// <param name="Seen">Refs in the last answer that was not "nothing new"; null if there was none since the start.</param>
/// <param name="Watched">Refs in the snapshot; null before the first look.</param>
/// <param name="NotWatched">Some that the patterns left out, at most 20.</param>
internal sealed record ExplainedKind(string Kind, IReadOnlyList<string> Patterns, int? Seen, int? Watched, IReadOnlyList<string> NotWatched, ExplainedHold? Held, string Says);

/// <param name="Missing">The first of them, at most 20.</param>
internal sealed record ExplainedHold(int MissingCount, int KnownCount, int Looks, DateTimeOffset Since, IReadOnlyList<string> Missing);

/// <param name="Bound">The repository goes to it.</param>
/// <param name="EventTypes">Types that go to it from here.</param>
/// <param name="State">running, open or paused; null if it has no worker.</param>
internal sealed record ExplainedTrigger(string Trigger, bool Bound, IReadOnlyList<string> EventTypes, string? State, string Says);

/// <param name="Kind">branch, tag or pull_request; empty for what is none of them.</param>
/// <param name="CommitSha">As the last look saw it; null if it did not.</param>
internal sealed record ExplainedRef(string Name, string Kind, bool Watched, string? CommitSha, string Says);
