using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>Looks at many repositories with one request, and reads lists of pushes. What a request tells of a repository goes the way of a look at it alone.</summary>
internal sealed class CompanyRunner(CurrentConfig current, LookRunner runner, TimeProvider time)
{
    private const int MostPages = 100;

    /// <summary>Looks once at each of a batch, and tells the end of each and of all.</summary>
    /// <param name="lateness">How much later than due each look begins.</param>
    public async Task RunAsync(PollTurn.Batch batch, Func<PolledRepository, TimeSpan> lateness, Action<PollSignal> tell, Action<Exception> unexpected, CancellationToken stopping)
    {
        await Task.Yield();
        var open = batch.Repositories.ToHashSet();
        RefSourceException? failure = null;
        try
        {
            failure = await LookAsync(batch.Repositories, lateness, End, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: the looks never happened
        }
        catch (Exception e)
        {
            unexpected(e);
        }

        foreach (var repository in batch.Repositories)
        {
            End(repository, LookEnd.NotMade);
        }

        tell(new PollSignal.BatchEnded(batch, failure));

        void End(PolledRepository repository, LookEnd end)
        {
            bool first;
            lock (open)
            {
                first = open.Remove(repository);
            }

            if (first)
            {
                tell(new PollSignal.Ended(repository, end, IsAlone: false));
            }
        }
    }

    /// <summary>Reads lists of pushes and tells what stands in them.</summary>
    /// <param name="since">Of each owner, by the forge's clock; null where the latest ones are enough.</param>
    public async Task RunAsync(PollTurn.List list, IReadOnlyList<DateTimeOffset?> since, Action<PollSignal> tell, CancellationToken stopping)
    {
        await Task.Yield();
        ListResult? result = null;
        RefSourceException? failure = null;
        try
        {
            result = await ListAsync(list.Source, [.. list.Owners.Select(owner => owner.Name)], since, stopping);
        }
        catch (RefSourceException e)
        {
            failure = e;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop: the list was never read
        }

        tell(new PollSignal.ListEnded(list, result, failure));
    }

    /// <param name="ended">Called with the end of each.</param>
    /// <returns>What the forge said to the request, if it did not answer it.</returns>
    private async Task<RefSourceException?> LookAsync(IReadOnlyList<PolledRepository> repositories, Func<PolledRepository, TimeSpan> lateness, Action<PolledRepository, LookEnd> ended, CancellationToken stopping)
    {
        var clock = time.GetTimestamp();
        var requests = repositories.Select(repository => new BatchRequest(LookComparer.RequestInCompany(repository), repository.ToldBefore?.MarkFor(repository))).ToList();
        IReadOnlyList<BatchLook> looks;
        try
        {
            looks = await AskAsync(token => ((IBatchSource)repositories[0].Sources.Primary).LookAsync(requests, token), stopping);
        }
        catch (RefSourceException failure)
        {
            foreach (var repository in repositories)
            {
                ended(repository, LookEnd.NotMade with { InCompany = Company.Unanswered });
            }

            return failure;
        }

        var took = time.GetElapsedTime(clock);
        var ends = await Task.WhenAll(repositories.Select(async (repository, at) =>
        {
            var end = looks[at].Look is { } look
                ? await TellAsync(repository, new ToldLook(look, requests[at].Request.Kinds, took), looks[at].Mark, lateness(repository), stopping)
                : LookEnd.NotMade with { InCompany = looks[at].Alone == AloneBecause.TooManyRefs ? Company.TooLarge : Company.NotTold };
            if (!IsFirst(end))
            {
                ended(repository, end);
            }

            return end;
        }));
        var first = Enumerable.Range(0, ends.Length).Where(at => IsFirst(ends[at])).ToList();
        var earlier = first.Count == 0 ? [] : await EarlierAsync((IBatchSource)repositories[0].Sources.Primary, [.. first.Select(at => requests[at].Request)], stopping);
        foreach (var (at, times) in first.Zip(earlier))
        {
            ended(repositories[at], ends[at] with { Result = ends[at].Result! with { Earlier = times } });
        }

        return null;
    }

    private static bool IsFirst(LookEnd end) => end.Result is { Outcome.Outcome: PollOutcome.Baseline };

    // Of those that are new: their last commits tell how often they move.
    private async Task<IReadOnlyList<IReadOnlyList<DateTimeOffset>>> EarlierAsync(IBatchSource source, IReadOnlyList<RefLookRequest> requests, CancellationToken stopping)
    {
        try
        {
            return current.Value.Polling.Strategy == "adaptive" ? await AskAsync(token => source.RecentAsync(requests, token), stopping) : [.. requests.Select(_ => Array.Empty<DateTimeOffset>())];
        }
        catch (RefSourceException)
        {
            return [.. requests.Select(_ => Array.Empty<DateTimeOffset>())]; // the policy learns it by and by
        }
    }

    private async Task<LookEnd> TellAsync(PolledRepository repository, ToldLook told, byte[]? mark, TimeSpan lateness, CancellationToken stopping)
    {
        var config = repository.Config;
        var end = await runner.RunAsync(repository, blocked: false, lateness, told, stopping);
        if (mark is not null && mark != repository.ToldBefore?.Mark && end is { Result.Seen.IsAsHeld: true, Failure: null })
        {
            repository.ToldBefore = ToldBefore.By(mark, config, repository);
        }

        return end;
    }

    // Each owner back to what is known.
    private async Task<ListResult> ListAsync(ISweepSource source, IReadOnlyList<string> owners, IReadOnlyList<DateTimeOffset?> since, CancellationToken stopping)
    {
        var at = time.GetUtcNow();
        var pushes = new List<LastPush>?[owners.Count];
        var skew = TimeSpan.Zero;
        var asked = owners.Select((owner, index) => (Index: index, Request: new SweepRequest(owner))).ToList();
        for (var page = 0; asked.Count > 0 && page < MostPages; page++)
        {
            var answer = await AskAsync(token => source.SweepAsync([.. asked.Select(one => one.Request)], token), stopping);
            skew = answer.Skew;
            var more = new List<(int Index, SweepRequest Request)>();
            foreach (var ((index, request), told) in asked.Zip(answer.Pages))
            {
                if (told is null)
                {
                    continue;
                }

                (pushes[index] ??= []).AddRange(told.Pushes);
                if (told.Next is { } next && told.Pushes.Count > 0 && told.Pushes[^1].At > since[index])
                {
                    more.Add((index, request with { After = next }));
                }
            }

            asked = more;
        }

        return new ListResult(pushes, skew, at);
    }

    private async Task<T> AskAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken stopping)
    {
        var timeout = current.Value.Polling.Timeout;
        using var limit = new CancellationTokenSource(timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        try
        {
            return await ask(both.Token);
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"no complete answer within polling.timeout of {timeout.TotalSeconds:0.#} s");
        }
    }
}

/// <summary>What a request for several told of one repository.</summary>
/// <param name="Asked">What was asked for.</param>
/// <param name="Took">How long ago it was asked for.</param>
/// <param name="HasValidators">It was asked for as a look at it alone is.</param>
internal sealed record ToldLook(RefLook Look, IReadOnlyList<KindRequest> Asked, TimeSpan Took, bool HasValidators = false);

/// <param name="Pushes">Of each owner, newest first; null for one that is not there, or not shown to us.</param>
/// <param name="Skew">How far the forge's clock is ahead of ours.</param>
/// <param name="At">When they were asked for.</param>
internal sealed record ListResult(IReadOnlyList<IReadOnlyList<LastPush>?> Pushes, TimeSpan Skew, DateTimeOffset At);

/// <summary>Why a batch gave no look.</summary>
internal enum Company
{
    Usual,

    /// <summary>The forge gave no answer for any.</summary>
    Unanswered,

    /// <summary>More refs than a batch carries.</summary>
    TooLarge,

    /// <summary>Nothing was told that could be relied on.</summary>
    NotTold,

    /// <summary>Another watcher of its remote looked for it, in vain.</summary>
    NotShared,
}
