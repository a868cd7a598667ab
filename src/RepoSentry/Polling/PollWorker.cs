using System.Diagnostics;
using System.Threading.Channels;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Polling;

/// <summary>Keeps the schedule of the repositories owned: takes who is due, looks side by side within the slots of the process and of each host.</summary>
internal sealed partial class PollWorker(
    CurrentConfig current, LookRunner runner, CompanyRunner company, RepositoryStore repositories, TimeProvider time, ILogger<PollWorker> logger)
{
    private static readonly TimeSpan CheckpointEvery = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Grain = TimeSpan.FromMilliseconds(10);

    private readonly Channel<PollSignal> signals = Channel.CreateUnbounded<PollSignal>(new UnboundedChannelOptions { SingleReader = true });
    private readonly PollTurns turns = new(current, time, runner.CanFallBack);
    private readonly Dictionary<string, HostSlots> hosts = new(StringComparer.OrdinalIgnoreCase);
    private readonly HashSet<HostSlots> crowded = [];
    private readonly SharedRemotes remotes = new();
    private Dictionary<string, PolledRepository> polled = new(StringComparer.Ordinal);
    private readonly LookCheckpoints unwritten = new(repositories);
    private readonly LogGate gate = new(time);
    private TimeSpan? alarmAt;
    private int looking;
    private int told;

    /// <summary>The repositories polled, by name.</summary>
    public IReadOnlyDictionary<string, PolledRepository> Repositories => Volatile.Read(ref polled);

    private PollingConfig Config => current.Value.Polling;

    public TimeSpan IntervalOf(PolledRepository repository) => turns.IntervalOf(repository);

    public string Why(PolledRepository repository) => turns.Why(repository) + remotes.Explain(repository);

    /// <summary>Whether a look or a request for many is under way, or something that it was told is not acted on yet.</summary>
    public bool IsBusy => Volatile.Read(ref told) > 0 || Volatile.Read(ref looking) > 0;

    public IReadOnlyDictionary<string, LookBudget> Budgets => turns.Budgets;

    /// <summary>When the next look is due, by the wall clock.</summary>
    public DateTimeOffset NextLookAt(PolledRepository repository) => time.GetUtcNow() + turns.Until(repository);

    /// <summary>How much longer a credential waits, and why; null if it does not.</summary>
    public CredentialWait? WaitOf(string credential) => turns.WaitOf(credential);

    /// <summary>Asks for a look now.</summary>
    public void PollNow(string repository) => Tell(new PollSignal.Asked(repository, Released: false));

    /// <summary>Tells that an operator released what is held: the next look, now, acts on it.</summary>
    public void Release(string repository) => Tell(new PollSignal.Asked(repository, Released: true));

    /// <summary>What is polled from the start.</summary>
    public void Add(IEnumerable<PolledRepository> added)
    {
        var all = new Dictionary<string, PolledRepository>(polled, StringComparer.Ordinal);
        var first = added.ToList();
        first.ForEach(repository => all.Add(repository.Config.Name, repository));
        remotes.Know(all.Values);
        turns.Begin(first);
        Volatile.Write(ref polled, all);
    }

    /// <summary>Takes over another configuration while it runs: new ones are looked at at once, changed ones too, removed ones never again.</summary>
    /// <returns>Ends when it holds.</returns>
    public Task ApplyAsync(IReadOnlyList<RepositoryAssignment> wanted)
    {
        var applied = new PollSignal.Reassigned(wanted, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        Tell(applied);
        return applied.Done.Task;
    }

    /// <summary>Stops looking, or begins again at once.</summary>
    public void Pause(string repository, bool paused) => Tell(new PollSignal.Paused(repository, paused));

    public async Task RunAsync(CancellationToken stopping)
    {
        await using var alarm = time.CreateTimer(_ => Tell(new PollSignal.Tick()), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        await using var checkpoint = time.CreateTimer(_ => Tell(new PollSignal.Checkpoint()), null, CheckpointEvery, CheckpointEvery);
        await using var stop = stopping.Register(() => Tell(new PollSignal.Tick()));
        for (var heard = 0; !stopping.IsCancellationRequested;)
        {
            Set(alarm, StartDue(stopping));
            Interlocked.Add(ref told, -heard);
            await signals.Reader.WaitToReadAsync(CancellationToken.None);
            for (heard = 0; signals.Reader.TryRead(out var signal); heard++)
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

    private void Tell(PollSignal signal)
    {
        Interlocked.Increment(ref told);
        signals.Writer.TryWrite(signal);
    }

    // To be woken costs half as much as a look: those that are due almost together begin together.
    private void Set(ITimer alarm, TimeSpan? dueAt)
    {
        var at = dueAt is { } due ? new TimeSpan((due.Ticks + Grain.Ticks - 1) / Grain.Ticks * Grain.Ticks) : (TimeSpan?)null;
        if (at == alarmAt)
        {
            return;
        }

        alarmAt = at;
        var wait = at - turns.Now;
        alarm.Change(wait is null ? Timeout.InfiniteTimeSpan : wait > TimeSpan.Zero ? wait.Value : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    /// <returns>When the next look is due, monotonic; null if the end of another comes first.</returns>
    private TimeSpan? StartDue(CancellationToken stopping)
    {
        TimeSpan? nextAt = null;
        while (looking < Config.MaxWorkers && turns.Take(out nextAt) is { } turn)
        {
            switch (turn)
            {
                case PollTurn.One(var one) when HostOf(one.Repository) is var host && host.TryTake():
                    Start(one.Repository, stopping);
                    break;
                case PollTurn.One(var one):
                    HostOf(one.Repository).Wait(one);
                    crowded.Add(HostOf(one.Repository));
                    break;
                case PollTurn.Batch batch:
                    Start(batch, stopping);
                    break;
                case PollTurn.List list:
                    Start(list, stopping);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        return nextAt;
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
        Begin(repository);
        repository.Companions = turns.IsBlocked(repository) ? [] : remotes.CompanionsOf(repository);
        foreach (var companion in repository.Companions)
        {
            PollTurns.Withdraw(companion);
            Begin(companion);
        }

        _ = LookAsync(repository, stopping);
    }

    private void Start(PollTurn.Batch batch, CancellationToken stopping)
    {
        looking++;
        foreach (var repository in batch.Repositories)
        {
            Begin(repository);
        }

        _ = company.RunAsync(batch, LatenessOf, Tell, e => Unexpected(e, batch.Repositories[0]), stopping);
    }

    private void Start(PollTurn.List list, CancellationToken stopping)
    {
        looking++;
        foreach (var owner in list.Owners)
        {
            owner.ListingSince = turns.Now;
        }

        _ = company.RunAsync(list, [.. list.Owners.Select(owner => owner.Since)], Tell, stopping);
    }

    private void Begin(PolledRepository repository)
    {
        (repository.Looking, repository.IsAsked) = (true, false);
        repository.LookingSince = turns.Now;
    }

    private static TimeSpan LatenessOf(PolledRepository repository) => repository.LookingSince > repository.DueAt ? repository.LookingSince - repository.DueAt : TimeSpan.Zero;

    private async Task LookAsync(PolledRepository repository, CancellationToken stopping)
    {
        await Task.Yield();
        var end = await LookAsync(repository, look: null, stopping);
        var shared = repository.OnFallback ? null : end.Result?.ToldOthers;
        foreach (var companion in repository.Companions)
        {
            Tell(new PollSignal.Ended(companion, shared is null ? LookEnd.NotMade with { InCompany = Company.NotShared } : await LookAsync(companion, shared, stopping), IsAlone: false));
        }

        Tell(new PollSignal.Ended(repository, end, IsAlone: true));
    }

    private async Task<LookEnd> LookAsync(PolledRepository repository, ToldLook? look, CancellationToken stopping)
    {
        try
        {
            return await runner.RunAsync(repository, look is null && turns.IsBlocked(repository), LatenessOf(repository), look, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: the look never happened
        }
        catch (Exception e)
        {
            Unexpected(e, repository);
        }

        return LookEnd.NotMade;
    }

    private void Unexpected(Exception e, PolledRepository repository)
    {
        if (e is not StorageException || gate.Opens())
        {
            Log.Unexpected(logger, e is StorageException ? null : e, repository.Config.Name, e.Message);
        }
    }

    private async Task HandleAsync(PollSignal signal, CancellationToken stopping)
    {
        switch (signal)
        {
            case PollSignal.Ended ended:
                Settle(ended.Repository, ended.End, ended.IsAlone);
                StartWaiting(stopping);
                break;
            case PollSignal.BatchEnded(var batch, var failure):
                looking--;
                Heard(batch, batch.Roster, failure);
                StartWaiting(stopping);
                break;
            case PollSignal.ListEnded(var list, var result, var failure):
                looking--;
                turns.Listed(list, result);
                Heard(list, list.Roster, failure);
                StartWaiting(stopping);
                break;
            case PollSignal.Asked(var name, var released) when polled.TryGetValue(name, out var repository) && repository.IsWatched:
                repository.ReleasedAt = released ? time.GetUtcNow() : repository.ReleasedAt;
                repository.AskedAgain |= repository.Looking;
                repository.IsAsked = true;
                turns.PlaceNow(repository, "an operator asked for it");
                break;
            case PollSignal.Paused(var name, var paused) when polled.TryGetValue(name, out var repository):
                repository.Paused = paused;
                repository.Wake();
                turns.PlaceNow(repository, paused ? "" : "an operator resumed it");
                break;
            case PollSignal.Reassigned(var wanted, var done):
                Reassign(wanted);
                done.SetResult();
                break;
            case PollSignal.Tick:
                alarmAt = null; // it may have rung a little before its time
                break;
            case PollSignal.Checkpoint:
                await WriteCheckpointAsync();
                break;
            default:
                break;
        }
    }

    private void Heard(PollTurn turn, Roster roster, RefSourceException? failure)
    {
        turns.Answered(turn, roster, failure);
        if (failure is not null && gate.Opens())
        {
            Log.NoBatch(logger, roster.Credential, failure.Message);
        }
    }

    private void Settle(PolledRepository repository, LookEnd end, bool isAlone)
    {
        repository.Looking = false;
        if (isAlone)
        {
            looking--;
            HostOf(repository).Release(failed: end.Failure?.Error == RefSourceError.Unavailable);
        }

        turns.After(repository, end);
        if (repository.Left)
        {
            unwritten.Forget(repository);
        }
        else if (end.Result is { } result)
        {
            unwritten.Note(repository, result);
        }
    }

    private void Reassign(IReadOnlyList<RepositoryAssignment> wanted)
    {
        var known = polled.Values.ToDictionary(repository => repository.Id);
        var all = new Dictionary<string, PolledRepository>(wanted.Count, StringComparer.Ordinal);
        var (added, same) = (new List<PolledRepository>(), new List<PolledRepository>());
        foreach (var assignment in wanted)
        {
            var isKnown = known.Remove(assignment.Watched.Stored.Id, out var repository);
            repository ??= new PolledRepository(assignment.Watched, assignment.Sources, assignment.Shard);
            all.Add(assignment.Watched.Config.Name, repository);
            if (isKnown && repository.Assign(assignment))
            {
                turns.PlaceNow(repository, "its configuration was changed");
            }
            else
            {
                (isKnown ? same : added).Add(repository);
            }
        }

        foreach (var gone in known.Values)
        {
            gone.Left = true;
            turns.Leave(gone);
            unwritten.Forget(gone);
        }

        remotes.Know(all.Values);
        turns.Begin(added);
        turns.Adjust(same);
        Volatile.Write(ref polled, all);
    }

    private async Task WriteCheckpointAsync()
    {
        try
        {
            await unwritten.WriteAsync();
        }
        catch (StorageException e)
        {
            Log.NoCheckpoint(logger, e.Message);
        }
    }

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

        [LoggerMessage(Level = LogLevel.Warning, Message = "a request for many repositories of credential {Credential} was not answered ({Reason}); trying again")]
        public static partial void NoBatch(ILogger logger, string credential, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "the times of the last looks could not be stored ({Reason}); trying again")]
        public static partial void NoCheckpoint(ILogger logger, string reason);
    }
}
