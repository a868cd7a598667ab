using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Storage;

namespace RepoSentry.Hosting;

/// <summary>
/// Keeps the configuration in force: that of the file with the repositories of the API beside it. A change is read and checked whole, stored, then put in
/// place of the one before; what cannot be used leaves everything as it was.
/// </summary>
internal sealed partial class ConfigWorker(
    StartedWith started, CurrentConfig current, ConfigRequests requests, Assigner assigner, DeliveryWorkers workers, PollWorker polling, Outbox outbox, TimeProvider time, ILogger<ConfigWorker> logger)
{
    private static readonly TimeSpan RemovedDrain = TimeSpan.FromSeconds(40);

    private readonly Dictionary<string, string> unusable = new(StringComparer.Ordinal);
    private LoadedConfig loaded = started.Loaded;
    private List<RepositoryConfig> others = [];
    private Task draining = Task.CompletedTask;

    /// <summary>At a start: everything is taken over before anything runs.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        others = ReadEntries(loaded.Entries!, [.. await assigner.LoadEntriesAsync(cancellationToken)]);
        current.Value = loaded.Entries!.With(others);
        var assignments = await assigner.AssignAsync(current.Value, unusable, cancellationToken);
        await BuryAsync(cancellationToken);
        polling.Add(assignments.Select(assignment => new PolledRepository(assignment.Watched, assignment.Sources, assignment.Shard)));
        outbox.Orphaned = _ => requests.Post(new ConfigRequest.Bury());
    }

    public async Task RunAsync(CancellationToken stopping)
    {
        try
        {
            await foreach (var request in requests.Waiting.ReadAllAsync(stopping))
            {
                await AnswerAsync(request);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: whoever still waits is told by the connection that ends
        }
    }

    // Not cancelled once begun: half a change must not be left behind.
    private async Task AnswerAsync(ConfigRequest request)
    {
        switch (request)
        {
            case ConfigRequest.Reload reload:
                reload.Done.TrySetResult(await GuardAsync(() => ReloadAsync(reload.Cause), why => ReloadResult.Unavailable(why)));
                break;
            case ConfigRequest.Put put:
                put.Done.TrySetResult(await GuardAsync(() => PutAsync(put), why => new EntryResult(EntryOutcome.Failed, [new ConfigProblem(new Place(put.Name), why)])));
                break;
            case ConfigRequest.Remove remove:
                remove.Done.TrySetResult(await GuardAsync(() => RemoveAsync(remove.Name, remove.Versions), why => new EntryResult(EntryOutcome.Failed, [new ConfigProblem(new Place(remove.Name), why)])));
                break;
            default:
                await GuardAsync(async () => await BuryAsync(CancellationToken.None), _ => 0);
                break;
        }
    }

    private async Task<T> GuardAsync<T>(Func<Task<T>> change, Func<string, T> failed)
    {
        try
        {
            return await change();
        }
        catch (StorageException failure)
        {
            Log.NotStored(logger, failure.Message);
            current.Standing = current.Standing with { Problem = "a change of the configuration could not be stored: " + failure.Message };
            return failed("it could not be stored: " + failure.Message);
        }
    }

    private async Task<ReloadResult> ReloadAsync(string cause)
    {
        if (started.Source is not { } source)
        {
            return ReloadResult.Unavailable("this service was not started from a file");
        }

        var next = source.Load();
        if (next.Config is null)
        {
            var more = next.Errors.Count > 1 ? $" (and {next.Errors.Count - 1} more)" : "";
            current.Standing = current.Standing with { Problem = $"{next.Errors[0]}{more}: the configuration before stays in force" };
            Log.Refused(logger, cause, next.Errors.Count, next.Errors[0].ToString());
            return ReloadResult.Refused(next.Errors, next.Warnings);
        }

        var difference = ConfigDifference.Between(loaded, next);
        if (difference.IsEmpty && current.Standing.Problem is null)
        {
            return new ReloadResult("unchanged", [], current.Standing.NeedRestart, [], next.Warnings);
        }

        var entries = ReadEntries(next.Entries!, [.. others.Select(other => (other.Name, other.Entry!)), .. unusable.Keys.Select(name => (name, rejected[name]))]);
        await ApplyAsync(ConfigDifference.WithoutFixed(current.Value, next.Entries!.With(entries)));
        (loaded, others) = (next, entries);
        var needRestart = ConfigDifference.Between(started.Loaded, next).NeedRestart;
        current.Standing = new ConfigStanding(time.GetUtcNow(), null, needRestart);
        Log.Reloaded(logger, cause, difference.Changes.Count, string.Join("; ", difference.Changes.Take(20)), string.Join(", ", needRestart));
        return new ReloadResult("applied", difference.Changes, needRestart, [], next.Warnings);
    }

    private async Task<EntryResult> PutAsync(ConfigRequest.Put put)
    {
        var entries = loaded.Entries!;
        var known = others.FindIndex(other => other.Name == put.Name);
        var exists = known >= 0 || unusable.ContainsKey(put.Name);
        if (entries.IsInFile(put.Name))
        {
            return EntryResult.Of(EntryOutcome.InFile);
        }

        if (exists != put.Replace)
        {
            return EntryResult.Of(exists ? EntryOutcome.Exists : EntryOutcome.Missing);
        }

        if (IsOther(put.Name, put.Versions))
        {
            return EntryResult.Of(EntryOutcome.Changed);
        }

        var (repository, errors) = entries.Read(put.Json);
        if (repository is null)
        {
            return new EntryResult(EntryOutcome.Invalid, errors);
        }

        List<RepositoryConfig> next = [.. others.Where(other => other.Name != put.Name), repository];
        var wasUnusable = unusable.Remove(put.Name);
        await ApplyAsync(ConfigDifference.WithoutFixed(current.Value, entries.With(next)));
        others = next;
        Log.Entered(logger, put.Name, put.Replace ? "changed" : "added", wasUnusable);
        return EntryResult.Of(EntryOutcome.Done);
    }

    private async Task<EntryResult> RemoveAsync(string name, IReadOnlyCollection<string>? versions)
    {
        if (loaded.Entries!.IsInFile(name))
        {
            return EntryResult.Of(EntryOutcome.InFile);
        }

        if (IsOther(name, versions))
        {
            return EntryResult.Of(EntryOutcome.Changed);
        }

        if (!unusable.Remove(name) && others.TrueForAll(other => other.Name != name))
        {
            return EntryResult.Of(EntryOutcome.Missing);
        }

        List<RepositoryConfig> next = [.. others.Where(other => other.Name != name)];
        await ApplyAsync(ConfigDifference.WithoutFixed(current.Value, loaded.Entries!.With(next)));
        others = next;
        Log.Entered(logger, name, "removed", false);
        return EntryResult.Of(EntryOutcome.Done);
    }

    private bool IsOther(string name, IReadOnlyCollection<string>? versions) =>
        versions is not null && (others.Find(other => other.Name == name)?.Entry ?? rejected.GetValueOrDefault(name)) is { } entry && !versions.Contains(EntryVersion.Of(entry));

    // What may fail comes first; what follows are assignments in memory.
    private async Task ApplyAsync(SentryConfig next)
    {
        var assignments = await assigner.AssignAsync(next, unusable, CancellationToken.None);
        if (next.Triggers.Any(trigger => workers.All.All(worker => worker.Name != trigger.Name)))
        {
            await draining; // one that returns must not meet itself leaving
        }

        current.Value = next;
        if (workers.Apply(next))
        {
            draining = DrainRemovedAsync();
            await BuryAsync(CancellationToken.None);
        }

        await polling.ApplyAsync(assignments);
    }

    private async Task DrainRemovedAsync()
    {
        using var deadline = new CancellationTokenSource(RemovedDrain, time);
        await workers.DrainRemovedAsync(deadline.Token);
    }

    private async Task<int> BuryAsync(CancellationToken cancellationToken)
    {
        var buried = await assigner.BuryRemovedAsync(current.Value, cancellationToken);
        if (buried > 0)
        {
            Log.Buried(logger, buried);
        }

        return buried;
    }

    private readonly Dictionary<string, string> rejected = new(StringComparer.Ordinal);

    // An entry whose provider or trigger the file no longer has stays, with an error, until it can be used again.
    private List<RepositoryConfig> ReadEntries(RepositoryEntries entries, List<(string Name, string Entry)> written)
    {
        unusable.Clear();
        rejected.Clear();
        var usable = new List<RepositoryConfig>();
        foreach (var (name, entry) in written)
        {
            var (repository, errors) = entries.Read(entry);
            if (repository is not null)
            {
                usable.Add(repository);
                continue;
            }

            unusable[name] = errors[0].Message;
            rejected[name] = entry;
            Log.Unusable(logger, name, errors[0].ToString());
        }

        return usable;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "configuration reloaded ({Cause}): {Count} changes: {Changes}; from the next start on: {NeedRestart}")]
        public static partial void Reloaded(ILogger logger, string cause, int count, string changes, string needRestart);

        [LoggerMessage(Level = LogLevel.Error, Message = "the configuration is refused ({Cause}), the one before stays in force: {Count} errors, the first: {Error}")]
        public static partial void Refused(ILogger logger, string cause, int count, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "a change of the configuration could not be stored, the one before stays in force: {Reason}")]
        public static partial void NotStored(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "repository {Repository} was {Change} through the API (unusable before: {WasUnusable})")]
        public static partial void Entered(ILogger logger, string repository, string change, bool wasUnusable);

        [LoggerMessage(Level = LogLevel.Error, Message = "repository {Repository}, which came through the API, cannot be watched: {Reason}")]
        public static partial void Unusable(ILogger logger, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} deliveries were owed to triggers that the configuration no longer has: they are dead letters now")]
        public static partial void Buried(ILogger logger, int count);
    }
}

/// <summary>The configuration that the process was started with.</summary>
/// <param name="Source">Null where no file was read for it.</param>
internal sealed record StartedWith(LoadedConfig Loaded, ConfigSource? Source)
{
    public static StartedWith Config(SentryConfig config) => new(new LoadedConfig(config, [], []) { Entries = RepositoryEntries.Beside(config) }, null);
}
