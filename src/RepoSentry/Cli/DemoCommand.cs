using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Demo;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.Storage;

namespace RepoSentry.Cli;

/// <summary>The product at work on one machine: real repositories behind real smart HTTP, the service, a receiver that sometimes fails.</summary>
internal static class DemoCommand
{
    /// <summary>The trigger that the story is told of.</summary>
    internal const string MainTrigger = "tekton";

    private const int PreferredPort = 8080;
    private static readonly TimeSpan PushEvery = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        var exit = new Option<bool>("--exit-after-delivery") { Description = "End with 0 once a push was delivered and its signature verified; with 124 after 60 s" };
        var command = new Command("demo", "Show the whole thing on this machine: pushes, looks, signed webhooks") { exit };
        command.SetAction((result, token) => RunAsync(result.GetValue(exit), token));
        return command;
    }

    private static async Task<int> RunAsync(bool exitAfterDelivery, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("reposentry-demo-").FullName;
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await ShowAsync(folder, exitAfterDelivery, ending, cancellationToken);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception)
        {
            await Console.Error.WriteLineAsync("the demo needs git: install it (apt-get install git) and run this again");
            return ExitCode.Failed;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> ShowAsync(string folder, bool exitAfterDelivery, CancellationTokenSource ending, CancellationToken cancellationToken)
    {
        var secret = new Secret(Guid.NewGuid().ToString("N"));
        var story = new DemoStory(Console.Out, TimeProvider.System);
        var repositories = new DemoRepositories(folder);
        await repositories.CreateAsync(ending.Token);
        await using var git = await SmartHttpServer.StartAsync(repositories.Served, ending.Token);
        await using var receiver = await EventListener.StartAsync(
            new ReceiverOptions { Secret = secret, Fail = ReceiverOptions.FailSometimes(0.2), Received = story.Received }, ending.Token);
        await using var audit = await EventListener.StartAsync(new ReceiverOptions { Secret = secret, Fail = RefuseSometimes }, ending.Token);
        await using var app = SentryHost.Build(Describe(folder, git.Url, receiver.Url, audit.Url, secret));
        app.Services.GetRequiredService<LiveFeed>().Subscribe(story.Noted);
        await app.StartAsync(ending.Token);
        await Console.Error.WriteLineAsync($"Dashboard: {app.Urls.First()}");
        await Console.Error.WriteLineAsync($"RepoSentry on {app.Urls.First()}, Git on {git.Url}, a receiver that fails one time in five on {receiver.Url}; Ctrl-C ends it");

        var pushing = PushAsync(repositories, git.Url, story, ending.Token);
        var first = await Task.WhenAny(
            exitAfterDelivery ? story.Delivered : Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken),
            exitAfterDelivery ? Task.Delay(Limit, cancellationToken) : pushing,
            pushing);
        await ending.CancelAsync();
        await app.StopAsync(CancellationToken.None);
        if (first == pushing && pushing.IsFaulted)
        {
            await Console.Error.WriteLineAsync(pushing.Exception!.InnerException!.Message);
            return ExitCode.Failed;
        }

        return !exitAfterDelivery || story.Delivered.IsCompletedSuccessfully ? ExitCode.Ok : ExitCode.TimedOut;
    }

    private static async Task PushAsync(DemoRepositories repositories, Uri server, DemoStory story, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(PushEvery);
        await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
        do
        {
            var startedAt = TimeProvider.System.GetTimestamp();
            story.Pushed(await repositories.PushAsync(server, cancellationToken), startedAt);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    // What is refused is not tried again: a dead letter, which the dashboard can send once more.
    private static int? RefuseSometimes(Arrival arrival) => Random.Shared.NextDouble() < 0.15 ? StatusCodes.Status400BadRequest : null;

    private static SentryConfig Describe(string folder, Uri git, Uri receiver, Uri audit, Secret secret)
    {
        const string Provider = "demo";
        return new SentryConfig
        {
            App = new AppConfig { DataDir = folder, LogLevel = "error", ShutdownTimeout = TimeSpan.FromSeconds(3) },
            Api = new ApiConfig { Listen = $"127.0.0.1:{FreePort()}" },
            Polling = new PollingConfig { Strategy = "fixed", Interval = TimeSpan.FromSeconds(1), MinInterval = TimeSpan.FromSeconds(1) },
            Storage = new StorageConfig { SqlitePath = Path.Combine(folder, "reposentry.db") },
            Providers = [new ProviderConfig { Name = Provider, Type = "git", Url = git }],
            Triggers = [new TriggerConfig { Name = MainTrigger, Url = receiver, Secret = secret }, new TriggerConfig { Name = "audit", Url = audit, Secret = secret }],
            Repositories = [.. DemoRepositories.Names.Select(name => new RepositoryConfig
            {
                Name = name,
                Url = new Uri(git, $"/demo/{name}.git"),
                Provider = Provider,
                ProviderType = "git",
            })],
        };
    }

    private static int FreePort()
    {
        using var preferred = new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            preferred.Bind(new IPEndPoint(IPAddress.Loopback, PreferredPort));
            return PreferredPort;
        }
        catch (SocketException)
        {
            Console.Error.WriteLine($"port {PreferredPort} is in use: taking a free one");
            return 0;
        }
    }
}
