using System.Diagnostics;

namespace RepoSentry.Bench;

/// <summary>The service as a whole: start, memory, CPU per look, delay from push to webhook.</summary>
internal static class ServiceBench
{
    private const int Restarts = 5;

    /// <summary>The brief's five targets, with the default configuration.</summary>
    public static async Task TargetsAsync(string executable)
    {
        const int Count = 120;
        await using var story = await Story.StartAsync(executable, Count, "");
        var ready = await story.Service.ReadyAsync();
        await story.Service.WatchingAsync(Count);
        var answers = await story.Service.TimeAsync("/api/v1/repositories", 100);
        var delays = await story.PushAllAsync(Count, TimeSpan.FromSeconds(75));
        var times = delays.Order().ToArray();
        Report(
            $"The brief's targets, default configuration, {Count} repositories",
            ("start to ready (target < 5 s)", $"{ready.TotalSeconds:0.00} s"),
            ("resident memory (target < 512 MB)", $"{story.Service.Megabytes:0} MB"),
            ("API answer, list of 50, p99 of 100 (target < 100 ms)", $"{At(answers, 0.99):0.0} ms"),
            ("push to webhook, mean (target < 30 s; fixed interval 60 s)", $"{times.Average():0.0} s"),
            ("push to webhook, longest", $"{times[^1]:0.0} s"),
            ("repositories watched, pushes lost (target 100+, 0)", $"{Count}, {Count - times.Length}"));
    }

    /// <summary>1,000 repositories on plain Git.</summary>
    public static async Task FleetAsync(string executable)
    {
        const int Count = 1000;
        TimeSpan ready, watching;
        double idle;
        var again = new List<TimeSpan>();
        await using (var story = await Story.StartAsync(executable, Count, "polling: { strategy: fixed, interval: 1h }"))
        {
            ready = await story.Service.ReadyAsync();
            watching = await story.Service.WatchingAsync(Count);
            await Task.Delay(TimeSpan.FromSeconds(15), TimeProvider.System, CancellationToken.None);
            idle = story.Service.Megabytes;
            while (again.Count < Restarts)
            {
                await story.Service.RestartAsync();
                again.Add(await story.Service.ReadyAsync());
            }
        }

        await using var busy = await Story.StartAsync(executable, Count, "polling: { strategy: fixed, interval: 10s }");
        await busy.Service.WatchingAsync(Count, await busy.Service.ReadyAsync());
        var cost = await busy.CostAsync(TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(30));
        Report(
            $"{Count} repositories on plain Git",
            ("first start to ready, which makes the database", $"{ready.TotalSeconds:0.00} s"),
            ($"start to ready after it, median of {Restarts}", $"{again.Order().ElementAt(Restarts / 2).TotalSeconds:0.00} s"),
            ("start to every first look done", $"{watching.TotalSeconds:0.00} s"),
            ("resident memory, idle", $"{idle:0} MB"),
            ("resident memory, each looked at every 10 s", $"{busy.Service.Megabytes:0} MB"),
            ("looks a second", $"{cost.PerSecond:0}"),
            ("CPU per unchanged look (ls-refs, 21 branches)", $"{cost.Cpu:0.000} ms"));
    }

    public static async Task DelayAsync(string executable)
    {
        const int Count = 20;
        await using var story = await Story.StartAsync(executable, Count, "polling: { strategy: fixed, interval: 1s, min_interval: 1s }", "requests_per_second: 0, max_in_flight: 0");
        await story.Service.ReadyAsync();
        await story.Service.WatchingAsync(Count);
        var delays = new List<double>();
        for (var round = 0; round < 10; round++)
        {
            delays.AddRange(await story.PushAllAsync(Count, TimeSpan.FromSeconds(10)));
        }

        var times = delays.Order().ToArray();
        Report(
            "Push to webhook at an interval of 1 s, 200 pushes, no pacing",
            ("mean", $"{times.Average():0.000} s"),
            ("p50", $"{At(times, 0.5):0.000} s"),
            ("p99", $"{At(times, 0.99):0.000} s"),
            ("longest", $"{times[^1]:0.000} s"));
    }

    /// <summary>5,000 changes on 1,000 repositories at once, limits lifted.</summary>
    public static async Task BurstAsync(string executable)
    {
        const int Count = 1000;
        const int Changes = Count * (Forge.MovingTopics + 1);
        await using var story = await Story.StartAsync(executable, Count, "polling: { strategy: fixed, interval: 2s, min_interval: 1s }", "requests_per_second: 0, max_in_flight: 64");
        await story.Service.ReadyAsync();
        await story.Service.WatchingAsync(Count);
        await Task.Delay(TimeSpan.FromSeconds(5), TimeProvider.System, CancellationToken.None);
        var lines = new List<(string, string)>();
        for (var round = 1; round <= 3; round++)
        {
            var (cpu, clock) = (story.Service.Cpu, Stopwatch.GetTimestamp());
            var arrived = await story.BurstAsync(Count, Changes, TimeSpan.FromSeconds(60));
            lines.Add(($"round {round}: delivered, time, CPU (target 5000, 5 s, 2 s)", $"{arrived}, {Stopwatch.GetElapsedTime(clock).TotalSeconds:0.00} s, {(story.Service.Cpu - cpu).TotalSeconds:0.00} s"));
        }

        Report($"{Changes} changes on {Count} repositories at once, interval 2 s", [.. lines]);
    }

    public static void Report(string title, params (string Name, string Value)[] lines)
    {
        Console.WriteLine();
        Console.WriteLine(title);
        foreach (var (name, value) in lines)
        {
            Console.WriteLine($"  {name,-62} {value}");
        }
    }

    private static async Task WatchingAsync(this MeasuredService service, int count, TimeSpan ready)
    {
        _ = ready;
        await service.WatchingAsync(count);
    }

    private static double At(double[] values, double quantile) => values.Order().ElementAt((int)(quantile * (values.Length - 1)));
}
