using System.Diagnostics;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>Events as they come, over a restart of the service.</summary>
public sealed class EventTailTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_push_is_a_line_and_a_restart_of_the_service_loses_and_doubles_none()
    {
        using var folder = new TemporaryFolder();
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        web.Push("main", "first");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        var start = new ProcessStartInfo(Service.Executable, ["event", "tail", "-o", "json", "--since", "1h", "--server", $"http://127.0.0.1:{service.Port}"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var tail = Process.Start(start)!;
        try
        {
            var words = tail.StandardError.ReadToEndAsync(Stop);
            var seen = new List<string>();
            var second = web.Push("main", "second");
            await UntilAsync(tail, seen, second);

            (await service.StopAsync()).ShouldBe(0);
            var third = web.Push("main", "third");
            await service.StartReadyAsync();
            await UntilAsync(tail, seen, third);
            var fourth = web.Push("main", "fourth");
            await UntilAsync(tail, seen, fourth);

            seen.ShouldBe([second, third, fourth]);
            using var interrupt = Process.Start("kill", ["-INT", tail.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await tail.WaitForExitAsync(Stop);
            tail.ExitCode.ShouldBe(0);
            (await words).ShouldNotContain("Unhandled");
        }
        finally
        {
            if (!tail.HasExited)
            {
                tail.Kill();
            }
        }
    }

    private static async Task UntilAsync(Process tail, List<string> commits, string wanted)
    {
        while (!commits.Contains(wanted))
        {
            var line = await tail.StandardOutput.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Stop);
            using var item = JsonDocument.Parse(line.ShouldNotBeNull());
            if (item.RootElement.TryGetProperty("commit_sha", out var commit))
            {
                commits.Add(commit.GetString()!);
            }
        }
    }
}
