using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>When repositories were last looked at, and what was learnt meanwhile: written in batches, so that a look that finds nothing writes no row.</summary>
internal sealed class LookCheckpoints(RepositoryStore store)
{
    private const int Batch = 500;

    private readonly Dictionary<long, LookCheckpoint> unwritten = [];

    public void Note(PolledRepository repository, PollResult result)
    {
        var before = unwritten.GetValueOrDefault(repository.Id);
        unwritten[repository.Id] = new LookCheckpoint(
            repository.Id,
            result.Outcome.StartedAt,
            result.Marks.Count > 0 ? result.Marks : before?.Validators ?? [],
            result.IsTelling ? repository.Cadence?.Intensity.Pack() : before?.PolicyState);
    }

    public void Forget(PolledRepository repository) => unwritten.Remove(repository.Id);

    /// <exception cref="StorageException">What is not written stays, for the next time.</exception>
    public async Task WriteAsync()
    {
        foreach (var batch in unwritten.Values.Chunk(Batch).ToList())
        {
            await store.CheckpointAsync(batch, CancellationToken.None);
        }

        unwritten.Clear();
    }
}
