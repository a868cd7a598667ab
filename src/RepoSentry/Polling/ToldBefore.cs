using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Polling;

/// <summary>
/// An answer of a batch that was compared with what is held and found to say the same. The same answer again does so too, as long as nothing else was learnt in
/// between, nothing is held back, and it is asked for on the same terms.
/// </summary>
internal sealed class ToldBefore
{
    private readonly RepositoryConfig config;
    private readonly (string?, string?, bool, Uri?) facts;
    private readonly Dictionary<RefKind, byte[]> digests;

    private ToldBefore(byte[] mark, RepositoryConfig config, PolledRepository repository)
    {
        (Mark, this.config, facts) = (mark, config, FactsOf(repository));
        digests = repository.Heads.ToDictionary(pair => pair.Key, pair => pair.Value.Digest);
    }

    public byte[] Mark { get; }

    /// <param name="config">With which it was asked for.</param>
    public static ToldBefore By(byte[] mark, RepositoryConfig config, PolledRepository repository) => new(mark, config, repository);

    /// <returns>Null if the answer has to be compared whatever it is.</returns>
    public byte[]? MarkFor(PolledRepository repository) =>
        ReferenceEquals(repository.Config, config) && FactsOf(repository) == facts && repository.Held.IsEmpty && repository.PullRequestsUnseen is null
        && digests.All(pair => repository.Heads.GetValueOrDefault(pair.Key)?.Digest == pair.Value)
            ? Mark
            : null;

    // What an answer tells beside the refs: a look at it alone may have learnt otherwise meanwhile.
    private static (string?, string?, bool, Uri?) FactsOf(PolledRepository repository) => (repository.ForgeId, repository.DefaultBranch, repository.Archived, repository.MovedTo);
}
