using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

public sealed class TriggerCommandTests
{
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
