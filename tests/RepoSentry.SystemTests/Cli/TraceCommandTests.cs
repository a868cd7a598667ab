using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The way of a push by the built executable.</summary>
public sealed class TraceCommandTests
{
    [Fact]
    public async Task A_push_is_followed_by_its_commit_its_event_and_the_receivers_id()
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
        var commit = web.Push("main", "second");
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/events?status=delivered")).GetProperty("items").GetArrayLength() == 1, "delivered");
        var change = (await service.GetAsync("/api/v1/events")).GetProperty("items")[0];
        var receipt = change.GetProperty("deliveries")[0].GetProperty("receipt_id").GetString()!;

        foreach (var id in (string[])[commit, commit[..8], change.GetProperty("id").GetString()!, receipt])
        {
            var (code, output, errors) = await TraceAsync(service, id);
            code.ShouldBe(0, errors);
            output.ShouldContain("branch_updated");
            output.ShouldContain("tekton #1: ");
            output.ShouldContain($"gave it the eventID {receipt}");
            output.ShouldContain("arrived at tekton");
        }

        (await TraceAsync(service, "0123456789")).Code.ShouldBe(3);
        (await TraceAsync(service, "abc")).Code.ShouldBe(2);

        await receiver.StopAsync();
        var lost = web.Push("main", "third");
        await service.UntilAsync(async () => (await TraceAsync(service, lost)).Output.Contains("tekton #1: ", StringComparison.Ordinal), "trying");
        (await TraceAsync(service, lost)).Output.ShouldContain("on its way to tekton");
    }

    private static Task<(int Code, string Output, string Errors)> TraceAsync(Service service, string id) =>
        Service.RunAsync(["trace", id, "--server", $"http://127.0.0.1:{service.Port}"]);
}
