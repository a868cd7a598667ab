using System.Net;
using System.Net.Sockets;
using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>What lies between us and an EventListener: cuts, silence, proxies, private authorities.</summary>
public sealed class TektonTriggerFailureTests
{
    private const string Accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 15\r\n\r\n{\"eventID\":\"e\"}";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_cut_after_the_body_is_ambiguous()
    {
        await using var server = RawServer.Answering("");
        var outcome = await SendAsync(server.Url);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>();
        outcome.Ambiguous.ShouldBeTrue();
        outcome.Status.ShouldBeNull();
    }

    [Fact]
    public async Task A_refused_connection_is_not_ambiguous()
    {
        using var taken = new Socket(SocketType.Stream, ProtocolType.Tcp);
        taken.Bind(new IPEndPoint(IPAddress.Loopback, 0)); // bound but not listening: refused for certain
        var outcome = await SendAsync(new Uri($"http://127.0.0.1:{((IPEndPoint)taken.LocalEndPoint!).Port}/"));
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("refused");
        outcome.Ambiguous.ShouldBeFalse();
    }

    [Fact]
    public async Task Silence_ends_with_the_timeout_and_is_ambiguous()
    {
        await using var server = new RawServer((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token));
        var outcome = await SendAsync(server.Url, timeout: TimeSpan.FromSeconds(2));
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldBe("no answer within 2 s");
        outcome.Ambiguous.ShouldBeTrue();
    }

    [Fact]
    public async Task A_stop_of_the_service_is_told_from_a_timeout()
    {
        using var stopping = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using var server = new RawServer(async (_, token) =>
        {
            await stopping.CancelAsync();
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        });
        var outcome = await SendAsync(server.Url, cancellationToken: stopping.Token);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("stop of the service");
        outcome.Ambiguous.ShouldBeTrue();
    }

    [Theory]
    [InlineData("429 Too Many Requests", "17", 17)]
    [InlineData("503 Service Unavailable", "0", 0)]
    [InlineData("503 Service Unavailable", "soon", null)]
    public async Task Retry_After_is_handed_on(string status, string value, int? seconds)
    {
        await using var server = RawServer.Answering($"HTTP/1.1 {status}\r\nRetry-After: {value}\r\nContent-Length: 0\r\n\r\n");
        var outcome = await SendAsync(server.Url);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().RetryAfter.ShouldBe(seconds is { } s ? TimeSpan.FromSeconds(s) : null);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_and_never_followed()
    {
        await using var other = RawServer.Answering(Accepted);
        await using var server = RawServer.Answering($"HTTP/1.1 307 Temporary Redirect\r\nLocation: {other.Url}\r\nContent-Length: 0\r\n\r\n");
        var outcome = await SendAsync(server.Url);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain($"set the trigger's url to {other.Url}");
        other.Connections.ShouldBe(0);
    }

    [Theory]
    [InlineData("413 Payload Too Large")]
    [InlineData("422 Unprocessable Entity")]
    [InlineData("431 Request Header Fields Too Large")]
    public async Task What_cannot_get_better_is_given_up(string status)
    {
        await using var server = RawServer.Answering($"HTTP/1.1 {status}\r\nContent-Length: 4\r\n\r\nsays");
        (await SendAsync(server.Url)).ShouldBeOfType<TriggerOutcome.GiveUp>().Reason.ShouldBe($"{status}: says");
    }

    [Fact]
    public async Task Gone_is_for_good()
    {
        await using var server = RawServer.Answering("HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n");
        (await SendAsync(server.Url)).ShouldBeOfType<TriggerOutcome.GiveUp>().Gone.ShouldBeTrue();
    }

    [Fact]
    public async Task An_endless_answer_is_cut_at_64_KiB()
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 202 Accepted\r\n\r\n"u8.ToArray(), token);
            var piece = Encoding.ASCII.GetBytes(new string('x', 8192));
            while (true)
            {
                await stream.WriteAsync(piece, token);
            }
        });
        var outcome = await SendAsync(server.Url);
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>().ReceiptId.ShouldBeNull();
        outcome.Answer.ShouldNotBeNull().Length.ShouldBe(64 * 1024);
    }

    [Fact]
    public async Task An_answer_that_never_ends_does_not_undo_its_status()
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync("HTTP/1.1 202 Accepted\r\nContent-Length: 99\r\n\r\n{\"eventID\""u8.ToArray(), token);
            await Task.Delay(Timeout.InfiniteTimeSpan, token);
        });
        var outcome = await SendAsync(server.Url, timeout: TimeSpan.FromSeconds(2));
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>();
        outcome.Answer.ShouldBe("{\"eventID\"");
        outcome.Ambiguous.ShouldBeFalse();
    }

    [Fact]
    public async Task A_private_authority_is_trusted_through_ca_file_and_only_so()
    {
        using var authority = PrivateAuthority.Create();
        await using var server = new RawServer((stream, token) => stream.WriteAsync(Encoding.ASCII.GetBytes(Accepted), token).AsTask(), authority.Server);
        var url = new Uri($"https://localhost:{server.Port}/");
        var refused = await SendAsync(url);
        refused.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("ca_file");
        refused.Ambiguous.ShouldBeFalse();
        (await SendAsync(url, caFile: authority.CaFile)).ShouldBeOfType<TriggerOutcome.Accepted>().ReceiptId.ShouldBe("e");
    }

    private static async Task<TriggerOutcome> SendAsync(Uri url, TimeSpan? timeout = null, string caFile = "", CancellationToken? cancellationToken = null)
    {
        using var http = OutboundHttp.CreateClient(new OutboundOptions { CaFile = caFile });
        var trigger = new TektonTrigger(Build.Trigger() with { Url = url, Timeout = timeout ?? TimeSpan.FromSeconds(20) }, http, TimeProvider.System);
        return await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, trigger.Render(Pushes.Event()), 1, 0), cancellationToken ?? Stop);
    }
}
