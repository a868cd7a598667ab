using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RepoSentry.Exam.Support;
using RepoSentry.StandIns;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E7: thousands of repositories on one GitHub token, with less quota than looks at each would need. GitHub counts its limits, its clock is wrong, and it refuses
/// everything for a while: nothing may be asked before the time that it told, and all must go on by itself.
/// </summary>
internal static class E07Siege
{
    public static async Task RunAsync(Trial trial)
    {
        var (owners, each, interval) = (trial.Scale(100, 40), 100, trial.Scale(60, 20));
        var (rounds, refusal) = (trial.Scale(3, 1), TimeSpan.FromSeconds(trial.Scale(60, 15)));
        using var folder = new TemporaryFolder();
        await using var forge = await GitHubServer.StartAsync(new GitHubWorld(TimeProvider.System) { Skew = TimeSpan.FromMinutes(7), OnItsWay = TimeSpan.FromSeconds(trial.Scale(1, 5)) });
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        var pushes = new Pushes(forge.World);
        receiver.Received = (_, body, _) => pushes.Arrived(body);
        await using var service = new ServiceRun(Config(forge, receiver, pushes, owners, each, interval));
        var clock = Stopwatch.GetTimestamp();
        await (await service.Start().ReadyAsync()).WatchingAsync(owners * each, TimeSpan.FromMinutes(5));
        trial.Tell("until all are watched", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(clock).TotalSeconds:0.0} s, {forge.World.Graph.Spent} points"));

        var spent = (Points: forge.World.Graph.Spent, Core: forge.World.Rest.Spent, At: Stopwatch.GetTimestamp());
        for (var round = 0; round < rounds; round++)
        {
            await pushes.MakeAsync(trial.Random, TimeSpan.FromSeconds(interval), calm: true);
            await pushes.SettleAsync(TimeSpan.FromMinutes(3));
            forge.World.Refuse(refusal);
            await pushes.MakeAsync(trial.Random, refusal, calm: false);
            await pushes.SettleAsync(TimeSpan.FromMinutes(3));
        }

        var hours = Stopwatch.GetElapsedTime(spent.At).TotalHours;
        trial.Reaches("repositories watched", owners * each, trial.Scale(10_000, 4000));
        trial.Reaches("pushes", pushes.Count, trial.Scale(150, 20));
        trial.Zero("pushes that never arrived", pushes.Missing);
        trial.Reaches("requests that were refused", forge.World.Refusals, rounds);
        trial.Zero("requests before the time that a refusal told", forge.World.InsideRetryAfter);
        trial.Zero("points spent beyond the quota of an hour", Math.Max(0, forge.World.Graph.MostInHour - forge.World.Graph.PerHour));
        trial.Zero("points in a minute beyond GitHub's limit", Math.Max(0, forge.World.Graph.MostInMinute - 2000));
        trial.Within("GraphQL points an hour", (forge.World.Graph.Spent - spent.Points) / hours, 4000, "points");
        trial.Within("REST requests an hour that count", (forge.World.Rest.Spent - spent.Core) / hours, 5000 * trial.Scale(1, 4), "requests");
        double[] gaps = [.. forge.World.ListGaps];
        trial.Reaches("lists of owners' pushes", gaps.Length, owners * rounds);
        trial.Within("longest time between two lists of an owner by the median one", gaps.Max() / Statistics.Quantile(gaps, 0.5), 3, "times");
        trial.Within("longest time between two lists of an owner", gaps.Max(), interval * 1.05, "s");
        trial.Tell("median from push to delivery, and the longest, without a refusal", string.Create(CultureInfo.InvariantCulture, $"{pushes.Quantile(0.5):0.0} s, {pushes.Quantile(1):0.0} s"));
        trial.Within("95th percentile from push to delivery, without a refusal", pushes.Quantile(0.95), interval, "s");
        trial.Zero("service processes that ended", service.HasExited ? 1 : 0);
    }

    private static string Config(GitHubServer forge, LoggedReceiver receiver, Pushes pushes, int owners, int each, int interval)
    {
        var text = new StringBuilder($$"""
            polling: { interval: {{interval}}s, min_interval: 5s, enable_api_fallback: false }
            providers: [{ name: siege, type: github, url: "{{forge.Url}}", token: "${SIEGE_TOKEN:-canary}" }]
            tekton: { event_listener_url: "{{receiver.Url}}", format: github, requests_per_second: 0, max_in_flight: 0 }
            repositories:

            """);
        for (var owner = 0; owner < owners; owner++)
        {
            for (var number = 0; number < each; number++)
            {
                pushes.Add($"org{owner}", $"repo{number}");
                text.Append(CultureInfo.InvariantCulture, $"  - {{ name: o{owner}r{number}, url: \"{forge.Url}org{owner}/repo{number}\" }}\n");
            }
        }

        return text.ToString();
    }

    private sealed class Pushes(GitHubWorld world)
    {
        private readonly List<GitHubRepo> repositories = [];
        private readonly ConcurrentDictionary<string, (long At, bool Calm)> waiting = new(StringComparer.Ordinal);
        private readonly ConcurrentBag<double> delays = [];
        private int count;

        public int Count => count;

        public int Missing => waiting.Count;

        public void Add(string owner, string name) => repositories.Add(world.Add(owner, name));

        public async Task MakeAsync(Random random, TimeSpan lasts, bool calm)
        {
            var clock = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(clock) < lasts)
            {
                lock (waiting) // it may arrive at once
                {
                    var commit = world.Push(repositories[random.Next(repositories.Count)], $"topic/{count++}");
                    waiting[commit] = (Stopwatch.GetTimestamp(), calm);
                }

                await Task.Delay(random.Next(400, 1200));
            }
        }

        public async Task SettleAsync(TimeSpan limit)
        {
            var clock = Stopwatch.GetTimestamp();
            while (!waiting.IsEmpty && Stopwatch.GetElapsedTime(clock) < limit)
            {
                await Task.Delay(100);
            }
        }

        public void Arrived(byte[] body)
        {
            using var json = JsonDocument.Parse(body);
            lock (waiting)
            {
                if (waiting.TryRemove(json.RootElement.GetProperty("after").GetString()!, out var push) && push.Calm)
                {
                    delays.Add(Stopwatch.GetElapsedTime(push.At).TotalSeconds);
                }
            }
        }

        public double Quantile(double quantile) => Statistics.Quantile([.. delays], quantile);
    }
}
