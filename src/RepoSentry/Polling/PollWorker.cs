using System.Collections.Concurrent;
using System.Threading.Channels;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Polling;

/// <summary>Keeps the schedule of the repositories owned: takes who is due, looks side by side within the slots of the process and of each host.</summary>
internal sealed partial class PollWorker(
    CurrentConfig current, LookRunner runner, RepositoryStore repositories, TimeProvider time, ILogger<PollWorker> logger)
{
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan StorageRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DefaultBlock = TimeSpan.FromMinutes(1);

    private readonly Channel<PollSignal> signals = Channel.CreateUnbounded<PollSignal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly PollSchedule schedule = new();
    private readonly FixedStrategy strategy = new(() => current.Value.Polling);
    private readonly Dictionary<string, HostSlots> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly ConcurrentDictionary<string, TimeSpan> blockedUntil = new(StringComparer.Ordinal);
    private readonly HashSet<HostSlots> crowded = [];
    private Dictionary<string, PolledRepository> polled = new(StringComparer.Ordinal);
    private readonly Dictionary<long, LookCheckpoint> unwritten = [];
    private readonly long startedAt = time.GetTimestamp();
    private readonly LogGate gate = new(time);
    private int looking;

    /// <summary>The repositories polled, by name.</summary>
    public IReadOnlyDictionary<string, PolledRepository> Repositories => Volatile.Read(ref polled);

    private PollingConfig Config => current.Value.Polling;

    private TimeSpan Now => time.GetElapsedTime(startedAt);

    public TimeSpan IntervalOf(PolledRepository repository) => strategy.IntervalOf(repository.Config, repository.Archived);

    /// <summary>When the next look is due, by the wall clock.</summary>
    public DateTimeOffset NextLookAt(PolledRepository repository) => time.GetUtcNow() + (repository.DueAt - Now);

    /// <summary>Asks for a look now.</summary>
    public void PollNow(string repository) => signals.Writer.TryWrite(new PollSignal.Asked(repository, Released: false));

    /// <summary>Tells that an operator released what is held: the next look, now, acts on it.</summary>
    public void Release(string repository) => signals.Writer.TryWrite(new PollSignal.Asked(repository, Released: true));

    /// <summary>What is polled from the start.</summary>
    public void Add(IEnumerable<PolledRepository> added)
    {
        var all = new Dictionary<string, PolledRepository>(polled, StringComparer.Ordinal);
        foreach (var repository in added)
        {
            all.Add(repository.Config.Name, repository);
            PlaceFirst(repository);
        }

        Volatile.Write(ref polled, all);
    }

    /// <summary>Takes over another configuration while it runs: new ones are looked at at once, changed ones too, removed ones never again.</summary>
    /// <returns>Ends when it holds.</returns>
    public Task ApplyAsync(IReadOnlyList<RepositoryAssignment> wanted)
    {
        var applied = new PollSignal.Reassigned(wanted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        signals.Writer.TryWrite(applied);
        return applied.Done.Task;
    }

    /// <summary>Stops looking, or begins again at once.</summary>
    public void Pause(string repository, bool paused) => signals.Writer.TryWrite(new PollSignal.Paused(repository, paused));

    public async Task RunAsync(CancellationToken stopping)
    {
        await using var alarm = time.CreateTimer(_ => signals.Writer.TryWrite(new PollSignal.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var checkpoint = time.CreateTimer(_ => signals.Writer.TryWrite(new PollSignal.Checkpoint()), null, CheckpointEvery, CheckpointEvery);
        await using var stop = stopping.Register(() => signals.Writer.TryWrite(new PollSignal.Tick()));
        while (!stopping.IsCancellationRequested)
        {
            alarm.Change(StartDue(stopping), Timeout.InfiniteTimeSpan);
            await signals.Reader.WaitToReadAsync(CancellationToken.None);
            while (signals.Reader.TryRead(out var signal))
            {
                await HandleAsync(signal, stopping);
            }
        }

        while (looking > 0 && await signals.Reader.WaitToReadAsync(CancellationToken.None))
        {
            while (signals.Reader.TryRead(out var signal))
            {
                await HandleAsync(signal, stopping);
            }
        }

        await WriteCheckpointAsync();
    }

    private TimeSpan StartDue(CancellationToken stopping)
    {
        TimeSpan? nextAt = null;
        while (looking < Config.MaxWorkers && schedule.TakeDue(Now, out nextAt) is { } turn)
        {
            var repository = turn.Repository;
            var host = HostOf(repository);
            if (IsBlocked(repository) && !runner.CanFallBack(repository))
            {
                schedule.Place(repository, Spread(repository, blockedUntil[repository.Sources.Credential]));
                repository.DueBecause = $"the forge asked credential {repository.Sources.Credential} to wait";
            }
            else if (host.TryTake())
            {
                Start(repository, stopping);
            }
            else
            {
                host.Wait(turn);
                crowded.Add(host);
            }
        }

        return nextAt is not { } at ? Timeout.InfiniteTimeSpan : at - Now is var wait && wait > TimeSpan.Zero ? wait : TimeSpan.Zero; // one reading: a pause between two would make a negative wait, which no timer takes
    }

    // Those whose host had no slot go before the schedule, host by host.
    private void StartWaiting(CancellationToken stopping)
    {
        foreach (var host in crowded.ToArray())
        {
            while (!stopping.IsCancellationRequested && looking < Config.MaxWorkers && host.TakeNext() is { } turn)
            {
                Start(turn.Repository, stopping);
            }

            if (!host.HasWaiting)
            {
                crowded.Remove(host);
            }
        }
    }

    private void Start(PolledRepository repository, CancellationToken stopping)
    {
        looking++;
        repository.Looking = true;
        _ = LookAsync(repository, Now - repository.DueAt, stopping);
    }

    private async Task LookAsync(PolledRepository repository, TimeSpan lateness, CancellationToken stopping)
    {
        await Task.Yield();
        var end = LookEnd.NotMade;
        try
        {
            end = await runner.RunAsync(repository, IsBlocked(repository), lateness, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: the look never happened
        }
        catch (Exception e)
        {
            if (e is not StorageException || gate.Opens())
            {
                Log.Unexpected(logger, e is StorageException ? null : e, repository.Config.Name, e.Message);
            }
        }

        signals.Writer.TryWrite(new PollSignal.Ended(repository, end));
    }

    private async Task HandleAsync(PollSignal signal, CancellationToken stopping)
    {
        switch (signal)
        {
            case PollSignal.Ended ended:
                Settle(ended.Repository, ended.End, stopping);
                break;
            case PollSignal.Asked(var name, var released) when polled.TryGetValue(name, out var repository) && repository.IsWatched:
                repository.ReleasedAt = released ? time.GetUtcNow() : repository.ReleasedAt;
                if (repository.Looking)
                {
                    repository.AskedAgain = true;
                }
                else
                {
                    schedule.Place(repository, Now);
                    repository.DueBecause = "an operator asked for it";
                }

                break;
            case PollSignal.Paused(var name, var paused) when polled.TryGetValue(name, out var repository):
                repository.Paused = paused;
                repository.Wake();
                PlaceAgain(repository, paused ? "" : "an operator resumed it");
                break;
            case PollSignal.Reassigned(var wanted, var done):
                Reassign(wanted);
                done.SetResult();
                break;
            case PollSignal.Checkpoint:
                await WriteCheckpointAsync();
                break;
            default:
                break;
        }
    }

    private void Settle(PolledRepository repository, LookEnd end, CancellationToken stopping)
    {
        looking--;
        repository.Looking = false;
        HostOf(repository).Release(failed: end.Failure?.Error == RefSourceError.Unavailable);
        var next = NextAt(repository, end);
        if (repository.TakeAssignment())
        {
            next = Now;
            repository.DueBecause = "its configuration was changed";
        }

        if (repository.Left)
        {
            unwritten.Remove(repository.Id);
        }
        else if (repository.IsWatched)
        {
            schedule.Place(repository, next);
        }

        StartWaiting(stopping);
    }

    private TimeSpan NextAt(PolledRepository repository, LookEnd end)
    {
        if (end.Failure is { Error: RefSourceError.RateLimited } limited)
        {
            blockedUntil[repository.Sources.Credential] = Now + (limited.RetryAfter ?? DefaultBlock);
        }

        if (end.TryAgainIn is { } wait)
        {
            repository.Tries++;
            repository.DueBecause = $"the last look failed ({end.Failure?.Message}): try {repository.Tries + 1} of {Config.RetryAttempts}";
            return Now + wait;
        }

        repository.Tries = 0;
        if (end.Result is { } result)
        {
            var first = repository.LastLookedAt is null;
            repository.FailedLooks = 0;
            repository.LastLookedAt = result.Outcome.StartedAt;
            NoteCheckpoint(repository, result);
            (var again, repository.AskedAgain) = (repository.AskedAgain, false);
            repository.DueBecause = again ? "asked for while a look was under way" : IntervalReason(repository);
            return again ? Now : strategy.NextAt(repository.Config, repository.Archived, repository.DueAt, Now, first, Random.Shared.NextDouble());
        }

        if (end.Failure is not { } failure)
        {
            repository.DueBecause = "the last look could not be stored";
            return Now + StorageRetry; // our own storage failed, or a bug: the snapshot is as it was, so look again
        }

        repository.FailedLooks++;
        repository.DueBecause = failure.RetryAfter is null ? $"looks fail ({repository.FailedLooks} in a row)" : "the forge asked to wait";
        var next = strategy.AfterFailure(repository.Config, Now, failure.Error, repository.FailedLooks);
        return failure.RetryAfter is { } asked && Now + asked > next ? Spread(repository, Now + asked) : next;
    }

    private static string IntervalReason(PolledRepository repository) =>
        repository.Archived ? "the forge has archived it: looked at each polling.max_interval"
        : repository.Config.PollingInterval is not null ? "its own polling_interval"
        : "polling.interval";

    private TimeSpan Spread(PolledRepository repository, TimeSpan from) => from + (strategy.IntervalOf(repository.Config) * Random.Shared.NextDouble() * 0.5);

    private void PlaceFirst(PolledRepository repository)
    {
        if (repository.IsWatched)
        {
            var since = repository is { IsKnown: true, LastLookedAt: { } at } ? time.GetUtcNow() - at : (TimeSpan?)null;
            schedule.Place(repository, strategy.FirstAt(repository.Config, Now, since, Random.Shared.NextDouble()));
            repository.DueBecause = since is null ? "it was never looked at: at once" : "the service has started: its place in the interval";
        }
    }

    private void Reassign(IReadOnlyList<RepositoryAssignment> wanted)
    {
        var known = polled.Values.ToDictionary(repository => repository.Id);
        var all = new Dictionary<string, PolledRepository>(wanted.Count, StringComparer.Ordinal);
        foreach (var assignment in wanted)
        {
            var isKnown = known.Remove(assignment.Watched.Stored.Id, out var repository);
            repository ??= new PolledRepository(assignment.Watched, assignment.Sources, assignment.Shard);
            all.Add(assignment.Watched.Config.Name, repository);
            if (!isKnown)
            {
                PlaceFirst(repository);
            }
            else if (repository.Assign(assignment))
            {
                PlaceAgain(repository, "its configuration was changed");
            }
            else if (repository.IsWatched && repository.DueAt - Now > IntervalOf(repository))
            {
                schedule.Place(repository, Now + (IntervalOf(repository) * Random.Shared.NextDouble())); // the interval became shorter
            }
        }

        foreach (var gone in known.Values)
        {
            gone.Left = true;
            gone.Place++;
            unwritten.Remove(gone.Id);
        }

        Volatile.Write(ref polled, all);
    }

    // Due now, or no place at all if it is not watched. One that is being looked at gets its place afterwards.
    private void PlaceAgain(PolledRepository repository, string because)
    {
        if (repository.Looking)
        {
            return;
        }

        repository.Place++;
        if (repository.IsWatched)
        {
            schedule.Place(repository, Now);
            repository.DueBecause = because;
        }
    }

    private void NoteCheckpoint(PolledRepository repository, PollResult result)
    {
        var marks = result.Marks.Count > 0 ? result.Marks : unwritten.GetValueOrDefault(repository.Id)?.Validators ?? [];
        unwritten[repository.Id] = new LookCheckpoint(repository.Id, result.Outcome.StartedAt, marks);
    }

    private async Task WriteCheckpointAsync()
    {
        foreach (var batch in unwritten.Values.Chunk(500).ToList())
        {
            try
            {
                await repositories.CheckpointAsync(batch, CancellationToken.None);
            }
            catch (StorageException e)
            {
                Log.NoCheckpoint(logger, e.Message);
                return;
            }
        }

        unwritten.Clear();
    }

    private bool IsBlocked(PolledRepository repository) =>
        blockedUntil.TryGetValue(repository.Sources.Credential, out var until) && until > Now;

    private HostSlots HostOf(PolledRepository repository)
    {
        var host = repository.Config.Url.IsFile ? "file" : repository.Config.Url.Authority;
        if (!hosts.TryGetValue(host, out var slots))
        {
            hosts[host] = slots = new HostSlots(Math.Max(1, Config.MaxWorkers / 4));
        }

        return slots;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "look at {Repository} could not be finished ({Reason}); it is repeated")]
        public static partial void Unexpected(ILogger logger, Exception? exception, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "the times of the last looks could not be stored ({Reason}); trying again")]
        public static partial void NoCheckpoint(ILogger logger, string reason);
    }
}
