using System.Globalization;
using System.Net.Http.Json;
using RepoSentry.StandIns;

namespace RepoSentry.Bench;

/// <summary>What a look costs at a repository that has not moved, by each way of looking, side by side with a program started for each.</summary>
internal static class LooksBench
{
    private const string EveryTwoSeconds = "polling: { strategy: fixed, interval: 2s, min_interval: 1s }";
    private const int GitRounds = 200;

    /// <summary>A file is at most 1 MiB; the others come through the API.</summary>
    private const int MostInFile = 10_000;
    private const int AtOnce = 1000;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    /// <param name="only">Ways that are measured; empty for all.</param>
    public static async Task RunAsync(string executable, IReadOnlyCollection<string> only)
    {
        Console.WriteLine();
        Console.WriteLine("Looks at repositories of 21 branches that have not moved; CPU of the service with all else that it does, or of git and its helper");
        Console.WriteLine($"  {"",-68} {"looks/s",10} {"CPU a look",12} {"looks per CPU second",22} {"requests per 1,000",20}");
        foreach (var (key, way, measure) in new (string Key, string Way, Func<Task<LookCost>> Measure)[]
        {
            ("git", "git ls-remote, a process for each look, one after the other", GitAsync),
            ("ls-refs", "ls-refs by the service, 4,000 repositories every 2 s", () => SingleAsync(executable, 4000, github: false)),
            ("rest", "REST with an ETag, 304, 3,200 repositories of 200 tokens every 2 s", () => SingleAsync(executable, 3200, github: true)),
            ("batch", "GraphQL batches, 8,000 repositories of 8 tokens every 10 s", () => TogetherAsync(executable, "batch", tokens: 8, owners: 500, each: 2, "10s")),
            ("batches", "the batches at 10,000 looks/s, 60,000 repositories of 6 tokens", () => TogetherAsync(executable, "batch", tokens: 6, owners: 100, each: 100, "6s", perHour: 100_000)),
            ("sweep", "lists of pushes, 10,000 repositories of 100 owners", () => TogetherAsync(executable, "sweep", tokens: 1, owners: 100, each: 100, "60s")),
        })
        {
            if (only.Count > 0 && !only.Contains(key))
            {
                continue;
            }

            var cost = await measure();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {way,-68} {cost.PerSecond,10:0} {cost.Cpu,9:0.000} ms {1000 / cost.Cpu,22:0} {cost.Requests,20:0.0}"));
        }
    }

    private static async Task<LookCost> GitAsync()
    {
        await using var forge = await new Forge().StartAsync();
        var (before, url) = (forge.Requests, new Uri(forge.Url, "git/r0"));
        var (cpu, wall, _) = await GitChildren.MeasureAsync(GitRounds, url);
        return new LookCost(1000 / wall, cpu, 1000.0 * (forge.Requests - before) / (GitRounds + 1));
    }

    private static async Task<LookCost> SingleAsync(string executable, int count, bool github)
    {
        await using var story = await Story.StartAsync(executable, count, EveryTwoSeconds, github: github);
        await story.Service.ReadyAsync();
        await story.Service.WatchingAsync(count);
        return await story.CostAsync(WarmUp, Window);
    }

    // Each token has a forge of its own, which enforces GitHub's limits, those of a minute always.
    private static async Task<LookCost> TogetherAsync(string executable, string way, int tokens, int owners, int each, string interval, int perHour = 5000)
    {
        var forges = new List<GitHubServer>();
        try
        {
            for (var token = 0; token < tokens; token++)
            {
                var world = new GitHubWorld(TimeProvider.System);
                (world.Rest.PerHour, world.Graph.PerHour) = (perHour, perHour);
                forges.Add(await GitHubServer.StartAsync(world));
            }

            var entries = forges.SelectMany((forge, token) => Fill(forge, token, owners, each)).ToList();
            await using var service = new MeasuredService(executable, Config(forges, entries.Take(MostInFile), interval, perHour));
            await service.ReadyAsync();
            await Parallel.ForEachAsync(entries.Skip(MostInFile), new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (entry, token) =>
                await service.PostAsync("/api/v1/repositories", JsonContent.Create(new { name = entry.Name, url = entry.Url }), token));
            await service.WatchingAsync(tokens * owners * each);
            foreach (var budget in (await service.GetAsync("/api/v1/status")).GetProperty("polling").GetProperty("budgets").EnumerateArray())
            {
                if (budget.GetProperty("way").GetString() != way)
                {
                    throw new InvalidOperationException($"{budget} is not looked at by {way}");
                }
            }

            await Task.Delay(WarmUp, TimeProvider.System, CancellationToken.None);
            var (cpu, requests, looked) = (service.Cpu, Requests(), Looked());
            await Task.Delay(Window, TimeProvider.System, CancellationToken.None);
            var (spent, seen) = (service.Cpu - cpu, Looked() - looked);
            return new LookCost(seen / Window.TotalSeconds, spent.TotalMilliseconds / seen, 1000.0 * (Requests() - requests) / seen);
        }
        finally
        {
            foreach (var forge in forges)
            {
                await forge.DisposeAsync();
            }
        }

        long Requests() => forges.Sum(forge => (long)forge.World.Requests.Values.Sum());
        long Looked() => forges.Sum(forge => forge.World.Looked);
    }

    private static IEnumerable<(string Name, string Url)> Fill(GitHubServer forge, int token, int owners, int each)
    {
        for (var number = 0; number < owners * each; number++)
        {
            var repository = forge.World.Add($"org{number / each}", $"r{number}");
            for (var topic = 0; topic < 20; topic++)
            {
                repository.Heads[string.Create(CultureInfo.InvariantCulture, $"topic-{topic:00}")] = new string('2', 40);
            }

            yield return ($"t{token}r{number}", $"{forge.Url}org{number / each}/r{number}");
        }
    }

    private static string Config(List<GitHubServer> forges, IEnumerable<(string Name, string Url)> entries, string interval, int perHour) => $$"""
        polling: { interval: {{interval}}, min_interval: 5s }
        rate_limit: { github: { requests_per_hour: {{perHour}} } }
        triggers: [{ name: none, type: webhook, url: "http://127.0.0.1:9" }]
        providers: [{{string.Join(", ", forges.Select((forge, token) => $"{{ name: f{token}, type: github, url: \"{forge.Url}\", token: \"${{BENCH_TOKEN:-made-up-{token}}}\" }}"))}}]
        repositories:
        {{string.Join('\n', entries.Select(entry => $"  - {{ name: {entry.Name}, url: \"{entry.Url}\" }}"))}}

        """;
}

/// <param name="PerSecond">Looks a second, as the load asked for them.</param>
/// <param name="Cpu">Milliseconds a look.</param>
/// <param name="Requests">For 1,000 looks.</param>
internal sealed record LookCost(double PerSecond, double Cpu, double Requests);
