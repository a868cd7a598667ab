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

    [Fact]
    public async Task A_push_that_was_given_up_and_one_that_nobody_wants_end_with_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var (web, quiet) = (TestRepository.Create(Path.Combine(folder.Path, "web.git")), TestRepository.Create(Path.Combine(folder.Path, "quiet.git")));
        web.Push("main", "first");
        quiet.Push("main", "first of another");
        await using var refusing = RawServer.Text("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            triggers:
              - { name: refusing, type: tekton, url: "{{refusing.Root}}" }
              - { name: tags, type: tekton, url: "{{refusing.Root}}", events: ["tag_*"] }
            repositories:
              - { name: web, url: "{{web.Url}}", triggers: [refusing] }
              - { name: quiet, url: "{{quiet.Url}}", triggers: [tags] }
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        var (given, unwanted) = (web.Push("main", "second"), quiet.Push("main", "second of another"));
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/events?status=failed")).GetProperty("items").GetArrayLength() == 1, "given up");
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/events?status=unrouted")).GetProperty("items").GetArrayLength() == 1, "unrouted");

        var (code, output, errors) = await TraceAsync(service, given);
        code.ShouldBe(0, errors);
        output.ShouldMatch(@"refusing #1: \w+ \(400\)");
        output.ShouldContain("it ended at refusing: ");
        output.ShouldContain("(delivery retry 1 tries again)");
        (await TraceAsync(service, unwanted)).Output.ShouldContain("it ended here: no trigger wants this type of event of this repository (repo explain tells why)");
    }

    private static Task<(int Code, string Output, string Errors)> TraceAsync(Service service, string id) =>
        Service.RunAsync(["trace", id, "--server", $"http://127.0.0.1:{service.Port}"]);
}
