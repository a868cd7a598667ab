using System.Globalization;
using System.Net.Http.Json;

namespace RepoSentry.Bench;

/// <summary>Fleets on one node: each repository is looked at alone, once a minute, by ls-refs.</summary>
internal static class ScaleBench
{
    private const int AtOnce = 1000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(120);

    public static async Task RunAsync(string executable)
    {
        await MeasureAsync(executable, 10_000);
        await MeasureAsync(executable, 100_000);
    }

    // Added through the API: a file is at most 1 MiB.
    private static async Task MeasureAsync(string executable, int count)
    {
        await using var story = await Story.StartAsync(executable, 1, "polling: { strategy: fixed, interval: 60s }");
        await story.Service.ReadyAsync();
        await Parallel.ForEachAsync(Enumerable.Range(1, count - 1), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (number, token) =>
            await story.Service.PostAsync("/api/v1/repositories", JsonContent.Create(new { name = $"r{number}", url = story.GitUrl(number), provider = "forge0" }), token));
        await story.Service.WatchingAsync(count);
        await Task.Delay(WarmUp, TimeProvider.System, CancellationToken.None);
        var (cpu, looks, late) = (story.Service.Cpu, story.Looks, await LatenessAsync(story.Service));
        await Task.Delay(Window, TimeProvider.System, CancellationToken.None);
        var (spent, made) = (story.Service.Cpu - cpu, story.Looks - looks);
        var bound = Quantile(late, await LatenessAsync(story.Service), 0.99);
        ServiceBench.Report(
            string.Create(CultureInfo.InvariantCulture, $"{count:N0} repositories of 21 branches on plain Git, each looked at alone every 60 s, for {Window.TotalSeconds:0} s"),
            ("looks a second", string.Create(CultureInfo.InvariantCulture, $"{made / Window.TotalSeconds:0}")),
            ("lateness of looks, p99 (bucket of the service's metric)", string.Create(CultureInfo.InvariantCulture, $"{bound:0.###} s")),
            ("CPU of the service", string.Create(CultureInfo.InvariantCulture, $"{spent.TotalSeconds / Window.TotalSeconds:0.00} cores; {spent.TotalMilliseconds / made:0.000} ms a look")),
            ("resident memory", string.Create(CultureInfo.InvariantCulture, $"{story.Service.Megabytes:0} MB")));
    }

    private static async Task<List<(double Bound, double Looks)>> LatenessAsync(MeasuredService service) =>
    [
        .. System.Text.Encoding.UTF8.GetString(await service.BytesAsync("/metrics")).Split('\n').Where(line => line.StartsWith("reposentry_poll_lateness_seconds_bucket{", StringComparison.Ordinal)).Select(line =>
        {
            var (bound, looks) = (line.Split("le=\"")[1].Split('"')[0], line.Split("} ")[1].Split(' ')[0]);
            return (bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture), double.Parse(looks, CultureInfo.InvariantCulture));
        }),
    ];

    private static double Quantile(List<(double Bound, double Looks)> before, List<(double Bound, double Looks)> after, double quantile)
    {
        var between = after.Zip(before, (now, then) => (now.Bound, Looks: now.Looks - then.Looks)).ToList();
        return between.FirstOrDefault(bucket => bucket.Looks >= quantile * between[^1].Looks, (double.PositiveInfinity, 0)).Bound;
    }
}
