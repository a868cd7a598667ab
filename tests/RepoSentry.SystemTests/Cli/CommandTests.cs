using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The built executable as a user types it.</summary>
public sealed class CommandTests
{
    [Fact]
    public async Task Validate_shows_every_problem_at_its_place_and_exits_with_1()
    {
        var file = Path.GetTempFileName();
        await File.WriteAllTextAsync(file, "polling: { intervall: 3s, interval: 60 }\nrepositories: [{ name: a, url: \"ftp://x\" }]\n", TestContext.Current.CancellationToken);
        var (code, output, errors) = await Service.RunAsync(["validate", "-c", file]);
        File.Delete(file);

        code.ShouldBe(1);
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.ShouldContain(line => line.StartsWith($"{file}:1:12: ", StringComparison.Ordinal) && line.Contains("did you mean \"interval\"?", StringComparison.Ordinal));
        lines.Count(line => line.StartsWith(file, StringComparison.Ordinal) && !line.Contains("warning", StringComparison.Ordinal)).ShouldBe(3);
        errors.ShouldContain("3 errors");
    }

    [Theory]
    [InlineData(2, "bogus")]
    [InlineData(2, "repo", "bogus")]
    [InlineData(2, "event", "list", "--limit", "many")]
    [InlineData(5, "status", "--server", "http://127.0.0.1:1")]
    [InlineData(2, "status", "--server", "nonsense")]
    [InlineData(1, "run", "-c", "/does/not/exist.yaml")]
    [InlineData(0, "version")]
    [InlineData(0, "--help")]
    public async Task Exit_codes_tell_what_happened(int expected, params string[] arguments)
    {
        var (code, _, errors) = await Service.RunAsync(arguments);
        code.ShouldBe(expected, errors);
        errors.ShouldNotContain("   at ", customMessage: "no stack trace");
    }

    [Fact]
    public async Task A_token_may_stand_in_a_file()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "token");
        File.WriteAllText(file, "administrators-token\n");
        await using var service = new Service("polling: { strategy: fixed }\n");
        File.WriteAllText(service.ConfigPath, File.ReadAllText(service.ConfigPath).Replace("api: { ", $"api: {{ auth: token, bootstrap_token: \"file:{file}\", ", StringComparison.Ordinal));
        await service.StartReadyAsync();

        (await StatusAsync(file)).Code.ShouldBe(0);
        (await StatusAsync("")).Code.ShouldBe(4);
        var (code, _, errors) = await StatusAsync("/does/not/exist");

        code.ShouldBe(1);
        errors.ShouldContain("REPOSENTRY_TOKEN_FILE: /does/not/exist cannot be read");

        Task<(int Code, string Output, string Errors)> StatusAsync(string tokenFile) =>
            Service.RunAsync(["status"], new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}", ["REPOSENTRY_TOKEN_FILE"] = tokenFile });
    }

    [Fact]
    public async Task Client_commands_show_what_the_service_knows()
    {
        await using var git = await NginxGitServer.StartAsync();
        var repository = git.CreateRepository("acme/web.git");
        repository.Push("main", "First");
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            repositories: [{ name: web, url: "{{repository.Url}}", tags: ["v*"] }]
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        repository.Tag("v1");
        await receiver.UntilAsync(all => all.Count == 1, TimeSpan.FromMinutes(1));
        var server = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };
        await service.UntilAsync(async () => (await Service.RunAsync(["event", "list", "--status", "delivered", "-o", "name"], server)).Output.Length > 0, "delivered");

        (await Service.RunAsync(["repo", "list", "-o", "name"], server)).Output.ShouldBe("web\n");
        (await Service.RunAsync(["repo", "refs", "web", "--no-headers"], server)).Output.ShouldContain("refs/tags/v1");
        var events = JsonDocument.Parse((await Service.RunAsync(["event", "list", "-o", "json"], server)).Output).RootElement.GetProperty("items");
        var id = events[0].GetProperty("id").GetString()!;
        events[0].GetProperty("type").GetString().ShouldBe("tag_created");
        (await Service.RunAsync(["event", "show", id], server)).Output.ShouldContain("tag_created refs/tags/v1");
        (await Service.RunAsync(["delivery", "show", "1"], server)).Output.ShouldContain("accepted");
        (await Service.RunAsync(["delivery", "list", "-o", "yaml"], server)).Output.ShouldContain("status: delivered");
        (await Service.RunAsync(["status"], server)).Code.ShouldBe(0);
        (await Service.RunAsync(["event", "show", "nope"], server)).Code.ShouldBe(3);
    }
}
