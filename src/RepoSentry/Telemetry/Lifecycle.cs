namespace RepoSentry.Telemetry;

/// <summary>States of the process, as in the brief.</summary>
internal enum LifecycleState
{
    Initializing,
    Starting,
    Running,
    Reloading,
    Stopping,
    Stopped,

    /// <summary>Storage is unusable, or the top loop of a worker ended: the process drains, stops and exits with 1.</summary>
    Failed,
}

/// <summary>Where the process is in its life. Hosting writes, everybody may read.</summary>
internal sealed class Lifecycle(TimeProvider time)
{
    private readonly TaskCompletionSource firstRun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Phase phase = new(LifecycleState.Initializing, null, time.GetUtcNow());

    public LifecycleState State => Volatile.Read(ref phase).State;

    /// <summary>What it waits for or why it failed, in one sentence; null when there is nothing to say.</summary>
    public string? Reason => Volatile.Read(ref phase).Reason;

    public DateTimeOffset Since => Volatile.Read(ref phase).Since;

    /// <summary>True once it failed, also while it stops because of that.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Ends when it runs for the first time.</summary>
    public Task FirstRun => firstRun.Task;

    public void Enter(LifecycleState state, string? reason = null)
    {
        HasFailed |= state == LifecycleState.Failed;
        Volatile.Write(ref phase, new Phase(state, reason, time.GetUtcNow()));
        if (state == LifecycleState.Running)
        {
            firstRun.TrySetResult();
        }
    }

    private sealed record Phase(LifecycleState State, string? Reason, DateTimeOffset Since);
}
