using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;

namespace RepoSentry.Bench;

/// <summary>A service, the forge that it looks at and the listener that it posts to.</summary>
internal sealed class Story(Forge forge, EventListener receiver, MeasuredService service, ConcurrentDictionary<string, long> arrivals, Func<int> receivedCount) : IAsyncDisposable
{
    /// <summary>Looks a minute that the service allows itself at GitHub with one credential, for an interval of 10 s.</summary>
    private const int PerToken = 80;

    private int pushes;

    public MeasuredService Service => service;

    public static async Task<Story> StartAsync(string executable, int count, string polling, string pacing = "requests_per_second: 0", bool github = false)
    {
        var forge = await new Forge().StartAsync();
        var arrivals = new ConcurrentDictionary<string, long>(StringComparer.Ordinal);
        var received = new int[1];
        var secret = Guid.NewGuid().ToString("N");
        var receiver = await EventListener.StartAsync(
            new ReceiverOptions { Secret = new Secret(secret), Received = arrival => Note(arrival, arrivals, ref received[0]) }, CancellationToken.None);
        var yaml = new StringBuilder(polling).AppendLine()
            .AppendLine(CultureInfo.InvariantCulture, $"tekton: {{ event_listener_url: \"{receiver.Url}\", secret: \"{secret}\", {pacing} }}")
            .AppendLine(CultureInfo.InvariantCulture, $"providers: [{string.Join(", ", Enumerable.Range(0, github ? (count + PerToken - 1) / PerToken : 1).Select(number => github
                ? $"{{ name: forge{number}, type: github, url: \"{forge.Url}\", api_base_url: \"{forge.Url}api/v3\", token: \"{secret}{number}\" }}"
                : $"{{ name: forge{number}, type: git, url: \"{forge.Url}\" }}"))}]")
            .AppendLine("repositories:");
        for (var number = 0; number < count; number++)
        {
            yaml.AppendLine(CultureInfo.InvariantCulture, $"  - {{ name: r{number}, url: \"{forge.Url}{(github ? "acme" : "git")}/r{number}\", provider: forge{(github ? number / PerToken : 0)} }}");
        }

        return new Story(forge, receiver, new MeasuredService(executable, yaml.ToString()), arrivals, () => Volatile.Read(ref received[0]));
    }

    /// <summary>Moves the main branch of every repository at once.</summary>
    /// <returns>Seconds until each webhook arrived; fewer entries than repositories if some did not in time.</returns>
    public async Task<IReadOnlyList<double>> PushAllAsync(int count, TimeSpan limit)
    {
        var pushed = new Dictionary<string, long>(StringComparer.Ordinal);
        for (var number = 0; number < count; number++)
        {
            var commit = (++pushes).ToString("x40", CultureInfo.InvariantCulture);
            pushed[commit] = Stopwatch.GetTimestamp();
            forge.Push($"r{number}", commit);
        }

        var clock = Stopwatch.GetTimestamp();
        while (pushed.Keys.Any(commit => !arrivals.ContainsKey(commit)) && Stopwatch.GetElapsedTime(clock) < limit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }

        return [.. pushed.Where(pair => arrivals.ContainsKey(pair.Key)).Select(pair => Stopwatch.GetElapsedTime(pair.Value, arrivals[pair.Key]).TotalSeconds)];
    }

    /// <returns>Webhooks that arrived.</returns>
    public async Task<int> BurstAsync(int count, int changes, TimeSpan limit)
    {
        var commit = (++pushes).ToString("x40", CultureInfo.InvariantCulture);
        var before = receivedCount();
        for (var number = 0; number < count; number++)
        {
            forge.Push($"r{number}", commit);
            forge.PushTopics($"r{number}", commit);
        }

        var clock = Stopwatch.GetTimestamp();
        while (receivedCount() - before < changes && Stopwatch.GetElapsedTime(clock) < limit)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }

        return receivedCount() - before;
    }

    /// <summary>Looks answered.</summary>
    public long Looks => forge.Looks;

    public Uri GitUrl(int number) => new(forge.Url, string.Create(CultureInfo.InvariantCulture, $"git/r{number}"));

    public async Task<LookCost> CostAsync(TimeSpan warmUp, TimeSpan window)
    {
        await Task.Delay(warmUp, TimeProvider.System, CancellationToken.None);
        var (cpu, looks, requests) = (service.Cpu, forge.Looks, forge.Requests);
        await Task.Delay(window, TimeProvider.System, CancellationToken.None);
        var made = forge.Looks - looks;
        return new LookCost(made / window.TotalSeconds, (service.Cpu - cpu).TotalMilliseconds / made, 1000.0 * (forge.Requests - requests) / made);
    }

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        await receiver.DisposeAsync();
        await forge.DisposeAsync();
    }

    private static void Note(Arrival arrival, ConcurrentDictionary<string, long> arrivals, ref int received)
    {
        Interlocked.Increment(ref received);
        using var json = JsonDocument.Parse(arrival.Body);
        arrivals.TryAdd(json.RootElement.GetProperty("after").GetString()!, Stopwatch.GetTimestamp());
    }
}
