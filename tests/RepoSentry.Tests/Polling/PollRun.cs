using System.Collections.Concurrent;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;

namespace RepoSentry.Tests.Polling;

/// <summary>The poller at work on a hosting in memory, by a clock that the test moves.</summary>
internal sealed class PollRun : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private CancellationTokenSource ending = new();
    private readonly SemaphoreSlim noted = new(0);
    private int baselines;
    private Task running = Task.CompletedTask;

    private PollRun(PollStory story)
    {
        Story = story;
        Worker = story.Worker();
        story.Feed.Subscribe(Note);
    }

    public PollStory Story { get; }
    public PollWorker Worker { get; private set; }
    public int Baselines => Volatile.Read(ref baselines);
    public ConcurrentQueue<string> Changes { get; } = [];
    public ConcurrentQueue<string> Failures { get; } = [];

    /// <summary>Moves the clock on and lets all happen that is due then.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        Story.Time.Advance(time);
        while (Worker.IsBusy)
        {
            await noted.WaitAsync(TimeSpan.FromMilliseconds(1), CancellationToken.None);
        }
    }

    public static async Task<PollRun> StartAsync(int repositories, bool begin = true, PollingConfig? polling = null)
    {
        var run = new PollRun(await PollStory.BeginAsync(polling ?? new PollingConfig { Strategy = "fixed", MaxWorkers = 16 }));
        if (begin)
        {
            await run.BeginAsync([.. Enumerable.Range(0, repositories).Select(number => Build.Repository($"repo{number}"))]);
        }

        return run;
    }

    public async Task BeginAsync(RepositoryConfig[] repositories)
    {
        Worker.Add(await Story.StartAsync(repositories));
        running = Worker.RunAsync(ending.Token);
    }

    public async Task StopAsync()
    {
        await ending.CancelAsync();
        await running;
    }

    /// <summary>As another process would, after a stop.</summary>
    public Task BeginAgainAsync(RepositoryConfig[] repositories)
    {
        ending.Dispose();
        (ending, Worker) = (new CancellationTokenSource(), Story.Worker());
        return BeginAsync(repositories);
    }

    /// <summary>Waits until it holds, moving the clock on between checks if asked to: when what was due has happened, or waits itself for the clock.</summary>
    public async Task UntilAsync(Func<bool> holds, TimeSpan? advance = null)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
        {
            limit.IsCancellationRequested.ShouldBeFalse($"it did not happen: {Baselines} baselines, {Changes.Count} changes, failures {string.Join("; ", Failures)}");
            Story.Time.Advance(advance ?? TimeSpan.Zero);
            for (var waits = 0; waits == 0 || (waits < 10 && Worker.IsBusy && !holds()); waits++)
            {
                await noted.WaitAsync(TimeSpan.FromMilliseconds(20), CancellationToken.None);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Story.DisposeAsync();
        ending.Dispose();
        noted.Dispose();
    }

    private void Note(LiveNote note)
    {
        switch (note)
        {
            case LiveNote.Baseline:
                Interlocked.Increment(ref baselines);
                break;
            case LiveNote.Changed changed:
                Changes.Enqueue(changed.Event.Change.Ref);
                break;
            case LiveNote.LookFailed failed:
                Failures.Enqueue(failed.Error);
                break;
            default:
                break;
        }

        noted.Release();
    }
}
