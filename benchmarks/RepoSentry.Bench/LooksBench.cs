using System.Globalization;
using System.Text;
using RepoSentry.StandIns;

namespace RepoSentry.Bench;

/// <summary>What a look costs at a repository that has not moved, by each way of looking, side by side with a program started for each.</summary>
internal static class LooksBench
{
    private const string EveryTwoSeconds = "polling: { strategy: fixed, interval: 2s, min_interval: 1s }";
    private const string EveryTenSeconds = "polling: { strategy: fixed, interval: 10s }";
    private const int GitRounds = 200;
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(string executable)
    {
        Console.WriteLine();
        Console.WriteLine("Looks at repositories of 21 branches that have not moved; CPU of the service with all else that it does, or of git and its helper");
        Console.WriteLine($"  {"",-68} {"looks/s",10} {"CPU a look",12} {"looks per CPU second",22} {"requests per 1,000",20}");
        foreach (var (way, measure) in new (string Way, Func<Task<LookCost>> Measure)[]
        {
            ("git ls-remote, a process for each look, one after the other", GitAsync),
            ("ls-refs by the service, 4,000 repositories every 2 s", () => SingleAsync(executable, 4000, github: false)),
            ("REST with an ETag, 304, 4,000 repositories of 50 tokens every 10 s", () => SingleAsync(executable, 4000, github: true)),
            ("GraphQL batches, 5,000 repositories of 2,500 owners", () => TogetherAsync(executable, "batch", owners: 2500, each: 2)),
            ("lists of pushes, 10,000 repositories of 100 owners", () => TogetherAsync(executable, "sweep", owners: 100, each: 100)),
        })
        {
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
        await using var story = await Story.StartAsync(executable, count, github ? EveryTenSeconds : EveryTwoSeconds, github: github);
        await story.Service.ReadyAsync();
        await story.Service.WatchingAsync(count);
        return await story.CostAsync(WarmUp, Window);
    }

    private static async Task<LookCost> TogetherAsync(string executable, string way, int owners, int each)
    {
        await using var forge = await GitHubServer.StartAsync(new GitHubWorld(TimeProvider.System));
        await using var service = new MeasuredService(executable, Config(forge, owners, each));
        await service.ReadyAsync();
        await service.WatchingAsync(owners * each);
        var budget = (await service.GetAsync("/api/v1/status")).GetProperty("polling").GetProperty("budgets")[0];
        if (budget.GetProperty("way").GetString() != way)
        {
            throw new InvalidOperationException($"{budget} is not looked at by {way}");
        }

        await Task.Delay(WarmUp, TimeProvider.System, CancellationToken.None);
        var (cpu, requests, looked) = (service.Cpu, forge.World.Requests.Values.Sum(), forge.World.Looked);
        await Task.Delay(Window, TimeProvider.System, CancellationToken.None);
        var (spent, seen) = (service.Cpu - cpu, forge.World.Looked - looked);
        return new LookCost(seen / Window.TotalSeconds, spent.TotalMilliseconds / seen, 1000.0 * (forge.World.Requests.Values.Sum() - requests) / seen);
    }

    private static string Config(GitHubServer forge, int owners, int each)
    {
        var text = new StringBuilder($$"""
            providers: [{ name: forge, type: github, url: "{{forge.Url}}", token: "${BENCH_TOKEN:-made-up}" }]
            triggers: [{ name: none, type: webhook, url: "http://127.0.0.1:9" }]
            repositories:

            """);
        for (var number = 0; number < owners * each; number++)
        {
            var repository = forge.World.Add($"org{number / each}", $"r{number}");
            for (var topic = 0; topic < 20; topic++)
            {
                repository.Heads[string.Create(CultureInfo.InvariantCulture, $"topic-{topic:00}")] = new string('2', 40);
            }

            text.Append(CultureInfo.InvariantCulture, $"  - {{ name: r{number}, url: \"{forge.Url}org{number / each}/r{number}\" }}\n");
        }

        return text.ToString();
    }
}

/// <param name="PerSecond">Looks a second, as the load asked for them.</param>
/// <param name="Cpu">Milliseconds a look.</param>
/// <param name="Requests">For 1,000 looks.</param>
internal sealed record LookCost(double PerSecond, double Cpu, double Requests);
