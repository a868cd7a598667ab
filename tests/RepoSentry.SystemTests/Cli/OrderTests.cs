using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>What an order prints for the script that gave it: the thing as it is now, or its name; words never.</summary>
public sealed class OrderTests : IDisposable
{
    // The stream does not end, and a token that is made prints its secret: tests of their own.
    private static readonly string[] OfOtherTests = ["event tail", "token create"];

    // In the order in which they are given: the command, a key of the object with its value, and what -o name prints.
    private static readonly (string Command, string Arguments, string Key, string Value, string Name)[] Orders =
    [
        ("repo add", "URL --name extra --wait", "status", "active", "extra\n"),
        ("repo pause", "web", "status", "paused", "web\n"),
        ("repo resume", "web", "name", "web", "web\n"),
        ("repo poll", "web", "status", "held", "web\n"),
        ("repo release", "web", "released", "11", "web\n"),
        ("repo remove", "extra", "status", "removed", "extra\n"),
        ("trigger pause", "program", "state", "paused", "program\n"),
        ("trigger resume", "program", "state", "running", "program\n"),
        ("trigger test", "program", "outcome", "give_up", "EVENT\n"),
        ("delivery retry", "1", "retried", "1", "1\n"),
        ("event replay", "EVENT", "replayed", "1", "EVENT\n"),
        ("token revoke", "ci", "status", "revoked", "ci\n"),
        ("secrets rotate", "", "resealed", "0", "KEY\n"),
    ];

    private readonly TemporaryFolder folder = new();

    [Fact]
    public void Every_order_of_the_table_of_commands_is_in_this_one() =>
        Orders.Select(order => order.Command).Concat(OfOtherTests).ShouldBe(ClientTable.Orders, ignoreOrder: true);

    [Theory]
    [InlineData("json")]
    [InlineData("yaml")]
    [InlineData("name")]
    [InlineData("table")]
    public async Task An_order_prints_what_a_script_goes_on_with_and_words_on_standard_error(string form)
    {
        await using var git = await NginxGitServer.StartAsync();
        var (web, extra) = (git.CreateRepository("acme/web.git"), git.CreateRepository("acme/extra.git"));
        var commit = web.Push("main", "First");
        extra.Push("main", "First");
        string[] branches = [.. Enumerable.Range(0, 11).Select(number => $"refs/heads/b{number}")];
        web.SetMany(branches, commit);
        await using var service = await StartAsync(web);
        web.Push("main", "Second");
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/deliveries?status=dead")).GetProperty("items").GetArrayLength() == 1, "dead");
        web.DeleteMany(branches);
        await service.UntilAsync(async () => (await service.GetAsync("/api/v1/repositories/web")).GetProperty("status").GetString() == "held", "held");
        var id = (await service.GetAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString()!;
        var server = new Dictionary<string, string> { ["REPOSENTRY_SERVER"] = $"http://127.0.0.1:{service.Port}" };
        (await Service.RunAsync(["token", "create", "ci", "--role", "viewer"], server)).Code.ShouldBe(0);

        foreach (var (command, arguments, key, value, name) in Orders)
        {
            var given = arguments.Replace("EVENT", id, StringComparison.Ordinal).Replace("URL", extra.Url.AbsoluteUri, StringComparison.Ordinal);
            var (code, output, errors) = await Service.RunAsync([.. $"{command} {given}".Split(' ', StringSplitOptions.RemoveEmptyEntries), "-o", form], server);

            code.ShouldBe(command == "trigger test" ? 1 : 0, $"{command}: {errors}");
            (errors.Length > 0).ShouldBe(command != "repo add", $"{command}: {errors}");
            Check(form, command, output, key, value, name.Replace("EVENT", id, StringComparison.Ordinal));
        }
    }

    public void Dispose() => folder.Dispose();

    private static void Check(string form, string command, string output, string key, string value, string name)
    {
        switch (form)
        {
            case "json":
                JsonDocument.Parse(output).RootElement.GetProperty(key).ToString().ShouldBe(value, $"{command}: {output}");
                break;
            case "yaml":
                output.Split('\n').ShouldContain($"{key}: {value}", command);
                break;
            case "name" when command == "trigger test":
                output.Trim().Length.ShouldBe(36, "the id of an event");
                break;
            case "name" when command == "secrets rotate":
                output.Trim().ShouldNotContain(' ', output);
                output.Trim().ShouldNotBeEmpty();
                break;
            case "name":
                output.ShouldBe(name, command);
                break;
            default:
                (output.Length > 0).ShouldBe(command is "repo add" or "trigger test", $"{command}: {output}");
                break;
        }
    }

    private async Task<Service> StartAsync(TestRepository web)
    {
        var key = Path.Combine(folder.Path, "key");
        File.WriteAllText(key, Convert.ToBase64String(new byte[32]) + "\n");
        var service = new Service($$"""
            security: { master_key: "file:{{key}}" }
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            providers: [{ name: forge, type: git, url: "{{web.Url.GetLeftPart(UriPartial.Authority)}}" }]
            triggers: [{ name: program, type: exec, command: [sh, -c, "exit 65"], events: [branch_updated] }] # else the deletions that are released are refused too, and that pauses it
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        return service;
    }
}
