using System.Globalization;
using System.Text;
using RepoSentry.StandIns;

namespace RepoSentry.Bench;

/// <summary>Thousands of repositories on one GitHub token: what batches and lists of pushes cost the service.</summary>
internal static class GitHubBench
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(60);

    public static async Task RunAsync(string executable)
    {
        await MeasureAsync(executable, "batch", owners: 2500, each: 2);
        await MeasureAsync(executable, "sweep", owners: 100, each: 100);
    }

    private static async Task MeasureAsync(string executable, string way, int owners, int each)
    {
        await using var forge = await GitHubServer.StartAsync(new GitHubWorld(TimeProvider.System));
        await using var service = new MeasuredService(executable, Config(forge, owners, each));
        await service.ReadyAsync();
        var watching = await service.WatchingAsync(owners * each);
        var budget = (await service.GetAsync("/api/v1/status")).GetProperty("polling").GetProperty("budgets")[0];
        if (budget.GetProperty("way").GetString() != way)
        {
            throw new InvalidOperationException($"{budget} is not looked at by {way}");
        }

        await Task.Delay(TimeSpan.FromSeconds(20), TimeProvider.System, CancellationToken.None);
        var (cpu, requests, points, looked) = (service.Cpu, forge.World.Requests["graphql"], forge.World.Graph.Spent, forge.World.Looked);
        await Task.Delay(Window, TimeProvider.System, CancellationToken.None);
        var (spent, seen) = (service.Cpu - cpu, forge.World.Looked - looked);
        ServiceBench.Report(
            $"{owners * each} repositories of {owners} owners on one GitHub token, 21 branches each, interval 60 s, by {way}",
            ("start to every first look done", string.Create(CultureInfo.InvariantCulture, $"{watching.TotalSeconds:0.0} s")),
            ("repositories told of a second", string.Create(CultureInfo.InvariantCulture, $"{seen / Window.TotalSeconds:0}")),
            ("CPU of the service", string.Create(CultureInfo.InvariantCulture, $"{spent.TotalSeconds / Window.TotalSeconds * 100:0.0} % of a core")),
            ("CPU for each repository told of, all else included", string.Create(CultureInfo.InvariantCulture, $"{spent.TotalMilliseconds / seen:0.000} ms")),
            ("requests an hour", string.Create(CultureInfo.InvariantCulture, $"{(forge.World.Requests["graphql"] - requests) * 60}")),
            ("points an hour (GitHub allows 5000)", string.Create(CultureInfo.InvariantCulture, $"{(forge.World.Graph.Spent - points) * 60}")),
            ("resident memory", string.Create(CultureInfo.InvariantCulture, $"{service.Megabytes:0} MB")));
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
