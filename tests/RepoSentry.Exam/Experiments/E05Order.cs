using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RepoSentry.Configuration;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E5: events of many refs arrive faster than a failing receiver takes them. A third of the answers to most lanes are failures of every kind; a fifth of the
/// lanes never sees one. Each lane must stay in order, and the spared lanes must not notice.
/// </summary>
internal static class E05Order
{
    private const int Refs = 100;
    private const int Spared = 20;

    public static async Task RunAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        using var evidence = new Evidence(folder.Path);
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        await using var product = await Product.StartAsync(
            $$"""
            tekton: { event_listener_url: "{{receiver.Url}}/main", secret: "{{Evidence.Secret}}", timeout: {{trial.Scale(1, 5)}}s, requests_per_second: 0, max_in_flight: 0 }
            """,
            change: config => config with { Triggers = [config.Triggers[0] with { Retry = new RetryConfig { Initial = TimeSpan.FromMilliseconds(50) } }] });
        var names = Enumerable.Range(0, Refs).Select(number => $"refs/heads/b{number}").ToArray();
        Array.ForEach(names, name => evidence.Baseline(Product.Repository, name, Product.Baseline));
        var flow = new Flow(trial.Random, product, evidence, receiver, names);

        await flow.RunAsync(trial.Scale(300, 100), TimeSpan.FromSeconds(2)); // warms up
        var calm = await flow.RunAsync(trial.Scale(3300, 600), TimeSpan.FromSeconds(trial.Scale(20, 4)));
        var faults = new Faults(trial.Random.Next());
        receiver.Answer = faults.Answer;
        var stormy = await flow.RunAsync(trial.Scale(10_000, 1500), TimeSpan.FromSeconds(trial.Scale(60, 10)));
        var drained = await flow.DrainedAsync(TimeSpan.FromMinutes(3));

        receiver.Flush();
        var verdict = await evidence.JudgeAsync(every: true, inFlight: 0, "/main");
        trial.Reaches("events", verdict["events"], trial.Scale(13_600, 2200));
        trial.Reaches("failures answered", faults.Count, trial.Scale(2000, 300));
        trial.Equal("kinds of failure", faults.Kinds, 4);
        trial.Zero("out of order within a lane", verdict["out_of_order"]);
        trial.Zero("lost", verdict["lost"]);
        trial.Zero("doubled", verdict["doubled"]);
        trial.Zero("different bytes under one id", verdict["different_bytes"]);
        trial.Zero("unknown or unsigned", verdict["unknown"] + verdict["unsigned"]);
        trial.Within("all delivered after the last event", drained.TotalSeconds, 30, "s");
        var (before, during) = (Statistics.Quantile(calm, 0.99), Statistics.Quantile(stormy, 0.99));
        trial.Tell("commit to arrival in spared lanes, p99 without and with faults", $"{before:0.0} ms, {during:0.0} ms");
        trial.Within("spared lanes' p99, times that of the run without faults", during / before, 2, "×");
    }

    private static bool IsSpared(string name) => int.Parse(name["refs/heads/b".Length..], System.Globalization.CultureInfo.InvariantCulture) % (Refs / Spared) == 0;

    private static string RefOf(byte[] body)
    {
        using var json = JsonDocument.Parse(body);
        return json.RootElement.GetProperty("ref").GetString()!;
    }

    /// <summary>Commits events at an even pace, and measures how long those of spared lanes take.</summary>
    private sealed class Flow
    {
        private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(50);

        private readonly ConcurrentDictionary<string, double> committed = new(StringComparer.Ordinal);
        private readonly Random random;
        private readonly Product product;
        private readonly Evidence evidence;
        private readonly string[] names;
        private ConcurrentBag<double> delays = [];

        public Flow(Random random, Product product, Evidence evidence, LoggedReceiver receiver, string[] names)
        {
            (this.random, this.product, this.evidence, this.names) = (random, product, evidence, names);
            receiver.Received = (_, body, at) =>
            {
                using var json = JsonDocument.Parse(body);
                if (IsSpared(json.RootElement.GetProperty("ref").GetString()!) && committed.TryRemove(json.RootElement.GetProperty("after").GetString()!, out var since))
                {
                    delays.Add(at - since);
                }
            };
        }

        /// <returns>Milliseconds from commit to arrival in the spared lanes.</returns>
        public async Task<IReadOnlyCollection<double>> RunAsync(int count, TimeSpan over)
        {
            var mine = delays = [];
            var clock = Stopwatch.GetTimestamp();
            for (var made = 0; made < count;)
            {
                var due = (int)(count * Math.Min(1, Stopwatch.GetElapsedTime(clock) / over)) - made;
                if (due > 0)
                {
                    made += await CommitAsync(Math.Min(due, names.Length));
                }

                await Task.Delay(Tick);
            }

            return mine;
        }

        public async Task<TimeSpan> DrainedAsync(TimeSpan limit)
        {
            var clock = Stopwatch.GetTimestamp();
            while (product.Triggers.Single().Backlog > 0 && Stopwatch.GetElapsedTime(clock) < limit)
            {
                await Task.Delay(20);
            }

            return Stopwatch.GetElapsedTime(clock);
        }

        private async Task<int> CommitAsync(int count)
        {
            var chosen = names.OrderBy(_ => random.Next()).Take(count).ToList();
            var at = LoggedReceiver.Milliseconds(TimeProvider.System.GetUtcNow());
            foreach (var (name, commit) in await product.MoveAsync(chosen, ["tekton"]))
            {
                evidence.Pushed(Product.Repository, name, commit);
                if (IsSpared(name))
                {
                    committed[commit] = at;
                }
            }

            return count;
        }
    }

    /// <summary>500, silence, 429 and a cut connection, each as often, in 30 % of the answers to lanes that are not spared.</summary>
    private sealed class Faults(int seed)
    {
        private readonly Random random = new(seed);
        private readonly HashSet<int> kinds = [];

        public int Count { get; private set; }

        public int Kinds => kinds.Count;

        public int Answer(HttpContext context, byte[] body)
        {
            if (IsSpared(RefOf(body)))
            {
                return StatusCodes.Status202Accepted;
            }

            lock (random)
            {
                if (random.Next(100) >= 30)
                {
                    return StatusCodes.Status202Accepted;
                }

                var kind = new[] { StatusCodes.Status500InternalServerError, -1, StatusCodes.Status429TooManyRequests, 0 }[random.Next(4)];
                kinds.Add(kind);
                Count++;
                if (kind == StatusCodes.Status429TooManyRequests && random.Next(2) == 0)
                {
                    context.Response.Headers.RetryAfter = "1";
                }

                return kind;
            }
        }
    }
}
