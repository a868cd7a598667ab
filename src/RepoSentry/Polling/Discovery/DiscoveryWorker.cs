using System.Threading.Channels;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Polling.Discovery;

/// <summary>
/// Lists each organization at its pace and asks for what it tells to be watched. Only complete listings count; a repository that is missing is believed to be gone
/// once a second listing lacks it too, and many at once only after three over ten minutes.
/// </summary>
/// <param name="listers">What lists with the credential of that name; null where its forge cannot.</param>
internal sealed partial class DiscoveryWorker(
    CurrentConfig current, Func<string, IRepositoryLister?> listers, ListingStore store, DiscoveryBook book, ConfigRequests requests, TimeProvider time, ILogger<DiscoveryWorker> logger)
{
    private const int MostNames = 20;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromMinutes(1);

    private readonly Channel<bool> changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly long start = time.GetTimestamp();
    private IReadOnlyList<DiscoveryConfig>? taken;
    private Dictionary<string, DiscoveryCourse> courses = new(StringComparer.Ordinal);

    private TimeSpan Now => time.GetElapsedTime(start);

    /// <summary>Takes over what was listed before the start.</summary>
    public async Task LoadAsync(CancellationToken cancellationToken)
    {
        foreach (var listing in await store.LoadAsync(cancellationToken))
        {
            book.Put(listing.Discovery, _ => new DiscoveryState(listing.Repositories, listing.Repositories.Count, listing.ListedAt, null, null));
        }
    }

    /// <summary>Tells that the configuration in force is another one.</summary>
    public void Changed() => changes.Writer.TryWrite(true);

    /// <summary>Each at its own pace: a forge that answers slowly holds up no other one.</summary>
    public async Task RunAsync(CancellationToken stopping)
    {
        var underWay = new Dictionary<DiscoveryCourse, Task>();
        try
        {
            while (true)
            {
                await TakeOverAsync(stopping);
                foreach (var course in courses.Values.Where(course => course.DueAt <= Now && !underWay.ContainsKey(course)).ToList())
                {
                    underWay[course] = ListAsync(course, stopping);
                }

                await WaitAsync(underWay, stopping);
                foreach (var ended in underWay.Where(one => one.Value.IsCompleted).Select(one => one.Key).ToList())
                {
                    underWay.Remove(ended);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: what was listed half is listed anew
        }
        finally
        {
            await Task.WhenAll(underWay.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task TakeOverAsync(CancellationToken stopping)
    {
        var wanted = current.Value.Discovery;
        if (ReferenceEquals(wanted, taken))
        {
            return;
        }

        taken = wanted;
        var keys = wanted.Select(discovery => discovery.Key).ToHashSet(StringComparer.Ordinal);
        courses = wanted.ToDictionary(
            discovery => discovery.Key,
            discovery => courses.GetValueOrDefault(discovery.Key) is { } before && before.Config.Identity == discovery.Identity ? before : new DiscoveryCourse(discovery) { DueAt = Now },
            StringComparer.Ordinal);
        book.KeepOnly(keys);
        try
        {
            await store.KeepOnlyAsync(keys, stopping);
        }
        catch (StorageException)
        {
            // what nobody asks for harms nobody: it goes another time
        }
    }

    private async Task WaitAsync(Dictionary<DiscoveryCourse, Task> underWay, CancellationToken stopping)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var dueAt = courses.Values.Where(course => !underWay.ContainsKey(course)).Min(course => (TimeSpan?)course.DueAt);
        var wait = dueAt - Now is { } left ? (left > TimeSpan.Zero ? left : TimeSpan.Zero) : Timeout.InfiniteTimeSpan;
        var changed = changes.Reader.WaitToReadAsync(either.Token).AsTask();
        var due = Task.Delay(wait, time, either.Token);
        if (dueAt is null || dueAt > Now) // read once more: the clock may have moved before the timer was set
        {
            await Task.WhenAny([changed, due, .. underWay.Values]);
        }

        stopping.ThrowIfCancellationRequested();
        changes.Reader.TryRead(out _);
        await either.CancelAsync();
    }

    private async Task ListAsync(DiscoveryCourse course, CancellationToken stopping)
    {
        string? problem = null;
        var wait = course.Config.Every;
        try
        {
            problem = await TakeAsync(course, stopping);
            wait = course.Held is null ? wait : Shorter(wait, DropGuard.HoldFor / 2);
        }
        catch (RefSourceException failure)
        {
            problem = failure.Message;
            wait = failure.RetryAfter is { } asked && asked > TimeSpan.Zero ? asked : failure.Error == RefSourceError.Unavailable ? Shorter(wait, RetryAfter) : wait;
        }
        catch (StorageException failure)
        {
            problem = "what was listed could not be stored: " + failure.Message;
            wait = Shorter(wait, RetryAfter);
        }
        catch (Exception failure) when (failure is not OperationCanceledException || !stopping.IsCancellationRequested)
        {
            Log.Unexpected(logger, failure, course.Config.Key);
            problem = "listing failed in a way that was not expected: the log says why";
        }

        course.DueAt = Now + wait;
        if (!IsWanted(course))
        {
            return;
        }

        if (problem != book.Of(course.Config.Key).Problem && problem is not null)
        {
            Log.Problem(logger, course.Config.Key, problem);
        }

        book.Put(course.Config.Key, state => state with { NextAt = time.GetUtcNow() + wait, Problem = problem });
    }

    /// <returns>Why not all of it is believed; null if it is.</returns>
    private async Task<string?> TakeAsync(DiscoveryCourse course, CancellationToken stopping)
    {
        var discovery = course.Config;
        var told = await ReadAsync(discovery, stopping);
        if (!IsWanted(course))
        {
            return null;
        }

        var known = book.ListedOf(discovery.Key);
        var (believed, problem) = course.Judge(told, known, Now, time.GetUtcNow());
        await (book.Of(discovery.Key).ListedAt is not null && believed.SequenceEqual(known)
            ? store.TouchAsync(discovery.Key, time.GetUtcNow(), stopping)
            : store.SaveAsync(new Listing(discovery.Key, time.GetUtcNow(), believed), stopping));
        var before = InForce(discovery.Key);
        book.Put(discovery.Key, state => state with { Repositories = believed, Found = told.Count, ListedAt = time.GetUtcNow() });
        if (await requests.ListedAsync(stopping) is { } failure)
        {
            return failure;
        }

        Tell(discovery, before, InForce(discovery.Key), believed);
        return problem;
    }

    // It may have left the configuration while it was listed.
    private bool IsWanted(DiscoveryCourse course) => courses.GetValueOrDefault(course.Config.Key) == course;

    // A page shifts when a repository goes while the pages are read, and hides another one: two listings seldom miss the same.
    private async Task<IReadOnlyList<ListedRepository>> ReadAsync(DiscoveryConfig discovery, CancellationToken stopping)
    {
        var lister = listers(discovery.Provider) ?? throw new RefSourceException(RefSourceError.NotFound, $"provider \"{discovery.Provider}\" cannot list repositories");
        var told = await lister.ListAsync(discovery.Organization, stopping);
        var ids = told.Select(one => one.Id).ToHashSet(StringComparer.Ordinal);
        if (book.ListedOf(discovery.Key).All(one => ids.Contains(one.Id)))
        {
            return told;
        }

        var again = await lister.ListAsync(discovery.Organization, stopping);
        return [.. again, .. told.ExceptBy(again.Select(one => one.Id), one => one.Id)];
    }

    private Dictionary<string, RepositoryConfig> InForce(string key) =>
        current.Value.Repositories.Where(repository => repository.Discovery == key).ToDictionary(repository => repository.ForgeId!, StringComparer.Ordinal);

    private void Tell(DiscoveryConfig discovery, Dictionary<string, RepositoryConfig> before, Dictionary<string, RepositoryConfig> after, IReadOnlyList<ListedRepository> listed)
    {
        var arrived = after.Where(one => !before.ContainsKey(one.Key)).Select(one => one.Value.Name).Order(StringComparer.Ordinal).ToList();
        if (arrived.Count > 0)
        {
            Log.Arrived(logger, discovery.Key, arrived.Count, string.Join(", ", arrived.Take(MostNames)) + (arrived.Count > MostNames ? ", …" : ""));
        }

        foreach (var (id, repository) in before)
        {
            if (!after.TryGetValue(id, out var now))
            {
                var reason = listed.FirstOrDefault(one => one.Id == id) is not { } still ? "the forge no longer lists it: it was deleted, moved to another owner, or hidden from this credential"
                    : DiscoveredRepositories.Refusal(discovery, still) ?? "it is watched otherwise";
                Log.Left(logger, repository.Name, discovery.Key, reason);
            }
            else if (now.Name != repository.Name)
            {
                Log.Renamed(logger, repository.Name, discovery.Key, now.Name);
            }
        }
    }

    private static TimeSpan Shorter(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "{Count} repositories of {Discovery} are watched from now on: {Names}")]
        public static partial void Arrived(ILogger logger, string discovery, int count, string names);

        [LoggerMessage(Level = LogLevel.Information, Message = "repository {Repository} of {Discovery} is watched no more: {Reason}")]
        public static partial void Left(ILogger logger, string repository, string discovery, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "repository {Repository} of {Discovery} is called {Name} now")]
        public static partial void Renamed(ILogger logger, string repository, string discovery, string name);

        [LoggerMessage(Level = LogLevel.Warning, Message = "the repositories of {Discovery} stay as they were: {Reason}")]
        public static partial void Problem(ILogger logger, string discovery, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "listing {Discovery} failed; it is repeated")]
        public static partial void Unexpected(ILogger logger, Exception failure, string discovery);
    }
}
