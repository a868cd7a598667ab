using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Events;

/// <summary>Which triggers are owed an event. Pure: the same configuration and event give the same answer.</summary>
internal static class EventRouter
{
    /// <returns>Names of triggers in configuration order; empty when nobody wants it.</returns>
    public static IReadOnlyList<string> Route(RepositoryConfig repository, EventType type, IReadOnlyList<TriggerConfig> triggers) =>
        [.. triggers.Where(trigger => IsBound(repository, trigger) && Wants(trigger, type)).Select(trigger => trigger.Name)];

    public static bool IsBound(RepositoryConfig repository, TriggerConfig trigger) =>
        repository.Triggers.Count == 0 || repository.Triggers.Contains(trigger.Name, StringComparer.Ordinal);

    /// <summary>Single commits only where they are asked for by name: they come beside the update that brought them.</summary>
    public static bool Wants(TriggerConfig trigger, EventType type) =>
        (trigger.Format != TriggerConfig.CreateDelete || type is EventType.BranchCreated or EventType.BranchDeleted or EventType.TagCreated or EventType.TagDeleted) && IsAmong(trigger, type);

    private static bool IsAmong(TriggerConfig trigger, EventType type) =>
        type == EventType.CommitPushed ? trigger.Events.Any(glob => glob.StartsWith("commit_", StringComparison.Ordinal)) && GlobSet.Of(trigger.Events).Matches(type.Name())
        : trigger.Events.Count == 0 || GlobSet.Of(trigger.Events).Matches(type.Name());
}
