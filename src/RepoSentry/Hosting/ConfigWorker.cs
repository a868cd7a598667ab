using RepoSentry.Configuration;
using RepoSentry.Configuration.Secrets;
using RepoSentry.Delivery;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>
/// Keeps the configuration in force: that of the file with the repositories of the API and of discoveries beside it. A change is read and checked whole, stored, then put in
/// place of the one before; what cannot be used leaves everything as it was.
/// </summary>
internal sealed partial class ConfigWorker(
    StartedWith started, CurrentConfig current, ConfigRequests requests, Assigner assigner, SealedStore secrets, SealsInUse seals, DeliveryWorkers workers, PollWorker polling, Discoveries discoveries, Outbox outbox, LogThreshold threshold, TimeProvider time, ILogger<ConfigWorker> logger)
{
    private const int MostTogether = 1000;
    private static readonly TimeSpan RemovedDrain = TimeSpan.FromSeconds(40);

    private LoadedConfig loaded = started.Loaded;
    private KnownEntries known = new();
    private Task draining = Task.CompletedTask;

    /// <summary>At a start: everything is taken over before anything runs.</summary>
    public async Task BeginAsync(CancellationToken cancellationToken)
    {
        var entries = loaded.Entries!;
        var written = await assigner.LoadEntriesAsync(cancellationToken);
        if (entries.Unopened(written) is { } sealedOtherwise)
        {
            throw new UnusableConfigException(sealedOtherwise.ToString());
        }

        Know(Read(entries, written));
        seals.Sessions((await secrets.LoadKeysAsync(cancellationToken)).Select(key => key.Sealed));
        if (seals.Problem(entries.Sealing) is { } otherKey)
        {
            Log.OtherKey(logger, otherKey);
        }

        await discoveries.LoadAsync(cancellationToken);
        current.Value = discoveries.Beside(entries, known);
        var assignments = await assigner.AssignAsync(current.Value, known.Reasons, cancellationToken);
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
                if (request is ConfigRequest.Change change)
                {
                    await AnswerAsync(Together(change));
                }
                else
                {
                    await AnswerAsync(request);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: whoever still waits is told by the connection that ends
        }
    }

    private List<ConfigRequest.Change> Together(ConfigRequest.Change first)
    {
        var changes = new List<ConfigRequest.Change> { first };
        while (changes.Count < MostTogether && requests.Waiting.TryPeek(out var next) && next is ConfigRequest.Change change && requests.Waiting.TryRead(out _))
        {
            changes.Add(change);
        }

        return changes;
    }

    // Not cancelled once begun: half a change must not be left behind.
    private async Task AnswerAsync(ConfigRequest request)
    {
        switch (request)
        {
            case ConfigRequest.Reload reload:
                reload.Done.TrySetResult(await GuardAsync(() => ReloadAsync(reload.Cause), why => ReloadResult.Unavailable(why)));
                break;
            case ConfigRequest.Listed listed:
                listed.Done.TrySetResult(await GuardAsync(ListedAsync, why => why));
                break;
            case ConfigRequest.Reseal reseal:
                reseal.Done.TrySetResult(await GuardAsync(ResealAsync, why => new ResealResult(null, 0, 0, why)));
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
        catch (Exception failure)
        {
            Log.NotApplied(logger, failure);
            current.Standing = current.Standing with { Problem = "a change of the configuration could not be applied: the log says why" };
            return failed("it could not be applied: the log says why");
        }
    }

    private async Task<ReloadResult> ReloadAsync(string cause)
    {
        if (started.Source is not { } source)
        {
            return ReloadResult.Unavailable("this service was not started from a file");
        }

        var next = source.Load();
        IReadOnlyList<ConfigProblem> errors = next.Config is null ? next.Errors : next.Entries!.Unopened(known.Written) is { } sealedOtherwise ? [sealedOtherwise] : Emptied(next.Config) is { } lost ? [lost] : [];
        if (errors.Count > 0)
        {
            var problem = $"{errors[0]}{(errors.Count > 1 ? $" (and {errors.Count - 1} more)" : "")}: the configuration before stays in force";
            if (cause != ConfigWatcher.TryAgain || problem != current.Standing.Problem)
            {
                Log.Refused(logger, cause, errors.Count, errors[0].ToString());
            }

            current.Standing = current.Standing with { Problem = problem };
            return ReloadResult.Refused(errors, next.Warnings);
        }

        var difference = ConfigDifference.Between(loaded, next);
        if (difference.IsEmpty && current.Standing.Problem is null)
        {
            Log.Unchanged(logger, cause);
            return new ReloadResult("unchanged", [], current.Standing.NeedRestart, [], next.Warnings);
        }

        await ApplyAsync(next.Entries!, Read(next.Entries!, known.Written));
        loaded = next;
        discoveries.Changed();
        var needRestart = ConfigDifference.Between(started.Loaded, next).NeedRestart;
        current.Standing = difference.IsEmpty ? current.Standing with { Problem = null } : new ConfigStanding(time.GetUtcNow(), null, needRestart, difference.Changes); // a file put right again makes nothing different
        Log.Reloaded(logger, cause, difference.Changes.Count, string.Join("; ", difference.Changes.Take(20)), needRestart.Count == 0 ? "" : "; from the next start on: " + string.Join(", ", needRestart));
        return new ReloadResult("applied", difference.Changes, needRestart, [], next.Warnings);
    }

    // An empty file, or one that lost its end, is valid YAML; taken over, it would stop everything and bury what is owed.
    private ConfigProblem? Emptied(SentryConfig next) => ConfigDifference.Emptied(loaded.Config!, next) is not { } lost ? null : new ConfigProblem(new Place(started.Source!.Path, 1, 1), $"{lost} of the file are gone from it: that is not taken over while the service runs", "if the file was cut, write it whole; if it is meant, restart the service");

    // A change of the entries costs what the fleet is large: those that wait are made together.
    private async Task AnswerAsync(List<ConfigRequest.Change> changes)
    {
        var becomes = known.Copy();
        var results = changes.ConvertAll(change => Take(change, becomes));
        var done = results.Exists(result => result.Outcome == EntryOutcome.Done);
        if (done && await GuardAsync(() => ApplyAsync(loaded.Entries!, becomes), why => why) is { } problem)
        {
            if (changes.Count > 1)
            {
                foreach (var change in changes)
                {
                    await AnswerAsync([change]); // one that cannot be stored must not keep the others out
                }

                return;
            }

            results[0] = new EntryResult(EntryOutcome.Failed, [new ConfigProblem(new Place(changes[0].Name), problem)]);
        }

        foreach (var (change, result) in changes.Zip(results))
        {
            if (result.Outcome == EntryOutcome.Done)
            {
                Log.Entered(logger, change.Name, change is ConfigRequest.Put put ? put.Replace ? "changed" : "added" : "removed");
            }

            change.Done.TrySetResult(result);
        }
    }

    private EntryResult Take(ConfigRequest.Change change, KnownEntries becomes)
    {
        try
        {
            return change is ConfigRequest.Put put ? Put(put, becomes) : Remove(change, becomes);
        }
        catch (Exception failure)
        {
            Log.NotApplied(logger, failure);
            return new EntryResult(EntryOutcome.Failed, [new ConfigProblem(new Place(change.Name), "it could not be applied: the log says why")]);
        }
    }

    private EntryResult Put(ConfigRequest.Put put, KnownEntries becomes)
    {
        var entries = loaded.Entries!;
        var before = becomes.EntryOf(put.Name);
        if (entries.IsInFile(put.Name))
        {
            return EntryResult.Of(EntryOutcome.InFile);
        }

        if (before is not null != put.Replace)
        {
            return EntryResult.Of(before is not null ? EntryOutcome.Exists : discoveries.Has(put.Name) ? EntryOutcome.Discovered : EntryOutcome.Missing);
        }

        if (IsOther(before, put.Versions))
        {
            return EntryResult.Of(EntryOutcome.Changed);
        }

        var (repository, errors) = entries.Read(put.Json, before);
        if (repository is null)
        {
            return new EntryResult(EntryOutcome.Invalid, errors);
        }

        if (SealedEntry.KeyIdOf(repository.Entry!) is not null && seals.Unsafe(entries.Sealing) is { } unsafeKey)
        {
            return new EntryResult(EntryOutcome.Invalid, [new ConfigProblem(new Place("security.master_key"), $"no token is sealed meanwhile: {unsafeKey}")]);
        }

        becomes.Put(repository);
        return EntryResult.Of(EntryOutcome.Done);
    }

    private EntryResult Remove(ConfigRequest.Change remove, KnownEntries becomes)
    {
        var before = becomes.EntryOf(remove.Name);
        if (loaded.Entries!.IsInFile(remove.Name))
        {
            return EntryResult.Of(EntryOutcome.InFile);
        }

        if (IsOther(before, remove.Versions))
        {
            return EntryResult.Of(EntryOutcome.Changed);
        }

        if (before is null)
        {
            return EntryResult.Of(discoveries.Has(remove.Name) ? EntryOutcome.Discovered : EntryOutcome.Missing);
        }

        becomes.Remove(remove.Name);
        return EntryResult.Of(EntryOutcome.Done);
    }

    private async Task<string?> ListedAsync()
    {
        if (discoveries.AreOther(discoveries.Beside(loaded.Entries!, known)))
        {
            await ApplyAsync(loaded.Entries!, known);
        }

        return null;
    }

    private async Task<ResealResult> ResealAsync()
    {
        if (loaded.Entries!.Sealing is not { } key)
        {
            return new ResealResult(null, 0, 0, "security.master_key is not set: nothing is sealed");
        }

        if (key.Problem is { } unusable)
        {
            return new ResealResult(null, 0, 0, $"security.master_key {unusable}");
        }

        if (loaded.Entries.Unopened(known.Written) is { } sealedOtherwise)
        {
            return new ResealResult(null, 0, 0, sealedOtherwise.ToString());
        }

        var anew = loaded.Entries.Resealed(known.Written);
        var sessions = await secrets.ResealAsync(key, anew, CancellationToken.None);
        var entries = anew.ToDictionary(one => one.Name, one => one.Entry, StringComparer.Ordinal);
        Know(known.Rewritten(entries));
        seals.Sessions((await secrets.LoadKeysAsync(CancellationToken.None)).Select(one => one.Sealed));
        var count = anew.Count + sessions.Resealed;
        Log.Resealed(logger, count, key.CurrentId, sessions.Dropped);
        return new ResealResult(key.CurrentId, count, sessions.Dropped, null);
    }

    private static bool IsOther(string? entry, IReadOnlyCollection<string>? versions) => entry is not null && versions is not null && !versions.Contains(EntryVersion.Of(entry));

    // What may fail comes first; what follows are assignments in memory. Answers null, which is no problem.
    private async Task<string?> ApplyAsync(RepositoryEntries entries, KnownEntries becomes)
    {
        var next = ConfigDifference.WithoutFixed(current.Value, discoveries.Beside(entries, becomes));
        var assignments = await assigner.AssignAsync(next, becomes.Reasons, CancellationToken.None);
        Know(becomes);
        if (next.Triggers.Any(trigger => workers.All.All(worker => worker.Name != trigger.Name)))
        {
            await draining; // one that returns must not meet itself leaving
        }

        var removed = workers.Apply(next);
        current.Value = next;
        threshold.Set(next.App.LogLevel);
        if (removed)
        {
            draining = DrainRemovedAsync();
            await BuryAsync(CancellationToken.None);
        }

        await polling.ApplyAsync(assignments);
        return null;
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

    private void Know(KnownEntries entries)
    {
        known = entries;
        seals.Entries(entries.Written.Select(one => one.Entry));
    }

    private KnownEntries Read(RepositoryEntries entries, IEnumerable<(string Name, string Entry)> written) =>
        KnownEntries.Read(entries, written, (name, problem) => Log.Unusable(logger, name, problem));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "configuration reloaded ({Cause}), {Count} changes: {Changes}{NeedRestart}")]
        public static partial void Reloaded(ILogger logger, string cause, int count, string changes, string needRestart);

        [LoggerMessage(Level = LogLevel.Information, Message = "the configuration was read again ({Cause}) and says the same as before")]
        public static partial void Unchanged(ILogger logger, string cause);

        [LoggerMessage(Level = LogLevel.Error, Message = "the configuration is refused ({Cause}), the one before stays in force: {Count} errors, the first: {Error}")]
        public static partial void Refused(ILogger logger, string cause, int count, string error);

        [LoggerMessage(Level = LogLevel.Error, Message = "a change of the configuration could not be stored, the one before stays in force: {Reason}")]
        public static partial void NotStored(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "a change of the configuration could not be applied")]
        public static partial void NotApplied(ILogger logger, Exception failure);

        [LoggerMessage(Level = LogLevel.Information, Message = "repository {Repository} was {Change} through the API")]
        public static partial void Entered(ILogger logger, string repository, string change);

        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} stored secrets were sealed anew with the master key {Key}, {Dropped} session keys that no line opens were dropped")]
        public static partial void Resealed(ILogger logger, int count, string key, int dropped);

        [LoggerMessage(Level = LogLevel.Warning, Message = "not everything that is stored can be opened: {Problem}")]
        public static partial void OtherKey(ILogger logger, string problem);

        [LoggerMessage(Level = LogLevel.Error, Message = "repository {Repository}, which came through the API, cannot be watched: {Reason}")]
        public static partial void Unusable(ILogger logger, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Count} deliveries were owed to triggers that the configuration no longer has: they are dead letters now")]
        public static partial void Buried(ILogger logger, int count);
    }
}

/// <summary>What is stored does not go with the configuration: the service must not run on it.</summary>
internal sealed class UnusableConfigException(string message) : Exception(message);

/// <summary>The configuration that the process was started with.</summary>
/// <param name="Source">Null where no file was read for it.</param>
internal sealed record StartedWith(LoadedConfig Loaded, ConfigSource? Source)
{
    public static StartedWith Config(SentryConfig config) => new(new LoadedConfig(config, [], []) { Entries = RepositoryEntries.Beside(config) }, null);
}
