using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Api;

/// <summary>What Prometheus reads of the running executable.</summary>
public sealed class MetricsTests
{
    [Fact]
    public async Task The_metrics_have_nothing_that_promtool_complains_of()
    {
        var promtool = TestGit.Find("promtool");
        Assert.SkipWhen(promtool is null, "prometheus is not installed (tests/apt-packages.txt)");
        using var folder = new TemporaryFolder();
        var repository = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        repository.Push("main", "First");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            repositories:
              - { name: web, url: "{{repository.Url}}" }
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        repository.Push("main", "Second");
        await receiver.UntilAsync(all => all.Count == 1, TimeSpan.FromMinutes(1));
        var metrics = "";
        await service.UntilAsync( // a look and its deliveries are counted behind the commit, each in its own time
            async () => (metrics = await service.TextAsync("/metrics")).Contains("reposentry_deliveries_total{", StringComparison.Ordinal) && metrics.Contains("reposentry_detection_delay_seconds_count{", StringComparison.Ordinal), "counting deliveries");

        foreach (var name in (string[])["polls_total", "poll_duration_seconds_bucket", "detection_delay_seconds_count", "events_total", "deliveries_total", "delivery_backlog", "repositories", "build_info"])
        {
            metrics.ShouldContain($"\nreposentry_{name}{{");
        }

        var (code, output) = await CheckAsync(promtool, metrics);
        output.ShouldBeEmpty();
        code.ShouldBe(0);
    }

    private static async Task<(int Code, string Output)> CheckAsync(string promtool, string metrics)
    {
        using var check = TestGit.Start(promtool, "/", ["check", "metrics"]);
        var errors = check.StandardError.ReadToEndAsync();
        var output = check.StandardOutput.ReadToEndAsync();
        await check.StandardInput.WriteAsync(metrics);
        check.StandardInput.Close();
        await check.WaitForExitAsync();
        return (check.ExitCode, await output + await errors);
    }
}
