using RepoSentry.Abstractions;
using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>Who is asked about the commits of a repository: the forge, or Git where a rule cannot do without.</summary>
/// <param name="looked">What looked at it.</param>
/// <param name="url">Of the repository as configured: the one that the source knows it by.</param>
/// <param name="apiBaseUrl">Of the repository's own; null for the credential's.</param>
/// <param name="git">Git, where it may stand in for a forge; null where it may not.</param>
internal sealed class EnrichmentSource(IRefSource looked, Uri url, Uri? apiBaseUrl, IRefSource? git)
{
    public Uri Url => url;

    public Uri? ApiBaseUrl => apiBaseUrl;

    /// <summary>The interface that answers by the way; null where looks are by Git.</summary>
    public ICommitSource? Forge => looked as ICommitSource;

    /// <param name="isNeeded">A rule needs the answer: then it may cost a fetch.</param>
    public ICommitSource? For(bool isNeeded) => Forge ?? (isNeeded ? (looked as IHistorySource)?.History : null);

    public RepositoryFacts? Known()
    {
        try
        {
            return Forge?.Known(url, apiBaseUrl);
        }
        catch (RefSourceException)
        {
            return null;
        }
    }

    /// <summary>What else the forge tells of a pull request.</summary>
    /// <param name="mayAsk">Else what is known is all.</param>
    public Task<ChangeEvent> CompleteAsync(ChangeEvent change, bool mayAsk, CancellationToken cancellationToken) =>
        PullRequestTeller.CompleteAsync(change, mayAsk ? looked as IPullRequestSource : null, url, apiBaseUrl, cancellationToken);

    /// <summary>Paths that differ, of the forge; where it tells no comparisons as a whole, of Git.</summary>
    public async Task<IReadOnlyList<string>?> DifferenceAsync(string before, string after, CancellationToken cancellationToken)
    {
        var asked = For(isNeeded: true);
        return asked is null ? null
            : await asked.DifferenceAsync(url, apiBaseUrl, before, after, cancellationToken)
            ?? (asked.LeavesDifferences && git is IHistorySource { History: { } history } ? await history.DifferenceAsync(url, null, before, after, cancellationToken) : null);
    }
}
