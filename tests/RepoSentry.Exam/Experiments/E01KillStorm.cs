using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;
using Xunit;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E1: the executable watches real repositories over real smart HTTP and is killed again and again: at random instants (also while it starts), on entering the
/// system calls of a commit, and while a request waits for its answer or has just got it. Whatever was pushed must have arrived at the end.
/// </summary>
internal static class E01KillStorm
{
    private const int InFlight = 20;
    private static readonly TimeSpan LongestLife = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(2);

    public static async Task RunAsync(Trial trial)
    {
        Assert.SkipWhen(TestGit.Find("strace") is null, "strace is not installed (tests/apt-packages.txt)");
        using var folder = new TemporaryFolder();
        using var evidence = new Evidence(folder.Path);
        await using var git = await NginxGitServer.StartAsync();
        var fleet = Fleet.Create(git, evidence, trial.Random, trial.Scale(200, 40), refs: 10);
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        receiver.Received = (_, body, _) => fleet.Arrived(body);
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: {{trial.Scale(8, 2)}}s, min_interval: 1s, retry_attempts: 1 }
            tekton: { event_listener_url: "{{receiver.Url}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: {{InFlight}} }
            repositories:
            {{fleet.Yaml}}
            """);
        await (await service.Start().ReadyAsync()).WatchingAsync(fleet.Count);
        await service.KillAsync();

        var storm = new Storm(trial, service, receiver, evidence);
        using var pushing = new CancellationTokenSource();
        var pushes = fleet.PushAsync(trial.Scale(5000, 600), TimeSpan.FromSeconds(trial.Scale(210, 25)), pushing.Token);
        for (var kill = 0; kill < trial.Scale(60, 12) || !pushes.IsCompleted; kill++)
        {
            await storm.LiveAndDieAsync(kill);
        }

        var pushed = await pushes;
        await EndAsync(service, receiver, fleet, TimeSpan.FromSeconds(trial.Scale(18, 6)));
        receiver.Flush();
        var verdict = await evidence.JudgeAsync(every: false, InFlight, "/main");
        trial.Reaches("kills", storm.Kills, trial.Scale(60, 12));
        trial.Reaches("kills at a seam of commit or delivery", storm.AtSeams, trial.Scale(20, 3));
        trial.Reaches("ref changes pushed", pushed, trial.Scale(5000, 600));
        trial.Reaches("events that arrived", verdict["events"], pushed * trial.Scale(60, 40) / 100.0); // each ref at least once, also where few looks come between the kills
        trial.Zero("lost", verdict["lost"]);
        trial.Zero("tried but never accepted", verdict["never_accepted"]);
        trial.Zero("out of order", verdict["out_of_order"]);
        trial.Zero("doubled, though not in flight at a kill", verdict["doubled"]);
        trial.Tell("repeated for a kill, same id and bytes", verdict["repeated_after_kill"].ToString(CultureInfo.InvariantCulture));
        trial.Zero("different bytes under one id", verdict["different_bytes"]);
        trial.Zero("unknown or unsigned", verdict["unknown"] + verdict["unsigned"]);
        trial.Zero("integrity checks that complain", storm.Corrupt.Count, storm.Corrupt.FirstOrDefault());
        trial.Within("slowest start to first arrival", storm.SlowestResume.TotalSeconds, 15, "s");
    }

    // Undisturbed now: what is owed arrives, and then nothing more.
    private static async Task EndAsync(ServiceRun service, LoggedReceiver receiver, Fleet fleet, TimeSpan quiet)
    {
        await service.Start().ReadyAsync();
        var clock = Stopwatch.GetTimestamp();
        while (!fleet.IsWhole && Stopwatch.GetElapsedTime(clock) < Longest)
        {
            await Task.Delay(100);
        }

        var (last, since) = (receiver.Count, Stopwatch.GetTimestamp());
        while (Stopwatch.GetElapsedTime(since) < quiet)
        {
            await Task.Delay(100);
            if (receiver.Count != last)
            {
                (last, since) = (receiver.Count, Stopwatch.GetTimestamp());
            }
        }

        await service.KillAsync();
    }

    /// <summary>Repositories with refs that walk along the commits of a pool.</summary>
    private sealed class Fleet(List<(string Name, string Folder)> repositories, string[] pool, Evidence evidence, Random random, int refs)
    {
        private readonly Dictionary<(int Repository, int Ref), int> places = [];
        private readonly ConcurrentDictionary<(string Repository, string Ref), string> arrived = new();

        public int Count => repositories.Count;

        public string Yaml { get; private set; } = "";

        /// <summary>Whether the last of what was pushed has come, for each ref.</summary>
        public bool IsWhole => places.All(place => arrived.GetValueOrDefault((repositories[place.Key.Repository].Name, $"refs/heads/b{place.Key.Ref}")) == pool[place.Value]);

        public static Fleet Create(NginxGitServer git, Evidence evidence, Random random, int count, int refs)
        {
            var first = git.CreateRepository("acme/r0.git");
            var pool = Enumerable.Range(0, 120).Select(number => (number, mark: number + 1)).ToArray();
            TestGit.Run("git", first.Folder, ["fast-import", "--quiet", "--export-marks=marks"], string.Concat(pool.Select(item =>
                string.Create(CultureInfo.InvariantCulture, $"commit refs/pool\nmark :{item.mark}\ncommitter A <a@example.org> {1700000000 + item.number} +0000\ndata 1\nx\n\n"))));
            var commits = File.ReadAllLines(Path.Combine(first.Folder, "marks")).Select(line => line.Split(' ')).OrderBy(part => int.Parse(part[0][1..], CultureInfo.InvariantCulture)).Select(part => part[1]).ToArray();
            TestGit.Run("git", first.Folder, ["update-ref", "--stdin"], string.Concat(Enumerable.Range(0, refs).Select(number => $"create refs/heads/b{number} {commits[0]}\n")) + $"create refs/heads/main {commits[0]}\n");
            TestGit.Run(first.Folder, "gc", "--quiet");
            var all = new List<(string, string)> { ("acme/r0", first.Folder) };
            for (var number = 1; number < count; number++)
            {
                var copy = Path.Combine(Path.GetDirectoryName(first.Folder)!, $"r{number}.git");
                TestGit.Run("cp", "/", ["-r", first.Folder, copy]);
                all.Add(($"acme/r{number}", copy));
            }

            foreach (var (name, _) in all)
            {
                for (var number = 0; number < refs; number++)
                {
                    evidence.Baseline(name, $"refs/heads/b{number}", commits[0]);
                }
            }

            return new Fleet(all, commits, evidence, random, refs)
            {
                Yaml = string.Concat(Enumerable.Range(0, count).Select(number => $"  - {{ name: r{number}, url: \"{git.Root}acme/r{number}.git\" }}\n")),
            };
        }

        public void Arrived(byte[] body)
        {
            using var json = JsonDocument.Parse(body);
            arrived[(json.RootElement.GetProperty("repository").GetProperty("full_name").GetString()!, json.RootElement.GetProperty("ref").GetString()!)] = json.RootElement.GetProperty("after").GetString()!;
        }

        /// <summary>Pushes so many changes, spread over the time; several refs of a repository at once.</summary>
        public async Task<int> PushAsync(int count, TimeSpan over, CancellationToken cancellationToken)
        {
            var (pushed, clock) = (0, Stopwatch.GetTimestamp());
            while (pushed < count)
            {
                var repository = random.Next(repositories.Count);
                var chosen = Enumerable.Range(0, refs).OrderBy(_ => random.Next()).Take(random.Next(1, 7)).ToList();
                var moves = chosen.ConvertAll(number => (Ref: $"refs/heads/b{number}", From: Commit(repository, number), To: Next(repository, number)));
                TestGit.Run("git", repositories[repository].Folder, ["update-ref", "--stdin"], string.Concat(moves.Select(move => $"update {move.Ref} {move.To} {move.From}\n")));
                moves.ForEach(move => evidence.Pushed(repositories[repository].Name, move.Ref, move.To));
                pushed += moves.Count;
                var due = over * pushed / count;
                await Task.Delay(due - Stopwatch.GetElapsedTime(clock) is { Ticks: > 0 } wait ? wait : TimeSpan.Zero, cancellationToken);
            }

            return pushed;
        }

        private string Commit(int repository, int number) => pool[places.GetValueOrDefault((repository, number))];

        private string Next(int repository, int number)
        {
            var place = places[(repository, number)] = places.GetValueOrDefault((repository, number)) + 1;
            return place < pool.Length ? pool[place] : throw new InvalidOperationException("a ref ran out of commits");
        }
    }

    /// <summary>Starts, kills, and looks at what is left.</summary>
    private sealed class Storm(Trial trial, ServiceRun service, LoggedReceiver receiver, Evidence evidence)
    {
        private static readonly string[] Commit = ["fsync", "pwrite64"];

        public int Kills { get; private set; }
        public int AtSeams { get; private set; }
        public List<string> Corrupt { get; } = [];
        public TimeSpan SlowestResume { get; private set; }

        public async Task LiveAndDieAsync(int round)
        {
            var resumed = new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously);
            receiver.Seam = _ => resumed.TrySetResult(Stopwatch.GetTimestamp()) || true;
            var clock = Stopwatch.GetTimestamp();
            var atSeam = round % 2 == 1 && await DieAtSeamAsync(round / 2, () => resumed.TrySetResult(Stopwatch.GetTimestamp()));
            if (round % 2 == 0)
            {
                service.Start();
                await Task.Delay(LongestLife * trial.Random.NextDouble());
            }

            await service.KillAsync();
            receiver.Seam = _ => true;
            Kills++;
            AtSeams += atSeam ? 1 : 0;
            if (resumed.Task.IsCompletedSuccessfully)
            {
                SlowestResume = TimeSpan.FromTicks(Math.Max(SlowestResume.Ticks, Stopwatch.GetElapsedTime(clock, resumed.Task.Result).Ticks));
            }

            if (Integrity.Check(service.DatabasePath) is { } complaint)
            {
                Corrupt.Add(complaint);
            }

            evidence.Killed(LoggedReceiver.Milliseconds(TimeProvider.System.GetUtcNow())); // what it had sent before has come by now
        }

        /// <returns>False if the seam did not come: then it is killed like any other.</returns>
        private async Task<bool> DieAtSeamAsync(int round, Action arrived)
        {
            var patience = TimeSpan.FromSeconds(30);
            if (round % 2 == 0)
            {
                // strace sends SIGKILL on entering the call, which then does not happen. The writer is one thread, so its calls can be counted.
                var call = Commit[round / 2 % 2];
                var count = trial.Random.Next(1, call == "fsync" ? 25 : 150).ToString(CultureInfo.InvariantCulture);
                service.Start("strace", "-f", "-qqq", "-o", "/dev/null", "-e", "trace=" + call, "-e", $"inject={call}:signal=SIGKILL:when={count}");
                return await service.EndsAsync(patience);
            }

            // In the middle of a request: before its answer (which then never comes, so it must be sent again), or right behind it, when the outcome is not recorded yet.
            var (behind, left) = (round / 2 % 2 == 0, trial.Random.Next(1, 20));
            var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            using var dead = new ManualResetEventSlim();
            receiver.Seam = answered =>
            {
                arrived();
                if (answered != behind || Interlocked.Decrement(ref left) > 0)
                {
                    return true;
                }

                reached.TrySetResult();
                dead.Wait(TimeSpan.FromSeconds(5));
                return false;
            };
            service.Start();
            var came = await Task.WhenAny(reached.Task, Task.Delay(patience)) == reached.Task;
            await service.KillAsync();
            dead.Set();
            return came;
        }
    }
}
