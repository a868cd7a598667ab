using System.Globalization;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

public sealed class TriggerCommandTests
{
    [Fact]
    public async Task One_push_reaches_a_webhook_and_a_program_with_the_same_id_and_shows_where_the_time_went()
    {
        await using var git = await NginxGitServer.StartAsync();
        var repository = git.CreateRepository("acme/web.git");
        repository.Push("main", "First");
        await using var receiver = await new Receiver().StartAsync();
        var written = Path.Combine(Path.GetTempPath(), $"exec-{Guid.NewGuid():N}");
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            triggers:
              - { name: hook, type: webhook, url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
              - { name: program, type: exec, command: [tee, "{{written}}"] }
            repositories: [{ name: web, url: "{{repository.Url}}" }]
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        repository.Push("main", "Second");
        await receiver.UntilAsync(all => all.Count == 1, TimeSpan.FromMinutes(1));
        var server = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };
        await service.UntilAsync(async () => (await Service.RunAsync(["event", "list", "--status", "delivered", "-o", "name"], server)).Output.Length > 0, "delivered");

        var arrival = receiver.Arrivals.ShouldHaveSingleItem();
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        (await File.ReadAllBytesAsync(written, TestContext.Current.CancellationToken)).ShouldBe(arrival.Body);
        arrival.Headers["webhook-id"].ShouldBe(JsonDocument.Parse(arrival.Body).RootElement.GetProperty("data").GetProperty("id").GetString());
        File.Delete(written);
        var deliveries = JsonDocument.Parse((await Service.RunAsync(["delivery", "list", "--trigger", "hook", "-o", "json"], server)).Output).RootElement.GetProperty("items");
        var shown = (await Service.RunAsync(["delivery", "show", deliveries[0].GetProperty("id").GetInt64().ToString(CultureInfo.InvariantCulture), "-o", "wide"], server)).Output;
        shown.ShouldContain("PHASES (MS)");
        shown.ShouldContain("connect ");
    }

    [Fact]
    public async Task A_stop_cuts_a_program_that_does_not_end_and_it_runs_again_after_the_restart()
    {
        await using var git = await NginxGitServer.StartAsync();
        var repository = git.CreateRepository("acme/web.git");
        repository.Push("main", "First");
        var runs = Path.Combine(Path.GetTempPath(), $"exec-{Guid.NewGuid():N}");
        var script = runs + ".sh";
        await File.WriteAllTextAsync(script, $"trap '' TERM\necho $REPOSENTRY_EVENT_ID $REPOSENTRY_ATTEMPT $$ >>{runs}\nsleep 600\n", TestContext.Current.CancellationToken);
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            triggers: [{ name: program, type: exec, command: [sh, "{{script}}"], timeout: 10m }]
            repositories: [{ name: web, url: "{{repository.Url}}" }]
            """);
        var config = await File.ReadAllTextAsync(service.ConfigPath, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(service.ConfigPath, config.Replace("app: { ", "app: { shutdown_timeout: 1s, ", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        repository.Push("main", "Second");
        await service.UntilAsync(() => Task.FromResult(Lines(runs).Length == 1), "first run");
        (await service.StopAsync()).ShouldBe(0);
        await service.UntilAsync(() => Task.FromResult(!Directory.Exists("/proc/" + Lines(runs)[0].Split(' ')[2])), "survived by no program"); // the kernel takes a moment to end it

        await service.StartReadyAsync();
        await service.UntilAsync(() => Task.FromResult(Lines(runs).Length == 2), "second run");
        Lines(runs).Select(line => line.Split(' ')[0]).Distinct().ShouldHaveSingleItem();
        Lines(runs).Select(line => line.Split(' ')[1]).ShouldBe(["1", "2"]);
        await service.StopAsync();
        File.Delete(runs);
        File.Delete(script);
    }

    private static string[] Lines(string file) => File.Exists(file) ? File.ReadAllLines(file) : [];

    [Fact]
    public async Task Trigger_test_shows_the_answer_and_its_exit_code_tells_whether_it_was_accepted()
    {
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            triggers: [{ name: program, type: exec, command: [sh, -c, "echo no, not this one; exit 65"] }]
            """);
        await service.StartReadyAsync();
        var server = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };

        var (code, output, errors) = await Service.RunAsync(["trigger", "test", "tekton"], server);
        code.ShouldBe(0, errors);
        output.ShouldContain("accepted");
        output.ShouldContain("connect ");
        receiver.Arrivals.ShouldHaveSingleItem().Headers["X-RepoSentry-Test"].ShouldBe("true");

        (code, output, errors) = await Service.RunAsync(["trigger", "test", "program", "-o", "json"], server);
        code.ShouldBe(1);
        JsonDocument.Parse(output).RootElement.GetProperty("answer").GetString().ShouldBe("no, not this one\n");
        errors.ShouldBe("program did not accept it: exit code 65: no, not this one\n");

        (await Service.RunAsync(["trigger", "test", "nope"], server)).Code.ShouldBe(3);
        (await Service.RunAsync(["trigger", "test", "--help"], server)).Output.ShouldContain("a Tekton pipeline may start");
    }
}
