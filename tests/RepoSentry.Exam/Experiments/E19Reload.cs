using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E19: the configuration file is edited again and again, often wrongly, while repositories move. What is wrong must change nothing and be told with its
/// place; whatever moved, also in a repository that was out of the file meanwhile, must arrive.
/// </summary>
internal static partial class E19Reload
{
    private const double WrongShare = 0.4;

    public static async Task RunAsync(Trial trial)
    {
        var (count, edits) = (trial.Scale(1000, 100), trial.Scale(500, 60));
        using var folder = new TemporaryFolder();
        await using var git = await MemoryGit.StartAsync();
        await using var receiver = await new LoggedReceiver(folder.Path).StartAsync();
        var arrived = new ConcurrentDictionary<string, string>(StringComparer.Ordinal);
        receiver.Received = (_, body, _) =>
        {
            using var json = JsonDocument.Parse(body);
            arrived[json.RootElement.GetProperty("repository").GetProperty("clone_url").GetString()!] = json.RootElement.GetProperty("after").GetString()!;
        };
        var fleet = new Fleet(git, receiver.Url, count, trial.Random);
        await using var service = new ServiceRun("");
        fleet.Head = (await File.ReadAllTextAsync(service.ConfigPath)).TrimEnd() + "\n";
        fleet.Save(service.ConfigPath);
        await (await service.Start().ReadyAsync()).WatchingAsync(count);

        var seen = new Seen();
        using var ending = new CancellationTokenSource();
        var pushing = fleet.PushAsync(ending.Token);
        for (var number = 0; number < edits; number++)
        {
            await Task.Delay(20);
            await EditAsync(service, fleet, seen, trial.Random.NextDouble() < WrongShare, trial.Random);
        }

        fleet.ReturnAll();
        fleet.Save(service.ConfigPath);
        await service.AskAsync("/api/v1/reload", HttpMethod.Post);
        await ending.CancelAsync();
        await pushing;
        await service.UntilAsync(() => Task.FromResult(fleet.Unseen(arrived).Count == 0), "even with its repositories", TimeSpan.FromMinutes(2)).ContinueWith(_ => { }, TaskScheduler.Default);

        var names = await NamesAsync(service);
        trial.Equal("edits", seen.Right.Count + seen.Wrong, edits);
        trial.Reaches("wrong ones among them", seen.Wrong, edits / 4);
        trial.Zero("wrong ones that were not refused", seen.NotRefused.Count, seen.NotRefused.FirstOrDefault());
        trial.Zero("refusals without line and column", seen.WithoutPlace.Count, seen.WithoutPlace.FirstOrDefault());
        trial.Zero("right ones that were not taken over", seen.NotTaken.Count, seen.NotTaken.FirstOrDefault());
        trial.Zero("times that other repositories were watched than the file says", seen.OtherNames.Count, seen.OtherNames.FirstOrDefault());
        trial.Zero("repositories lost at the end", fleet.Names.Except(names, StringComparer.Ordinal).Count());
        trial.Reaches("pushes", fleet.Pushes, edits);
        trial.Zero("heads that never arrived", fleet.Unseen(arrived).Count, fleet.Unseen(arrived).FirstOrDefault());
        trial.Zero("service processes that ended", service.HasExited ? 1 : 0);
        trial.Within("slowest edit that was asked for, from its file to its answer", seen.Right.Max(), 500, "ms");
        trial.Tell("the usual one", string.Create(CultureInfo.InvariantCulture, $"{Statistics.Quantile(seen.Right, 0.5):0} ms"));
    }

    private static async Task EditAsync(ServiceRun service, Fleet fleet, Seen seen, bool wrong, Random random)
    {
        var before = fleet.Names;
        var text = wrong ? fleet.Wrong(random) : fleet.Right(random);
        var clock = Stopwatch.GetTimestamp();
        Replace(service.ConfigPath, text);
        var (status, answer, json) = await service.AskAsync("/api/v1/reload", HttpMethod.Post);
        if (wrong)
        {
            seen.Wrong++;
            Note(seen.NotRefused, status != 422, $"{status} {answer}");
            Note(seen.WithoutPlace, status == 422 && !Placed.IsMatch(json!.Value.GetProperty("errors")[0].GetProperty("place").GetString()!), answer);
        }
        else
        {
            seen.Right.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            Note(seen.NotTaken, status != 200, $"{status} {answer}");
        }

        if ((seen.Wrong + seen.Right.Count) % 10 == 0)
        {
            var names = await NamesAsync(service);
            Note(seen.OtherNames, !names.SetEquals(wrong ? before : fleet.Names), string.Join(", ", names.Except(fleet.Names, StringComparer.Ordinal).Concat(fleet.Names.Except(names, StringComparer.Ordinal)).Take(5)));
        }
    }

    // As a ConfigMap does it: never half of a file.
    private static void Replace(string path, string text)
    {
        File.WriteAllText(path + ".new", text);
        File.Move(path + ".new", path, overwrite: true);
    }

    private static async Task<HashSet<string>> NamesAsync(ServiceRun service)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var cursor = "";
        do
        {
            var (status, text, json) = await service.AskAsync("/api/v1/repositories?limit=100" + cursor);
            if (status != 200 || json is not { } page)
            {
                throw new InvalidOperationException($"the list of repositories: {status} {text}; the log ends with {service.Log[Math.Max(0, service.Log.Length - 3000)..]}");
            }

            names.UnionWith(page.GetProperty("items").EnumerateArray().Where(item => item.GetProperty("status").GetString() != "removed").Select(item => item.GetProperty("name").GetString()!));
            cursor = page.GetProperty("next_cursor").GetString() is { } next ? "&cursor=" + next : "";
        }
        while (cursor.Length > 0);
        return names;
    }

    private static void Note(List<string> list, bool happened, string what)
    {
        if (happened)
        {
            list.Add(what.Length > 300 ? what[..300] : what);
        }
    }

    [GeneratedRegex(@"\Areposentry\.yaml:[1-9]\d*:[1-9]\d*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Placed { get; }

    private sealed class Seen
    {
        public List<double> Right { get; } = [];
        public int Wrong { get; set; }
        public List<string> NotRefused { get; } = [];
        public List<string> WithoutPlace { get; } = [];
        public List<string> NotTaken { get; } = [];
        public List<string> OtherNames { get; } = [];
    }

    /// <summary>The repositories, what the file says of them, and who pushes to them.</summary>
    private sealed class Fleet(MemoryGit git, string receiver, int count, Random random)
    {
        private readonly ConcurrentDictionary<string, string> heads = new(StringComparer.Ordinal);
        private readonly HashSet<int> away = [];
        private readonly Dictionary<int, string> options = [];
        private string interval = "2s";
        private int inFlight = 8;
        private int pushes;

        public string Head { get; set; } = "";

        public int Pushes => pushes;

        public HashSet<string> Names => [.. Enumerable.Range(0, count).Where(number => !away.Contains(number)).Select(number => $"r{number}")];

        public void Save(string path)
        {
            for (var number = 0; number < count && heads.Count < count; number++)
            {
                Push(number);
            }

            Replace(path, Text());
        }

        public void ReturnAll() => away.Clear();

        public string Right(Random choice)
        {
            var number = choice.Next(count);
            switch (choice.Next(6))
            {
                case 0 or 1:
                    _ = away.Count < count / 3 ? away.Add(number) : away.Remove(away.First());
                    break;
                case 2:
                    _ = away.Count > 0 ? away.Remove(away.First()) : away.Add(number);
                    break;
                case 3:
                    options[number] = $", labels: {{ edit: \"{choice.Next(1000)}\" }}, branches: [\"ma*\", \"x{choice.Next(9)}\"]";
                    break;
                case 4:
                    interval = $"{choice.Next(1000, 3000)}ms";
                    break;
                default:
                    inFlight = choice.Next(4, 16);
                    break;
            }

            return Text();
        }

        public string Wrong(Random choice) => choice.Next(6) switch
        {
            0 => Text() + "  - { name: again, url: }\n",
            1 => Text() + $"  - {{ name: r{choice.Next(count)}, url: \"{git.Root}acme/r0\" }}\n  - {{ name: r{choice.Next(count)}, url: \"{git.Root}acme/r0\", triggers: [none] }}\n",
            2 => Text() + "frobnicate: true\n",
            3 => Text().Replace($"interval: {interval}", "interval: often", StringComparison.Ordinal),
            4 => Text() + "  - { name: open, url: [\n",
            _ => Text()[..(Text().Length / 2)] + "\n\t- {",
        };

        public HashSet<string> Unseen(IReadOnlyDictionary<string, string> arrived) =>
            [.. heads.Where(head => head.Value != First && arrived.GetValueOrDefault($"{git.Root}acme/{head.Key}.git") != head.Value && arrived.GetValueOrDefault($"{git.Root}acme/{head.Key}") != head.Value).Select(head => head.Key)];

        public async Task PushAsync(CancellationToken cancellationToken)
        {
            var choice = new Random(random.Next());
            while (!cancellationToken.IsCancellationRequested)
            {
                Push(choice.Next(count));
                pushes++;
                await Task.Delay(5, CancellationToken.None);
            }
        }

        private static string First => new('1', 40);

        private void Push(int number)
        {
            var name = $"r{number}";
            var commit = heads.ContainsKey(name) ? Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.ASCII.GetBytes($"{name} {pushes}")))[..40] : First;
            git["acme/" + name].Set("refs/heads/main", commit);
            heads[name] = commit;
        }

        private string Text()
        {
            var text = new StringBuilder(Head);
            text.Append(CultureInfo.InvariantCulture, $"polling: {{ strategy: fixed, interval: {interval}, min_interval: 1s }}\n");
            text.Append(CultureInfo.InvariantCulture, $"tekton: {{ event_listener_url: \"{receiver}/main\", secret: \"{Evidence.Secret}\", requests_per_second: 0, max_in_flight: {inFlight} }}\nrepositories:\n");
            for (var number = 0; number < count; number++)
            {
                if (!away.Contains(number))
                {
                    text.Append(CultureInfo.InvariantCulture, $"  - {{ name: r{number}, url: \"{git.Root}acme/r{number}\"{options.GetValueOrDefault(number)} }}\n");
                }
            }

            return text.ToString();
        }
    }
}
