using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>Ends a look when its caller cancels it, or when the server has been silent for too long; each sign of life starts it anew.</summary>
internal sealed class IdleTimer : IDisposable
{
    private readonly CancellationToken caller;
    private readonly CancellationTokenSource source;
    private readonly CancellationTokenRegistration registration;

    public IdleTimer(TimeProvider time, CancellationToken caller)
    {
        this.caller = caller;
        source = new CancellationTokenSource(PlainGitLimits.Idle, time);
        registration = caller.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), source);
    }

    public CancellationToken Token => source.Token;

    public void Restart() => source.CancelAfter(PlainGitLimits.Idle);

    /// <summary>The server is not to blame for what comes now: the caller's own limit alone holds.</summary>
    public void Pause() => source.CancelAfter(Timeout.InfiniteTimeSpan);

    /// <summary>What a cancelled operation means: the caller's own wish passes through, silence is the server's fault.</summary>
    public Exception Explain(OperationCanceledException cancelled, string where)
    {
        if (caller.IsCancellationRequested)
        {
            return new OperationCanceledException(cancelled.Message, cancelled, caller);
        }

        var reason = source.IsCancellationRequested ? $"sent nothing for {PlainGitLimits.Idle.TotalSeconds:0} s" : "did not accept the connection in time";
        return new RefSourceException(RefSourceError.Unavailable, $"{where} {reason}", innerException: cancelled);
    }

    public void Dispose()
    {
        registration.Dispose();
        source.Dispose();
    }
}
