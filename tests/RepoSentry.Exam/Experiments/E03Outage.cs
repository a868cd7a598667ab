using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E3: two of three triggers are down for a day, then for three, by a virtual clock and over real sockets; one of the two has a limit. When their endpoint is
/// back, all that waited must come soon, in order, never above the limit, and the healthy trigger must not have noticed.
/// </summary>
internal static class E03Outage
{
    private const int Limit = 50;

    public static async Task RunAsync(Trial trial)
    {
        await OutageAsync(trial, TimeSpan.FromHours(24), refused: true);
        await OutageAsync(trial, TimeSpan.FromHours(72), refused: false);
    }

    private static async Task OutageAsync(Trial trial, TimeSpan length, bool refused)
    {
        var name = $"{length.TotalHours:0} h {(refused ? "refused" : "503")}";
        using var folder = new TemporaryFolder();
        using var evidence = new Evidence(folder.Path);
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var healthy = await new LoggedReceiver(folder.Path, time, "arrivals-healthy").StartAsync();
        await using var failing = await new LoggedReceiver(folder.Path, time, "arrivals-failing").StartAsync();
        await using var product = await Product.StartAsync(
            $$"""
            triggers:
              - { name: healthy, url: "{{healthy.Url}}/healthy", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 0 }
              - { name: free, url: "{{failing.Url}}/free", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 0 }
              - { name: limited, url: "{{failing.Url}}/limited", secret: "{{Evidence.Secret}}", requests_per_second: {{Limit}}, max_in_flight: 0 }
            """,
            time);
        var names = Enumerable.Range(0, 50).Select(number => $"refs/heads/b{number}").ToArray();
        Array.ForEach(names, item => evidence.Baseline(Product.Repository, item, Product.Baseline));
        var story = new Story(trial.Random, product, evidence, time, healthy, names);

        await story.PassAsync(trial.Scale(100, 50), TimeSpan.FromHours(1)); // warms up
        var before = await story.PassAsync(trial.Scale(300, 100), TimeSpan.FromHours(1));
        if (refused)
        {
            await failing.StopAsync();
        }
        else
        {
            failing.Answer = (_, _) => StatusCodes.Status503ServiceUnavailable;
        }

        var back = new ConcurrentQueue<(string Path, double At)>();
        var during = await story.PassAsync(trial.Scale(1000, 150), length);
        time.Advance(TimeSpan.FromSeconds(10 * trial.Random.NextDouble())); // it comes back at any moment between two probes
        failing.Received = (path, _, at) => back.Enqueue((path, at));
        failing.Answer = (_, _) => StatusCodes.Status202Accepted;
        if (refused)
        {
            await failing.StartAsync();
        }

        var since = LoggedReceiver.Milliseconds(time.GetUtcNow());
        var clock = Stopwatch.GetTimestamp();
        var drained = await story.DrainAsync(TimeSpan.FromSeconds(90));
        var real = Stopwatch.GetElapsedTime(clock);
        Array.ForEach([healthy, failing], receiver => receiver.Flush());
        var verdict = await evidence.JudgeAsync(every: true, inFlight: 0, "/healthy", "/free", "/limited");

        trial.Reaches($"{name}: events while it was down", during.Count, trial.Scale(1000, 150));
        trial.Zero($"{name}: lost", verdict["lost"]);
        trial.Zero($"{name}: out of order", verdict["out_of_order"]);
        trial.Zero($"{name}: doubled, different, unknown or unsigned", verdict["doubled"] + verdict["different_bytes"] + verdict["unknown"] + verdict["unsigned"]);
        foreach (var path in (string[])["/free", "/limited"])
        {
            var own = back.Where(arrival => arrival.Path == path).Select(arrival => (arrival.At - since) / 1000).ToList();
            trial.Zero($"{name}: {path[1..]} began later than 15 s after it was back (virtual)", own.Count > 0 && own[0] <= 15 ? 0 : 1, own.Count > 0 ? $"{own[0]:0.0} s" : "never");
            trial.Zero($"{name}: {path[1..]} drained slower than in 30 s (virtual)", own.Count > 0 && own[^1] - own[0] <= 30 ? 0 : 1);
            trial.Tell($"{name}: {path[1..]}, first arrival and last arrival (virtual)", own.Count > 0 ? $"{own[0]:0.0} s, {own[^1]:0.0} s" : "none");
        }

        trial.Equal($"{name}: drained within 90 s (virtual)", drained ? 1 : 0, 1);
        trial.Zero($"{name}: seconds above the limit of {Limit}", AboveLimit([.. back.Where(arrival => arrival.Path == "/limited").Select(arrival => arrival.At)]));
        trial.Within($"{name}: drain in real time", real.TotalSeconds, 30 + trial.Scale(30, 30), "s");
        var (calm, stormy) = (Statistics.Quantile(before, 0.99), Statistics.Quantile(during, 0.99));
        trial.Tell($"{name}: healthy trigger's p99, before and during", $"{calm:0.0} ms, {stormy:0.0} ms");
        trial.Within($"{name}: healthy trigger's p99 beyond 10 % and 5 ms", Math.Max(0, stormy - (calm * 1.1)), 5, "ms");
    }

    // Starts of requests that lie within one second with more than the limit before them.
    private static int AboveLimit(double[] starts)
    {
        Array.Sort(starts);
        return Enumerable.Range(0, Math.Max(0, starts.Length - Limit)).Count(at => starts[at + Limit] - starts[at] < 999);
    }

    /// <summary>Moves the virtual clock, and waits at each step until what can happen by then has happened.</summary>
    private sealed class Story(Random random, Product product, Evidence evidence, FakeTimeProvider time, LoggedReceiver healthy, string[] names)
    {
        private int owed;

        /// <returns>Real milliseconds from commit to arrival at the healthy trigger.</returns>
        public async Task<IReadOnlyCollection<double>> PassAsync(int events, TimeSpan length)
        {
            var sent = new Dictionary<string, long>(StringComparer.Ordinal);
            var arrived = new ConcurrentDictionary<string, long>(StringComparer.Ordinal); // often before the move has returned
            healthy.Received = (_, body, _) =>
            {
                using var json = JsonDocument.Parse(body);
                arrived.TryAdd(json.RootElement.GetProperty("after").GetString()!, Stopwatch.GetTimestamp());
            };
            for (var at = 0; at < events; at++)
            {
                time.Advance(length / events);
                await SettleAsync();
                var since = Stopwatch.GetTimestamp();
                foreach (var (name, commit) in await product.MoveAsync([names[random.Next(names.Length)]], ["healthy", "free", "limited"]))
                {
                    sent[commit] = since;
                    evidence.Pushed(Product.Repository, name, commit);
                    owed++;
                }

                await SettleAsync();
            }

            return [.. sent.Where(pair => arrived.ContainsKey(pair.Key)).Select(pair => Stopwatch.GetElapsedTime(pair.Value, arrived[pair.Key]).TotalMilliseconds)];
        }

        public async Task<bool> DrainAsync(TimeSpan limit)
        {
            for (var passed = TimeSpan.Zero; passed < limit && product.Triggers.Any(trigger => trigger.Backlog > 0); passed += TimeSpan.FromMilliseconds(100))
            {
                time.Advance(TimeSpan.FromMilliseconds(100));
                await SettleAsync(rest: 10); // the virtual time of the drain is judged: it must not run ahead of the work
            }

            return product.Triggers.All(trigger => trigger.Backlog == 0);
        }

        private async Task SettleAsync(int rest = 3)
        {
            var clock = Stopwatch.GetTimestamp();
            for (var quiet = 0; quiet < rest && Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMinutes(1);)
            {
                await Task.Delay(1);
                quiet = healthy.Count >= owed && product.Triggers.All(trigger => trigger.InFlight == 0 && (trigger.Name != "healthy" || trigger.Backlog == 0)) ? quiet + 1 : 0;
            }
        }
    }
}
