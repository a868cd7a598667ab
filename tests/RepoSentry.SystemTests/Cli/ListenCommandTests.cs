using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>The built executable as a receiver.</summary>
public sealed class ListenCommandTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_prints_and_verifies_what_arrives_and_ends_with_0_on_an_interrupt()
    {
        using var listen = Start(("LISTEN_SECRET", "swordfish"), "listen", "--port", "0", "--secret", "env:LISTEN_SECRET", "-o", "json");
        var words = await listen.StandardError.ReadLineAsync(Stop);
        words.ShouldNotBeNull().ShouldStartWith("listening on http://127.0.0.1:");
        var outcome = await SendAsync(new Uri(words.Split(' ')[2].TrimEnd(';')), "swordfish");

        var line = JsonNode.Parse((await listen.StandardOutput.ReadLineAsync(Stop))!)!;
        line["passes"]!.GetValue<bool>().ShouldBeTrue();
        line["event_id"]!.GetValue<string>().ShouldBe(outcome.ShouldBeOfType<TriggerOutcome.Accepted>().ReceiptId);
        line["ref"]!.GetValue<string>().ShouldBe("refs/heads/main");

        using var interrupt = Process.Start("kill", ["-INT", listen.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
        await listen.WaitForExitAsync(Stop);
        listen.ExitCode.ShouldBe(0);
    }

    [Fact]
    public async Task A_port_in_use_is_said_in_words()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        taken.Listen();
        var port = ((IPEndPoint)taken.LocalEndPoint!).Port;
        var (code, words) = await RunAsync("listen", "--port", $"{port}");
        code.ShouldBe(1);
        words.ShouldBe($"port {port} is in use: choose another one with --port, or --port 0 for a free one\n");
    }

    [Theory]
    [InlineData("--port", "70000")]
    [InlineData("--fail", "2")]
    [InlineData("--secret", "env:NOT_SET_ANYWHERE")]
    [InlineData("-o", "xml")]
    [InlineData("--bogus", "1")]
    public async Task A_wrong_option_is_a_usage_error(string option, string value)
    {
        var (code, words) = await RunAsync("listen", option, value);
        code.ShouldBe(2);
        words.ShouldContain(value);
    }

    private static async Task<TriggerOutcome> SendAsync(Uri url, string secret)
    {
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new TektonTrigger(new TriggerConfig { Name = "tekton", Url = url, Secret = new Secret(secret) }, http, TimeProvider.System);
        var change = new ChangeEvent
        {
            Id = Guid.CreateVersion7(),
            Change = new RefChange(RefKind.Branch, "refs/heads/main", new string('1', 40), new string('2', 40)),
            Repository = new RepositoryInfo("web", new Uri("https://git.example/acme/web.git"), "git"),
            DetectedAt = TimeProvider.System.GetUtcNow(),
        };
        return await trigger.SendAsync(new TriggerAttempt(change.Id, trigger.Render(change), 1, 0), Stop);
    }

    private static async Task<(int Code, string Words)> RunAsync(params string[] arguments)
    {
        using var process = Start(null, arguments);
        var output = process.StandardOutput.ReadToEndAsync(Stop);
        var words = await process.StandardError.ReadToEndAsync(Stop);
        await output;
        await process.WaitForExitAsync(Stop);
        return (process.ExitCode, words);
    }

    private static Process Start((string Name, string Value)? variable, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "reposentry"), arguments)
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (variable is { } set)
        {
            start.Environment[set.Name] = set.Value;
        }

        return Process.Start(start)!;
    }
}
