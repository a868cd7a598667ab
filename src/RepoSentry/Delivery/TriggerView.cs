using RepoSentry.Configuration;

namespace RepoSentry.Delivery;

/// <summary>A trigger as the API shows it.</summary>
/// <param name="Url">Where it posts, without what may be secret: user, query, fragment, and the path of a webhook; null for exec.</param>
/// <param name="Command">Of exec: the program, without its arguments.</param>
/// <param name="Format">Of tekton, as configured; null for the other types.</param>
/// <param name="Events">Globs over event types; empty for all.</param>
/// <param name="State">running, open (its breaker) or paused.</param>
/// <param name="Reason">Why it does not send, with what the receiver failed by last; null while it sends.</param>
internal sealed record TriggerView(
    string Name, string Type, string? Url, string? Command, string? Format, IReadOnlyList<string> Events, string State, string? Reason, int Backlog, int InFlight, DateTimeOffset? OldestCreatedAt)
{
    public static TriggerView Of(TriggerConfig config, string state, string? reason, int backlog, int inFlight, DateTimeOffset? oldestCreatedAt) => new(
        config.Name,
        config.Type,
        config.Url?.GetComponents(config.Type == "webhook" ? UriComponents.SchemeAndServer : UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped),
        config.Exec?.Command[0],
        config.Type == "tekton" ? config.Format : null,
        config.Events,
        state,
        reason,
        backlog,
        inFlight,
        oldestCreatedAt);
}
