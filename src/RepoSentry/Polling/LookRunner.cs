using System.Diagnostics;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Polling;

/// <summary>Carries one look through its failures: another try, then Git, then an error that says why.</summary>
internal sealed partial class LookRunner(
    CurrentConfig current, RepositoryPoller poller, PollStore store, Ownership ownership, LiveFeed feed, RecentLooks looks, TimeProvider time, ILogger<LookRunner> logger)
{
    private const string AskedToWait = "the forge asked its credential to wait";

    private PollingConfig Config => current.Value.Polling;

    public bool CanFallBack(PolledRepository repository) => Config.EnableApiFallback && repository.Sources.Fallback is not null;

    /// <param name="blocked">The hosting's API asked to wait: only Git may be asked.</param>
    /// <param name="lateness">How much later than due the look begins.</param>
    /// <param name="told">What a batch told of it already; null if it is to be asked for.</param>
    public async Task<LookEnd> RunAsync(PolledRepository repository, bool blocked, TimeSpan lateness, ToldLook? told, CancellationToken stopping)
    {
        var clock = time.GetTimestamp();
        using var limit = new CancellationTokenSource(Config.Timeout, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, stopping);
        var sources = repository.Sources;
        var viaGit = blocked && CanFallBack(repository);
        RefSourceException failure;
        try
        {
            if (viaGit)
            {
                repository.StandIn(AskedToWait);
            }

            var narrow = told is null && !viaGit ? await LookNarrowlyAsync(repository, both.Token) : null;
            var result = viaGit
                ? await poller.PollAsync(repository, sources.Fallback!, "git", null, both.Token)
                : await poller.PollAsync(repository, sources.Primary, narrow is null ? sources.PrimaryName : "git", told ?? narrow, both.Token);
            repository.OnFallback &= viaGit;
            return Counted(repository, result, lateness);
        }
        catch (RefSourceException e)
        {
            failure = e;
        }
        catch (OperationCanceledException) when (!stopping.IsCancellationRequested)
        {
            failure = new RefSourceException(RefSourceError.Unavailable, $"no complete answer within polling.timeout of {Config.Timeout.TotalSeconds:0.#} s");
        }

        if (MayRetry(repository, failure))
        {
            return new LookEnd(null, failure) { TryAgainIn = Config.RetryBackoff * Math.Pow(2, repository.Tries) };
        }

        if (CanFallBack(repository) && failure.Error is RefSourceError.Unavailable or RefSourceError.Malformed or RefSourceError.RateLimited)
        {
            if (!repository.OnFallback)
            {
                repository.OnFallback = true;
                Log.FallsBack(logger, repository.Config.Name, sources.PrimaryName, failure.Message);
            }

            repository.StandIn(failure.Message);
            try
            {
                using var again = new CancellationTokenSource(Config.Timeout, time);
                using var eitherWay = CancellationTokenSource.CreateLinkedTokenSource(again.Token, stopping);
                return Counted(repository, await poller.PollAsync(repository, sources.Fallback!, "git", null, eitherWay.Token), lateness) with { Failure = failure };
            }
            catch (Exception e) when (e is RefSourceException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
            {
                failure = new RefSourceException(failure.Error, $"{failure.Message}; Git as fallback: {e.Message}", failure.RetryAfter, e);
            }
        }

        // What Git may not see is no news of the repository: the forge, which would know, is not asked now.
        var isHearsay = viaGit && failure.Error is (RefSourceError.NotFound or RefSourceError.Unauthorized);
        failure = isHearsay ? new RefSourceException(RefSourceError.RateLimited, $"{AskedToWait}; Git as fallback: {failure.Message}", innerException: failure) : failure;
        await RecordFailureAsync(repository, failure, clock, lateness);
        return new LookEnd(null, failure) { WasBlocked = isHearsay };
    }

    // What it tells goes the way of a look by the forge's interface, which still tells of commits and confirms what is missing.
    private async Task<ToldLook?> LookNarrowlyAsync(PolledRepository repository, CancellationToken cancellationToken)
    {
        if (!CanFallBack(repository) || !repository.GitInstead.IsCheaper(repository.Sources.Page, time) || !repository.Filters[RefKind.PullRequest].MatchesNothing || repository.Companions.Any(companion => !companion.Filters[RefKind.PullRequest].MatchesNothing))
        {
            return null;
        }

        var clock = time.GetTimestamp();
        var request = LookComparer.RequestByGit(repository);
        try
        {
            return new ToldLook(await repository.Sources.Fallback!.LookAsync(request, cancellationToken), request.Kinds, time.GetElapsedTime(clock));
        }
        catch (RefSourceException failure)
        {
            repository.GitInstead.Failed(time);
            Log.NotByGit(logger, repository.Config.Name, failure.Message);
            return null;
        }
    }

    private LookEnd Counted(PolledRepository repository, PollResult result, TimeSpan lateness)
    {
        SentryMetrics.Polled(result.Outcome.Source, result.Outcome.Outcome, result.Outcome.Duration, lateness);
        repository.Remember(result.Outcome);
        looks.Note(result.Outcome.Duration, failed: false);
        if (repository.LastFailure is not null)
        {
            repository.LastFailure = null;
            Log.Recovered(logger, repository.Config.Name);
        }

        foreach (var (change, triggers) in result.Events)
        {
            SentryMetrics.Changed(change.Change.Type.Name(), change.DetectionDelay);
            Log.Changed(logger, change.Id, repository.Config.Name, change.Change.Type.Name(), change.Change.Ref, change.Change.Before, change.Change.After, triggers.Count);
            feed.Publish(new LiveNote.Changed(time.GetUtcNow(), change, triggers));
        }

        foreach (var loop in result.Loops)
        {
            Log.Loops(logger, repository.Config.Name, loop);
        }

        foreach (var drop in repository.Held.Values.Where(drop => drop.Looks == 1 && result.Outcome.Outcome == "held"))
        {
            Log.Held(logger, repository.Config.Name, drop.Explain(repository.Config.Name));
        }

        if (result.Outcome.Outcome == PollOutcome.Baseline)
        {
            var refs = repository.Heads.Values.Sum(head => head.RefCount);
            Log.Baseline(logger, repository.Config.Name, refs);
            feed.Publish(new LiveNote.Baseline(time.GetUtcNow(), repository.Config.Name, refs));
        }

        return new LookEnd(result, null);
    }

    private bool MayRetry(PolledRepository repository, RefSourceException failure) =>
        failure.Error is RefSourceError.Unavailable or RefSourceError.Malformed && failure.RetryAfter is null
        && repository.FailedLooks == 0 && repository.Tries + 1 < Config.RetryAttempts;

    private async Task RecordFailureAsync(PolledRepository repository, RefSourceException failure, long clock, TimeSpan lateness)
    {
        var name = Snake(failure.Error);
        var took = time.GetElapsedTime(clock);
        var outcome = new PollOutcome(time.GetUtcNow() - took, took, name, repository.Sources.PrimaryName, 0, failure.Message);
        repository.Remember(outcome);
        looks.Note(took, failed: true);
        SentryMetrics.Polled(outcome.Source, name, took, lateness);
        if (repository.LastFailure != failure.Message)
        {
            repository.LastFailure = failure.Message; // told once, not at every look
            Log.LookFailed(logger, repository.Config.Name, name, failure.Message);
        }

        var status = repository.StatusAfter(failure.Error);
        await store.RecordFailureAsync(ownership.Claim(repository.Shard), repository.Id, status, outcome, CancellationToken.None);
        repository.Fail(status, failure.Message);
        feed.Publish(new LiveNote.LookFailed(time.GetUtcNow(), repository.Config.Name, failure.Message));
    }

    private static string Snake(RefSourceError error) => error switch
    {
        RefSourceError.Unauthorized => "unauthorized",
        RefSourceError.NotFound => "not_found",
        RefSourceError.RateLimited => "rate_limited",
        RefSourceError.Unavailable => "unavailable",
        RefSourceError.Malformed => "malformed",
        _ => throw new UnreachableException(),
    };

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "first look at {Repository}: {Refs} refs watched from here on")]
        public static partial void Baseline(ILogger logger, string repository, int refs);

        [LoggerMessage(Level = LogLevel.Information, Message = "event {Id}: {Repository} {Type} {RefName} {Before} -> {After}, owed to {Triggers} triggers")]
        public static partial void Changed(ILogger logger, Guid id, string repository, string type, string refName, string? before, string? after, int triggers);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Repository}: {Reason}")]
        public static partial void Held(ILogger logger, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "{Repository}: {Loop}")]
        public static partial void Loops(ILogger logger, string repository, string loop);

        [LoggerMessage(Level = LogLevel.Warning, Message = "look at {Repository} failed ({Kind}): {Reason}")]
        public static partial void LookFailed(ILogger logger, string repository, string kind, string reason);

        [LoggerMessage(Level = LogLevel.Information, Message = "looks at {Repository} count again")]
        public static partial void Recovered(ILogger logger, string repository);

        [LoggerMessage(Level = LogLevel.Debug, Message = "{Repository} has more refs than its forge tells with one request, and Git, which would be the cheaper way to look, failed ({Reason}): it is not asked for an hour")]
        public static partial void NotByGit(ILogger logger, string repository, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "look at {Repository} by {Source} failed ({Reason}): falling back to Git")]
        public static partial void FallsBack(ILogger logger, string repository, string source, string reason);
    }
}

/// <summary>How a look ended.</summary>
/// <param name="Result">What it found; null for a look that does not count.</param>
/// <param name="Failure">What failed; beside a result where Git stood in for the API.</param>
internal sealed record LookEnd(PollResult? Result, RefSourceException? Failure)
{
    /// <summary>Nothing was learnt, and nobody is to blame.</summary>
    public static LookEnd NotMade { get; } = new(null, null);

    /// <summary>The credential had been asked to wait before: that this failed is not a reason to wait anew.</summary>
    public bool WasBlocked { get; init; }

    /// <summary>How it went with others; of interest where there is no result.</summary>
    public Company InCompany { get; init; }

    /// <summary>The look is tried again after this, without an error yet.</summary>
    public TimeSpan? TryAgainIn { get; init; }
}
