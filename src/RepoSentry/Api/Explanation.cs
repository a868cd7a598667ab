using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Events;
using RepoSentry.Polling;

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
    IReadOnlyList<ExplainedTrigger> Triggers,
    IReadOnlyList<EventView> LastEvents,
    ExplainedRef? Ref)
{
    private const int MissingShown = 20;

    public static Explanation Of(PolledRepository repository, PollWorker polling, SentryConfig config, DeliveryWorkers deliveries, IReadOnlyList<EventView> lastEvents, string? asked)
    {
        var looks = repository.Recent;
        return new Explanation(
            repository.Config.Name,
            repository.Status,
            repository.Standing.Notice,
            looks.Count == 0 ? null : PollView.Of(looks[^1]),
            repository.Config.Enabled ? new NextLook(polling.NextLookAt(repository), repository.DueBecause, polling.IntervalOf(repository).TotalSeconds) : null,
            [.. repository.Filters.Select(pair => Kind(repository, pair.Key))],
            [.. config.Triggers.Select(trigger => Trigger(repository.Config, trigger, deliveries))],
            lastEvents,
            asked is null ? null : Asked(repository, asked));
    }

    private static ExplainedKind Kind(PolledRepository repository, RefKind kind)
    {
        var patterns = Patterns(repository.Config, kind);
        var seen = repository.Seen.GetValueOrDefault(kind);
        var held = repository.Held.GetValueOrDefault(kind);
        var watched = repository.Heads.GetValueOrDefault(kind)?.RefCount;
        var word = kind == RefKind.Tag ? "tags" : "branches";
        var says = patterns.Count == 0 ? $"no {word} are watched: the repository names none"
            : seen is null ? watched is null ? "not looked at yet" : $"{watched} {word} are watched; this process has not seen the list in full yet, for the forge says that nothing is new"
            : $"{seen.Watched} of the {seen.Count} {word} in the last answer are watched";
        return new ExplainedKind(
            Storage.RefKinds.Name(kind), patterns, seen?.Count, watched, seen?.NotWatched ?? [],
            held is null ? null : new ExplainedHold(held.Missing.Count, held.Known, held.Looks, held.Since, [.. held.Missing.Take(MissingShown)]),
            held is null ? says : $"{says}; {held.Explain(repository.Config.Name)}");
    }

    private static ExplainedTrigger Trigger(RepositoryConfig repository, TriggerConfig trigger, DeliveryWorkers deliveries)
    {
        var isBound = EventRouter.IsBound(repository, trigger);
        var types = isBound ? EventTypes.All.Where(name => EventTypes.TryParse(name, out var type) && EventRouter.Wants(trigger, type)).ToList() : [];
        var view = deliveries.All.FirstOrDefault(worker => worker.Name == trigger.Name)?.View;
        var says = !isBound ? $"not fired: the repository names other triggers ({string.Join(", ", repository.Triggers)})"
            : types.Count == 0 ? "not fired: its events match no type"
            : view?.State switch
            {
                "paused" => $"events wait: it is paused ({view.Reason})",
                "open" => $"events wait: {view.Reason}",
                _ => "fired",
            };
        return new ExplainedTrigger(trigger.Name, isBound, types, view?.State, says);
    }

    private static ExplainedRef Asked(PolledRepository repository, string asked)
    {
        var kind = asked.StartsWith(GitRef.TagPrefix, StringComparison.Ordinal) ? RefKind.Tag : RefKind.Branch;
        var name = asked.StartsWith("refs/", StringComparison.Ordinal) ? asked : GitRef.BranchPrefix + asked;
        var filter = repository.Filters[kind];
        var shown = RefName.ToText(GitRef.Shorten(name));
        var hits = Patterns(repository.Config, kind)
            .Where(pattern => repository.Config.BranchRegex is not null && kind == RefKind.Branch ? filter.Matches(name) : GlobSet.Of([pattern.TrimStart('!')]).Matches(shown)).ToList();
        var watched = filter.Matches(name);
        var says = watched ? hits.Count == 0 ? "watched: only exclusions are named, and none matches" : $"watched: {string.Join(", ", hits)} matches"
            : hits.Find(pattern => pattern.StartsWith('!')) is { } excluded ? $"not watched: {excluded} excludes it"
            : "not watched: no pattern matches";
        return new ExplainedRef(name, Storage.RefKinds.Name(kind), watched, says);
    }

    private static IReadOnlyList<string> Patterns(RepositoryConfig config, RefKind kind) => kind switch
    {
        RefKind.Branch => config.BranchRegex is { } regex ? [regex] : config.Branches,
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

internal sealed record ExplainedRef(string Name, string Kind, bool Watched, string Says);
