using Microsoft.Extensions.Time.Testing;
using RepoSentry.Configuration;
using RepoSentry.Tests.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Regressions;

public sealed class ClockRegressions
{
    /// <summary>E19 found it: a collection of garbage between "is it due?" and "how long until then?" gave a negative wait, which ended the poller.</summary>
    [Fact]
    public async Task A_pause_between_two_readings_of_the_clock_does_not_end_the_poller()
    {
        await using var story = await PollStory.BeginAsync(new PollingConfig { Strategy = "fixed", Interval = TimeSpan.FromMilliseconds(50) }, new HastyTime());
        var polled = await story.StartAsync(Build.Repository());
        var worker = story.Worker();
        worker.Add(polled);
        using var ending = new CancellationTokenSource();
        var running = worker.RunAsync(ending.Token);

        while (story.Forge.Asked.Count < 500)
        {
            await Task.WhenAny(worker.ApplyAsync(story.Assignments), running).WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
            running.IsCompleted.ShouldBeFalse(running.Exception?.Message);
        }

        await ending.CancelAsync();
        await running.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken);
    }

    /// <summary>Each reading is 3 ms after the one before. Its timers are the system's, which take no negative wait.</summary>
    private sealed class HastyTime() : FakeTimeProvider(Build.Noon)
    {
        private int readings;

        public override long GetTimestamp() => base.GetTimestamp() + (Interlocked.Increment(ref readings) * TimestampFrequency * 3 / 1000);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, dueTime, period);
    }
}
