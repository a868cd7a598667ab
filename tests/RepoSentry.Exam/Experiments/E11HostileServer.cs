using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E11: hundreds of healthy repositories are watched beside servers that never end, never begin, lie about lengths, pack bombs and turn in circles. Each of those
/// must end in time and by name, and the healthy ones must not notice. Then as many refs as the caps allow are read and compared.
/// </summary>
internal static class E11HostileServer
{
    private const int TimeLimit = 10;

    public static async Task RunAsync(Trial trial)
    {
        await SiegeAsync(trial, trial.Scale(500, 100), trial.Scale(5, 2));
        await LargeAsync(trial, trial.Scale(499_990, 100_000));
    }

    private static async Task SiegeAsync(Trial trial, int healthy, int interval)
    {
        await using var git = await MemoryGit.StartAsync();
        await using var hostile = new HostileServers();
        var looks = new ConcurrentDictionary<string, ConcurrentQueue<long>>(StringComparer.Ordinal);
        git.Looked = name => looks.GetOrAdd(name, _ => new ConcurrentQueue<long>()).Enqueue(Stopwatch.GetTimestamp());
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: {{interval}}s, min_interval: 1s, timeout: {{TimeLimit}}s, retry_attempts: 1, enable_api_fallback: false }
            security: { require_https: false }
            providers:
              - { name: healthy, type: git, url: "{{git.Root}}" }
            {{hostile.Providers}}
            repositories:
            {{hostile.Yaml}}
            {{string.Concat(Enumerable.Range(0, healthy).Select(number => $"  - {{ name: h{number}, url: \"{git.Root}acme/h{number}\", provider: healthy }}\n"))}}
            """);
        await (await service.Start().ReadyAsync()).WatchingAsync(healthy);
        await Task.Delay(TimeSpan.FromSeconds(trial.Scale(15, 3))); // warms up

        var calm = await WatchAsync(looks, TimeSpan.FromSeconds(trial.Scale(30, 6)));
        await File.WriteAllTextAsync($"/proc/{service.Pid}/clear_refs", "5");
        var before = service.Memory().Now;
        hostile.Loose = true;
        var siege = await WatchAsync(looks, TimeSpan.FromSeconds(trial.Scale(60, 18)));
        var peak = service.Memory().Peak;

        var (unnamed, slowest) = await NamesAsync(service, trial.Quick);
        for (var clock = Stopwatch.GetTimestamp(); unnamed.Count > 0 && Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMinutes(3); (unnamed, slowest) = await NamesAsync(service, trial.Quick))
        {
            await Task.Delay(1000); // whoever takes all the time there is ends after the siege
        }

        // On a machine with other work a look may be late: the small exam tells only whether each goes on.
        var due = trial.Quick ? 1 : (int)(60 / (double)interval * 0.6);
        trial.Reaches("kinds of hostile server", HostileServers.Kinds.Count, 11);
        trial.Zero("hostile servers without their named error", unnamed.Count, string.Join("; ", unnamed));
        trial.Zero("service processes that ended", service.HasExited ? 1 : 0);
        trial.Zero("healthy repositories looked at too rarely in the siege", siege.Count(pair => pair.Value.Count < due) + healthy - siege.Count);
        trial.Within($"longest look at a hostile server (limit {TimeLimit} s)", slowest, TimeLimit + 5, "s");
        trial.Within("memory above the calm", peak - before, 64, "MB");
        var (p99, p99Siege) = (Statistics.Quantile(calm.SelectMany(pair => pair.Value), 0.99), Statistics.Quantile(siege.SelectMany(pair => pair.Value), 0.99));
        trial.Tell("healthy: p99 from look to look, calm and in the siege", string.Create(CultureInfo.InvariantCulture, $"{p99:0.00} s, {p99Siege:0.00} s (interval {interval} s)"));
        trial.Within("healthy: p99 from look to look in the siege, times that of the calm", p99Siege / p99, 1.2, "×");
    }

    /// <returns>The hostile servers without the error that they must end in, and the seconds of the longest look at one.</returns>
    private static async Task<(List<string> Unnamed, double Slowest)> NamesAsync(ServiceRun service, bool quick)
    {
        var errors = new Dictionary<string, string>(StringComparer.Ordinal);
        var slowest = 0.0;
        foreach (var kind in HostileServers.Kinds)
        {
            var polls = (await service.AskAsync($"/api/v1/repositories/{kind.Name}/polls?limit=100")).Json?.GetProperty("items").EnumerateArray().ToList() ?? [];
            errors[kind.Name] = string.Join(" | ", polls.Select(poll => poll.TryGetProperty("error", out var error) ? error.GetString() : null).Where(error => error is not null && !error.Contains("503", StringComparison.Ordinal)).Distinct());
            slowest = polls.Select(poll => poll.GetProperty("duration_ms").GetDouble() / 1000).Append(slowest).Max();
        }

        // In the small exam the limit of time is a name for all: how much of a flood comes before it, the machine decides.
        bool IsNamed(Hostile kind) => errors[kind.Name].Length > 0
            && (errors[kind.Name].Contains(kind.Word, StringComparison.Ordinal) || (quick && errors[kind.Name].Contains("polling.timeout", StringComparison.Ordinal)));
        return ([.. HostileServers.Kinds.Where(kind => !IsNamed(kind)).Select(kind => $"{kind.Name}: {errors[kind.Name]}")], slowest);
    }

    /// <returns>Seconds between looks, for each repository, of this span.</returns>
    private static async Task<Dictionary<string, List<double>>> WatchAsync(ConcurrentDictionary<string, ConcurrentQueue<long>> looks, TimeSpan length)
    {
        looks.Clear();
        await Task.Delay(length);
        return looks.ToDictionary(pair => pair.Key, pair => pair.Value.ToArray() is var times ? times.Zip(times.Skip(1)).Select(two => Stopwatch.GetElapsedTime(two.First, two.Second).TotalSeconds).ToList() : [], StringComparer.Ordinal);
    }

    private static async Task LargeAsync(Trial trial, int count)
    {
        using var folder = new TemporaryFolder();
        await using var git = await MemoryGit.StartAsync();
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        for (var number = 0; number < count; number++)
        {
            git["acme/large"].Set(string.Create(CultureInfo.InvariantCulture, $"refs/heads/topic/of/some/length/{number:D7}"), new string('2', 40));
        }

        var arrived = new ConcurrentQueue<string>();
        receiver.Received = (_, body, _) =>
        {
            using var json = JsonDocument.Parse(body);
            arrived.Enqueue($"{json.RootElement.GetProperty("ref").GetString()} {json.RootElement.GetProperty("after").GetString()}");
        };
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: 3s, min_interval: 1s, timeout: 60s, retry_attempts: 1 }
            tekton: { event_listener_url: "{{receiver.Url}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 0 }
            repositories: [{ name: large, url: "{{git.Root}}acme/large" }]
            """);
        var clock = Stopwatch.GetTimestamp();
        await (await service.Start().ReadyAsync()).WatchingAsync(1, TimeSpan.FromMinutes(5));
        var first = Stopwatch.GetElapsedTime(clock);
        git["acme/large"].Set("refs/heads/topic/of/some/length/0000007", new string('3', 40));
        git["acme/large"].Set("refs/heads/zz-new", new string('4', 40));
        git["acme/large"].Remove("refs/heads/topic/of/some/length/0000009");
        clock = Stopwatch.GetTimestamp();
        while (arrived.Count < 3 && Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMinutes(5))
        {
            await Task.Delay(20);
        }

        var told = Stopwatch.GetElapsedTime(clock);
        await Task.Delay(TimeSpan.FromSeconds(trial.Scale(10, 4)));
        string[] wanted = [$"refs/heads/topic/of/some/length/0000007 {new string('3', 40)}", $"refs/heads/topic/of/some/length/0000009 {new string('0', 40)}", $"refs/heads/zz-new {new string('4', 40)}"];
        trial.Reaches("refs within the caps", count, trial.Scale(499_990, 100_000));
        trial.Zero("changes among them that were missed", wanted.Except(arrived, StringComparer.Ordinal).Count());
        trial.Zero("webhooks too many", arrived.Count - wanted.Length);
        trial.Within("start to the first look done", first.TotalSeconds, 30, "s");
        trial.Within("change to webhook, at an interval of 3 s", told.TotalSeconds, 30, "s");
        trial.Tell("memory of the service with them, now and at most", string.Create(CultureInfo.InvariantCulture, $"{service.Memory().Now:0} MB, {service.Memory().Peak:0} MB"));
    }
}
