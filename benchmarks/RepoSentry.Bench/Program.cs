using RepoSentry.Bench;
using RepoSentry.Cli.Demo;

if (args is ["serve-git", var folder])
{
    await using var server = await SmartHttpServer.StartAsync(folder, CancellationToken.None);
    Console.WriteLine(server.Url);
    await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
}

if (args is ["readers"])
{
    await ReaderBench.RunAsync();
    return 0;
}

if (args is not [var executable])
{
    Console.Error.WriteLine("usage: RepoSentry.Bench PATH-OF-REPOSENTRY (./bench does it)");
    return 2;
}

Console.WriteLine($"{TimeProvider.System.GetUtcNow():yyyy-MM-dd HH:mm}Z, {Environment.ProcessorCount} cores, {Environment.OSVersion}, .NET {Environment.Version}");
await ServiceBench.TargetsAsync(executable);
await ServiceBench.FleetAsync(executable);
await ServiceBench.ConditionalAsync(executable);
await ServiceBench.DelayAsync(executable);
await ReaderBench.RunAsync();
return 0;
