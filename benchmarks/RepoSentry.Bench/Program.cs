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
    Console.Error.WriteLine("usage: RepoSentry.Bench PATH-OF-REPOSENTRY [targets|fleet|looks[:git|:ls-refs|:rest|:batch|:batches|:sweep]|scale|delay|burst|api|replay|readers]... (./bench does it)");
    return 2;
}

Console.WriteLine($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm}Z, {Environment.ProcessorCount} cores, {Environment.OSVersion}, .NET {Environment.Version}");
foreach (var (name, measure) in new (string Name, Func<Task> Measure)[]
{
    ("targets", () => ServiceBench.TargetsAsync(executable)),
    ("fleet", () => ServiceBench.FleetAsync(executable)),
    ("looks", () => LooksBench.RunAsync(executable, [.. wanted.Where(one => one.StartsWith("looks:", StringComparison.Ordinal)).Select(one => one["looks:".Length..])])),
    ("scale", () => ScaleBench.RunAsync(executable)),
    ("delay", () => ServiceBench.DelayAsync(executable)),
    ("burst", () => ServiceBench.BurstAsync(executable)),
    ("api", () => ApiBench.RunAsync(executable)),
    ("replay", ReplayBench.RunAsync),
    ("readers", ReaderBench.RunAsync),
})
{
    if (wanted.Length == 0 || Array.Exists(wanted, one => one.Split(':')[0] == name))
    {
        await measure();
    }
}

return 0;
