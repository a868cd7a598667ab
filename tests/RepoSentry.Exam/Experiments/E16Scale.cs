using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E16: as many repositories as one process is built for, each looked at alone over Git's smart HTTP (forges that answer for many at once are the easier case),
/// while refs move all the time, two triggers are posted to and clients follow the events. Nothing may be late, lost, or grow.
/// </summary>
internal static class E16Scale
{
    private static readonly string Baseline = new('1', 40);

    public static async Task RunAsync(Trial trial)
    {
        var (count, interval, perSecond) = (trial.Scale(10_000, 300), trial.Scale(60, 2), trial.Scale(50, 30));
        var warmUp = TimeSpan.FromSeconds((1.0 * count / perSecond) + interval + trial.Scale(10, 1)); // each has moved once, and its first change brings what is kept of a repository that moves
        var span = TimeSpan.FromSeconds(trial.Scale(240, 15));
        using var folder = new TemporaryFolder();
        using var evidence = new Evidence(folder.Path);
        await using var git = await MemoryGit.StartAsync();
        await using var main = await new LoggedReceiver(folder.Path, name: "arrivals-main").StartAsync();
        await using var audit = await new LoggedReceiver(folder.Path, name: "arrivals-audit").StartAsync();
        var arrived = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        main.Received = (_, body, _) =>
        {
            using var json = JsonDocument.Parse(body);
            arrived[json.RootElement.GetProperty("repository").GetProperty("full_name").GetString()!] = json.RootElement.GetProperty("after").GetString()!;
        };
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: {{interval}}s, min_interval: 1s }
            tekton: { event_listener_url: "{{main.Url}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 0 }
            triggers: [ { name: audit, url: "{{audit.Url}}/audit", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 0 } ]
            repositories:
            {{string.Concat(Enumerable.Range(0, count).Select(number => $"  - {{ name: r{number}, url: \"{git.Root}acme/r{number}\" }}\n"))}}
            """);
        var clock = Stopwatch.GetTimestamp();
        await (await service.Start().ReadyAsync()).WatchingAsync(count, TimeSpan.FromMinutes(3));
        trial.Tell("until all are watched", string.Create(CultureInfo.InvariantCulture, $"{Stopwatch.GetElapsedTime(clock).TotalSeconds:0.0} s"));

        var followers = new List<EventFollower>();
        for (var number = 0; number < trial.Scale(20, 3); number++)
        {
            followers.Add(await EventFollower.StartAsync(service.Port));
        }

        var looks = new Looks(interval);
        git.Looked = looks.Note;
        using var enough = new CancellationTokenSource();
        var pushing = PushAsync(git, evidence, trial.Random, count, perSecond, arrived, enough.Token);
        await Task.Delay(warmUp);
        looks.Begin();
        var before = (await service.AskAsync("/metrics")).Text;
        var vitals = await Vitals.OfAsync(service, span, TimeSpan.FromSeconds(trial.Scale(5, 1)));
        var after = (await service.AskAsync("/metrics")).Text;
        var gaps = looks.End(Enumerable.Range(0, count).Select(number => $"acme/r{number}"));
        await enough.CancelAsync();
        var pushed = await pushing;
        await SettleAsync(pushed, [main, audit], followers, TimeSpan.FromSeconds((interval * 2) + 120));

        main.Flush();
        audit.Flush();
        var verdict = await evidence.JudgeAsync(every: true, inFlight: 0, "/main", "/audit");
        trial.Reaches("repositories watched", count, count);
        trial.Reaches("ref changes pushed", pushed, trial.Quick ? count : (int)(perSecond * (warmUp + span).TotalSeconds * 0.98));
        trial.Zero("lost", verdict["lost"]);
        trial.Zero("tried but never accepted", verdict["never_accepted"]);
        trial.Zero("doubled", verdict["doubled"]);
        trial.Zero("out of order", verdict["out_of_order"]);
        trial.Zero("unknown, unsigned or different under one id", verdict["unknown"] + verdict["unsigned"] + verdict["different_bytes"]);
        trial.Zero("repositories that nobody looked at in the measured time", gaps.Unseen);
        trial.Reaches("looks in the measured time", gaps.Looks, count);
        Follow(trial, followers, pushed);
        trial.Zero("service processes that ended", service.HasExited ? 1 : 0);
        trial.Tell("looks a second", string.Create(CultureInfo.InvariantCulture, $"{gaps.Looks / vitals.Seconds:0}"));
        trial.Within("lateness of looks, p99, by the service's own metric (its bucket)", Lateness.Read(after).Since(Lateness.Read(before)).Quantile(0.99), 5, "s");
        trial.Within("time between looks beyond the interval, p99, by the server's log", Statistics.Quantile(gaps.Beyond, 0.99), 5, "s");
        var delays = Delays(folder.Path, followers[0]);
        trial.Within("detected to answered with 2xx, p99", Statistics.Quantile(delays, 0.99), 2, "s");
        trial.Tell("detected to answered with 2xx, median and longest", string.Create(CultureInfo.InvariantCulture, $"{Statistics.Quantile(delays, 0.5):0.000} s, {Statistics.Quantile(delays, 1):0.000} s"));
        trial.Within("CPU", vitals.Cores, 1, "cores");
        trial.Within("resident memory at most", vitals.Most, 350, "MB");
        trial.Tell("managed memory after a collection, before and after", string.Create(CultureInfo.InvariantCulture, $"{Managed(before):0} MB, {Managed(after):0} MB"));
        trial.Within("slope of resident memory", vitals.Slope, 0.2, "MB/min");
        trial.Zero("hundreds of MB that memory grew by in the measured time", (long)Math.Max(0, vitals.Growth / 100));
        foreach (var follower in followers)
        {
            await follower.DisposeAsync();
        }
    }

    // Each repository in its turn, and when its change before has arrived, so that no ref moves twice between two looks: every single change must arrive.
    private static async Task<int> PushAsync(MemoryGit git, Evidence evidence, Random random, int count, int perSecond, ConcurrentDictionary<string, string> arrived, CancellationToken enough)
    {
        var turns = Enumerable.Range(0, count).Select(number => $"acme/r{number}").ToArray();
        random.Shuffle(turns);
        foreach (var name in turns)
        {
            evidence.Baseline(name, "refs/heads/main", Baseline);
            arrived[name] = Baseline;
        }

        var pushed = 0;
        var heads = turns.ToDictionary(name => name, _ => Baseline, StringComparer.Ordinal);
        var clock = Stopwatch.GetTimestamp();
        while (!enough.IsCancellationRequested)
        {
            for (var due = (int)(Stopwatch.GetElapsedTime(clock).TotalSeconds * perSecond); pushed < due && arrived[turns[pushed % count]] == heads[turns[pushed % count]];)
            {
                var (name, commit) = (turns[pushed % count], (++pushed + 0x10000).ToString("x40", CultureInfo.InvariantCulture));
                evidence.Pushed(name, "refs/heads/main", commit);
                heads[name] = commit;
                git[name].Set("refs/heads/main", commit);
            }

            await Task.Delay(10, CancellationToken.None);
        }

        return pushed;
    }

    private static async Task SettleAsync(int pushed, LoggedReceiver[] receivers, List<EventFollower> followers, TimeSpan limit)
    {
        var clock = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(clock) < limit && (receivers.Any(receiver => receiver.Count < pushed) || followers.Exists(follower => follower.Delivered < pushed)))
        {
            await Task.Delay(100);
        }

        await Task.Delay(TimeSpan.FromSeconds(2)); // what comes too often comes now
    }

    private static void Follow(Trial trial, List<EventFollower> followers, int pushed)
    {
        trial.Reaches("clients that followed the events", followers.Count, trial.Scale(20, 3));
        trial.Zero("streams that broke off", followers.Count(follower => follower.IsCut));
        trial.Zero("events that a client was not told", followers.Sum(follower => Math.Max(0, pushed - follower.Events.Values.Count(told => told.Times > 0))));
        trial.Zero("events that a client was told twice", followers.Sum(follower => follower.Events.Values.Count(told => told.Times > 1)));
        trial.Zero("ends of events that a client was not told", followers.Sum(follower => Math.Max(0, pushed - follower.Delivered)));
        trial.Zero("times that a client was told to read again", followers.Sum(follower => follower.Refreshes));
    }

    /// <returns>Seconds from the look that saw a change to the answer of a receiver, by its log.</returns>
    private static List<double> Delays(string folder, EventFollower follower) =>
    [
        .. Directory.GetFiles(folder, "arrivals-*.jsonl").SelectMany(File.ReadLines).Select(line =>
        {
            using var json = JsonDocument.Parse(line);
            var id = json.RootElement.GetProperty("headers").GetProperty("x-github-delivery").GetString()!;
            return follower.Events.TryGetValue(id, out var told) && told.Times > 0 ? (json.RootElement.GetProperty("ended").GetDouble() - told.CreatedAt) / 1000 : -1;
        }).Where(delay => delay >= 0),
    ];

    private static double Managed(string metrics) =>
        metrics.Split('\n').Where(line => line.StartsWith("dotnet_gc_last_collection_heap_size_bytes{", StringComparison.Ordinal)).Sum(line => double.Parse(line.Split("} ")[1].Split(' ')[0], CultureInfo.InvariantCulture)) / 1e6;

    /// <summary>The looks that the server of the repositories answered.</summary>
    private sealed class Looks(int interval)
    {
        private readonly ConcurrentDictionary<string, long> last = new(StringComparer.Ordinal);
        private readonly ConcurrentQueue<double> gaps = new();
        private long begun = long.MaxValue;

        public void Note(string name)
        {
            var now = Stopwatch.GetTimestamp();
            if (last.TryGetValue(name, out var before) && now > Volatile.Read(ref begun))
            {
                gaps.Enqueue(Stopwatch.GetElapsedTime(before, now).TotalSeconds);
            }

            last[name] = now;
        }

        public void Begin() => Volatile.Write(ref begun, Stopwatch.GetTimestamp());

        /// <returns>Looks since the beginning, by how many seconds each came later than an interval after the one before, and repositories without any; one that is overdue counts as if it came now.</returns>
        public (int Looks, List<double> Beyond, int Unseen) End(IEnumerable<string> names)
        {
            var (now, made) = (Stopwatch.GetTimestamp(), gaps.ToArray());
            var open = names.Select(name => last.TryGetValue(name, out var at) ? at : 0).ToList();
            var overdue = open.Select(at => Stopwatch.GetElapsedTime(Math.Max(at, begun), now).TotalSeconds).Where(waited => waited > interval);
            return (made.Length, [.. made.Concat(overdue).Select(gap => Math.Max(0, gap - interval))], open.Count(at => at < begun));
        }
    }

    /// <summary>The service's histogram of how late looks began: looks by upper bound of their bucket, added up.</summary>
    private sealed record Lateness(IReadOnlyList<(double Bound, double Looks)> Buckets)
    {
        private const string Line = "reposentry_poll_lateness_seconds_bucket{";

        public static Lateness Read(string metrics) => new([.. metrics.Split('\n').Where(line => line.StartsWith(Line, StringComparison.Ordinal)).Select(line =>
        {
            var (bound, rest) = (line.Split("le=\"")[1].Split('"')[0], line.Split("} ")[1].Split(' ')[0]);
            return (bound == "+Inf" ? double.PositiveInfinity : double.Parse(bound, CultureInfo.InvariantCulture), double.Parse(rest, CultureInfo.InvariantCulture));
        })]);

        public Lateness Since(Lateness before) => new([.. Buckets.Zip(before.Buckets, (now, then) => (now.Bound, now.Looks - then.Looks))]);

        public double Quantile(double quantile) => Buckets.FirstOrDefault(bucket => bucket.Looks >= quantile * Buckets[^1].Looks, (double.PositiveInfinity, 0)).Bound;
    }
}
