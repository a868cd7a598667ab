using RepoSentry.Bench;
using RepoSentry.Cli.Demo;

if (args is ["serve-git", var folder])
{
    await using var server = await SmartHttpServer.StartAsync(folder, CancellationToken.None);
    Console.WriteLine(server.Url);
    await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
}

if (args is not [var executable, .. var wanted])
{
    Console.Error.WriteLine("usage: RepoSentry.Bench PATH-OF-REPOSENTRY [targets|fleet|looks|scale|delay|burst|api|replay|readers]... (./bench does it)");
    return 2;
}

Console.WriteLine($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm}Z, {Environment.ProcessorCount} cores, {Environment.OSVersion}, .NET {Environment.Version}");
foreach (var (name, measure) in new (string Name, Func<Task> Measure)[]
{
    ("targets", () => ServiceBench.TargetsAsync(executable)),
    ("fleet", () => ServiceBench.FleetAsync(executable)),
    ("looks", () => LooksBench.RunAsync(executable)),
    ("scale", () => ScaleBench.RunAsync(executable)),
    ("delay", () => ServiceBench.DelayAsync(executable)),
    ("burst", () => ServiceBench.BurstAsync(executable)),
    ("api", () => ApiBench.RunAsync(executable)),
    ("replay", ReplayBench.RunAsync),
    ("readers", ReaderBench.RunAsync),
})
{
    if (wanted.Length == 0 || wanted.Contains(name, StringComparer.Ordinal))
    {
        await measure();
    }
}

return 0;
