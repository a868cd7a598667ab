using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The exit codes that only a running service brings about, for each command of the table that can end so.</summary>
public sealed class ExitCodeTests
{
    // What each client command needs beside its name; NOBODY is the name or number of what is not there.
    private static readonly Dictionary<string, string> Arguments = new(StringComparer.Ordinal)
    {
        ["status"] = "",
        ["repo list"] = "",
        ["repo show"] = "NOBODY",
        ["repo refs"] = "NOBODY",
        ["repo polls"] = "NOBODY",
        ["repo explain"] = "NOBODY",
        ["repo release"] = "NOBODY",
        ["repo add"] = "https://git.example/nobody.git",
        ["repo remove"] = "NOBODY",
        ["repo pause"] = "NOBODY",
        ["repo resume"] = "NOBODY",
        ["repo poll"] = "NOBODY",
        ["event list"] = "",
        ["event show"] = "NOBODY",
        ["event tail"] = "",
        ["event replay"] = "NOBODY",
        ["delivery list"] = "",
        ["delivery show"] = "404404",
        ["delivery retry"] = "404404",
        ["trigger list"] = "",
        ["trigger pause"] = "NOBODY",
        ["trigger resume"] = "NOBODY",
        ["trigger test"] = "NOBODY",
        ["trace"] = "0badc0de0badc0de0badc0de0badc0de0badc0de",
        ["token create"] = "nobody --role viewer",
        ["token list"] = "",
        ["token revoke"] = "NOBODY",
        ["secrets rotate"] = "",
    };

    // A viewer may look, and at the tokens not even that.
    private static readonly string[] ForViewers =
        ["status", "repo list", "repo show", "repo refs", "repo polls", "repo explain", "event list", "event show", "event tail", "delivery list", "delivery show", "trigger list", "trace"];

    private static IEnumerable<string> Naming => Arguments.Where(pair => pair.Value.Length > 0 && pair.Key is not ("repo add" or "token create")).Select(pair => pair.Key);

    [Fact]
    public void Every_client_command_is_in_this_table() => Arguments.Keys.ShouldBe(ClientTable.All.Select(pair => pair.Path), ignoreOrder: true);

    [Fact]
    public async Task What_is_not_there_ends_with_3()
    {
        await using var service = await new Service("repositories: []\n").StartReadyAsync();

        foreach (var command in Naming)
        {
            await EndsAsync(3, service, null, $"{command} {Arguments[command]}");
        }
    }

    [Fact]
    public async Task Whoever_has_no_token_or_one_of_too_low_a_role_ends_with_4()
    {
        await using var service = new Service("repositories: [{ name: NOBODY, url: \"https://127.0.0.1:9/nobody.git\" }]\n", api: "auth: token");
        var viewer = (await Service.RunAsync(["token", "create", "eye", "--role", "viewer", "-c", service.ConfigPath])).Output.Trim();
        await service.StartReadyAsync();

        foreach (var (command, arguments) in Arguments)
        {
            await EndsAsync(4, service, "", $"{command} {arguments}");
            if (!ForViewers.Contains(command))
            {
                await EndsAsync(4, service, viewer, $"{command} {arguments}");
            }
        }

        await EndsAsync(0, service, viewer, "status");
    }

    [Fact]
    public async Task What_stands_against_the_state_of_things_ends_with_6()
    {
        using var folder = new TemporaryFolder();
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        await using var service = await new Service($$"""
            polling: { strategy: fixed, interval: 60s }
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """).StartReadyAsync();
        await EndsAsync(0, service, null, "token create ci --role viewer");
        await EndsAsync(0, service, null, "repo pause web");

        foreach (var line in (string[])["repo add https://git.example/web.git", "repo remove web", "repo release web", "repo poll web", "token create ci --role viewer", "secrets rotate"])
        {
            await EndsAsync(6, service, null, line);
        }
    }

    [Fact]
    public async Task The_status_of_a_service_that_waits_for_its_database_ends_with_7_and_says_why()
    {
        await using var first = await new Service("repositories: []\n").StartReadyAsync();
        await using var second = new Service($$"""
            storage: { sqlite: { path: "{{first.DatabasePath}}" } }
            """).Start();
        await second.UntilAsync(async () => (await second.GetAsync("/api/v1/status")).GetProperty("reason").ValueKind == JsonValueKind.String, "waiting");

        (await EndsAsync(7, second, null, "status")).ShouldContain("Starting: ");
        await EndsAsync(0, first, null, "status");
    }

    [Fact]
    public async Task A_repository_that_never_answers_ends_a_waiting_add_with_124_and_stays_watched()
    {
        await using var silent = new RawServer((_, _, token) => Task.Delay(Timeout.InfiniteTimeSpan, token));
        await using var service = await new Service($$"""
            providers: [{ name: silent, type: git, url: "{{silent.Root}}" }]
            repositories: []
            """).StartReadyAsync();

        var errors = await EndsAsync(124, service, null, $"repo add {silent.Root}mute.git --wait --timeout 1");

        errors.ShouldContain("mute was not looked at within 1 s: `repo show mute` tells how it stands");
        (await service.GetAsync("/api/v1/repositories/mute")).GetProperty("status").GetString().ShouldBe("pending");
    }

    [Fact]
    public async Task Into_a_pipe_no_command_writes_a_colour_whatever_the_terminal()
    {
        await using var service = await new Service("repositories: []\n").StartReadyAsync();
        var environment = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}", ["TERM"] = "xterm-256color", ["COLORTERM"] = "truecolor", ["CLICOLOR_FORCE"] = "1", ["NO_COLOR"] = "" };
        var lines = Arguments.Where(pair => pair.Key is not "event tail").Select(pair => $"{pair.Key} {pair.Value}").Concat(["--help", "version", "repo bogus", $"validate -c {service.ConfigPath}", $"check -c {service.ConfigPath}"]);

        foreach (var line in lines)
        {
            var (_, output, errors) = await Service.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), environment);
            (output + errors).ShouldNotBeEmpty(line);
            (output + errors).ShouldNotContain('\e', line);
        }
    }

    /// <returns>The words on standard error.</returns>
    private static async Task<string> EndsAsync(int expected, Service service, string? token, string line)
    {
        var environment = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}", ["REPOSENTRY_TOKEN"] = token ?? "" };
        var (code, _, errors) = await Service.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries), environment);
        code.ShouldBe(expected, $"{line}: {errors}");
        errors.ShouldNotContain("   at ", customMessage: "no stack trace");
        (errors.Length > 0).ShouldBe(expected != 0 || line != "status", line);
        return errors;
    }
}
