using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>A service with a few repositories and a receiver, to which something of the machine is denied for a while and given back.</summary>
internal sealed class Shortage : IAsyncDisposable
{
    public const int Repositories = 20;
    public const int Interval = 2;
    private static readonly TimeSpan Recovery = TimeSpan.FromSeconds(30);

    private readonly TemporaryFolder folder;
    private readonly Evidence evidence;
    private readonly Dictionary<string, int> looks = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<(string Repository, string Commit), byte> arrived = new();
    private int commits = 1;

    private Shortage(TemporaryFolder folder, Evidence evidence, MemoryGit git, LoggedReceiver receiver, ServiceRun service)
    {
        (this.folder, this.evidence, Git, Receiver, Service) = (folder, evidence, git, receiver, service);
        receiver.Received = (_, body, _) =>
        {
            using var json = JsonDocument.Parse(body);
            arrived[(json.RootElement.GetProperty("repository").GetProperty("full_name").GetString()!, json.RootElement.GetProperty("after").GetString()!)] = 0;
        };
        git.Looked = name =>
        {
            lock (looks)
            {
                looks[name] = looks.GetValueOrDefault(name) + 1;
            }
        };
    }

    public MemoryGit Git { get; }
    public LoggedReceiver Receiver { get; }
    public ServiceRun Service { get; }

    /// <param name="data">Folder of the database; null for one of its own.</param>
    /// <param name="names">Host names in the place of 127.0.0.1.</param>
    public static async Task<Shortage> BeginAsync(string? data = null, (string Git, string Receiver)? names = null)
    {
        var place = new TemporaryFolder();
        var truth = new Evidence(place.Path);
        var git = await MemoryGit.StartAsync();
        var receiver = await new LoggedReceiver(place.Path).StartAsync();
        var (gitHost, receiverHost) = names ?? ("127.0.0.1", "127.0.0.1");
        for (var number = 0; number < Repositories; number++)
        {
            truth.Baseline($"acme/s{number}", "refs/heads/main", new string('1', 40));
        }

        return new Shortage(place, truth, git, receiver, new ServiceRun(
            $$"""
            polling: { strategy: fixed, interval: {{Interval}}s, min_interval: 1s, timeout: 10s, retry_attempts: 1 }
            security: { insecure_hosts: ["{{gitHost}}", "{{receiverHost}}"] }
            tekton: { event_listener_url: "http://{{receiverHost}}:{{receiver.Port}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 10, retry: { initial: 500ms, max: 5s } }
            repositories:
            {{string.Concat(Enumerable.Range(0, Repositories).Select(number => $"  - {{ name: s{number}, url: \"http://{gitHost}:{git.Root.Port}/acme/s{number}\" }}\n"))}}
            """,
            data));
    }

    public async Task StartAsync(params string[] under) => await (await Service.Start(under).ReadyAsync()).WatchingAsync(Repositories);

    /// <summary>After it ended by itself: what was in flight then may come again.</summary>
    public async Task RestartAsync()
    {
        evidence.Killed(LoggedReceiver.Milliseconds(TimeProvider.System.GetUtcNow()));
        await StartAsync();
    }

    /// <summary>Moves every repository's branch.</summary>
    public void PushAll()
    {
        commits++;
        for (var number = 0; number < Repositories; number++)
        {
            Git[$"acme/s{number}"].Set("refs/heads/main", FakeRepository.Sha(commits));
            evidence.Pushed($"acme/s{number}", "refs/heads/main", FakeRepository.Sha(commits));
        }
    }

    /// <returns>Whether the service said so in time.</returns>
    public async Task<bool> SaysAsync(string path, int status, string word, TimeSpan limit)
    {
        var clock = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(clock) < limit)
        {
            var answer = await Service.AskAsync(path);
            if (answer.Status == status && answer.Text.Contains(word, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }

            await Task.Delay(50);
        }

        return false;
    }

    /// <summary>Looks at each repository since the last call.</summary>
    public IReadOnlyDictionary<string, int> TakeLooks()
    {
        lock (looks)
        {
            var taken = new Dictionary<string, int>(looks, StringComparer.Ordinal);
            looks.Clear();
            return taken;
        }
    }

    /// <summary>Everything is given back: what was pushed must arrive, the service must be ready, and its file whole.</summary>
    public async Task RecoverAsync(Trial trial, string what)
    {
        var (clock, wanted) = (Stopwatch.GetTimestamp(), FakeRepository.Sha(commits));
        var missing = new HashSet<string>(Enumerable.Range(0, Repositories).Select(number => $"acme/s{number}"), StringComparer.Ordinal);
        while (Stopwatch.GetElapsedTime(clock) < Recovery * 6 && missing.Count > 0 && !Service.HasExited)
        {
            missing.RemoveWhere(name => arrived.ContainsKey((name, wanted)));
            await Task.Delay(200);
        }

        var ready = await SaysAsync("/readyz", 200, "", TimeSpan.FromMinutes(1));
        trial.Zero($"{what}: ended or not ready afterwards", Service.HasExited || !ready ? 1 : 0, Service.HasExited ? Service.Log.Trim().Split('\n')[^1] : null);
        trial.Within($"{what}: all delivered after the end of it", Stopwatch.GetElapsedTime(clock).TotalSeconds, Recovery.TotalSeconds, "s");
        if (!Service.HasExited)
        {
            await Service.StopAsync(TimeSpan.FromMinutes(1));
        }

        Receiver.Flush();
        var verdict = await evidence.JudgeAsync(every: false, inFlight: 10, "/main");
        trial.Zero($"{what}: lost, out of order, doubled or different", verdict["lost"] + verdict["out_of_order"] + verdict["doubled"] + verdict["different_bytes"], string.Join(", ", verdict.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.Key} {pair.Value}"))));
        trial.Zero($"{what}: integrity", Integrity.Check(Service.DatabasePath) is null ? 0 : 1, Integrity.Check(Service.DatabasePath));
    }

    public async ValueTask DisposeAsync()
    {
        await Service.DisposeAsync();
        await Receiver.DisposeAsync();
        await Git.DisposeAsync();
        evidence.Dispose();
        folder.Dispose();
    }
}
