using RepoSentry.Abstractions;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>Where the time of an attempt goes, over real sockets.</summary>
public sealed class PhasesTests
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    [Fact]
    public async Task Waiting_for_the_status_is_told_from_reading_the_answer()
    {
        await using var server = new RawServer(async (stream, token) =>
        {
            await Task.Delay(Pause, token);
            await stream.WriteAsync("HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\n"u8.ToArray(), token);
            await Task.Delay(Pause, token);
            await stream.WriteAsync("{}"u8.ToArray(), token);
        });
        var phases = (await SendAsync(server.Url)).Phases.ShouldNotBeNull();
        phases.Wait.ShouldNotBeNull().ShouldBeGreaterThan(500);
        phases.Read.ShouldNotBeNull().ShouldBeGreaterThan(500);
        phases.Connect.ShouldNotBeNull();
        phases.Send.ShouldNotBeNull().ShouldBeLessThan(phases.Wait.Value);
        (phases.Dns, phases.Tls).ShouldBe((null, null)); // an address needs no name service
    }

    [Fact]
    public async Task A_name_is_resolved_and_TLS_agreed_on()
    {
        using var authority = PrivateAuthority.Create();
        await using var server = new RawServer((stream, token) => stream.WriteAsync("HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), token).AsTask(), authority.Server);
        var phases = (await SendAsync(new Uri($"https://localhost:{server.Port}/"), authority.CaFile)).Phases.ShouldNotBeNull();
        phases.Dns.ShouldNotBeNull();
        phases.Connect.ShouldNotBeNull();
        phases.Tls.ShouldNotBeNull().ShouldBeGreaterThan(0);
        phases.Wait.ShouldNotBeNull();
    }

    [Fact]
    public async Task On_a_kept_connection_nothing_is_resolved_or_connected()
    {
        var story = new HttpStory((config, http, time) => new TektonTrigger(config, http, time));
        var outcomes = await story.SendAsync(config => config, times: 2);
        outcomes[0].Phases!.Connect.ShouldNotBeNull();
        var kept = outcomes[1].Phases.ShouldNotBeNull();
        (kept.Dns, kept.Connect, kept.Tls).ShouldBe((null, null, null));
        (kept.Send is not null && kept.Wait is not null && kept.Read is not null).ShouldBeTrue();
    }

    [Fact]
    public async Task A_connection_that_another_request_began_is_not_counted()
    {
        var dialled = new DialClock(TimeProvider.System, byName: true, secure: false);
        dialled.Resolved();
        dialled.Connected();
        await using var connection = new ClockedStream(new MemoryStream(), dialled);
        using var request = new HttpRequestMessage();
        var clock = new RequestClock(TimeProvider.System);
        clock.Attach(request);
        await connection.WriteAsync(new byte[10], TestContext.Current.CancellationToken);
        var phases = clock.Phases().ShouldNotBeNull();
        (phases.Dns, phases.Connect).ShouldBe((null, null));
        phases.Send.ShouldNotBeNull();
    }

    [Fact]
    public async Task What_is_cut_shows_how_far_it_came()
    {
        await using var server = new RawServer((_, token) => Task.Delay(Timeout.InfiniteTimeSpan, token));
        var phases = (await SendAsync(server.Url, timeout: Pause)).Phases.ShouldNotBeNull();
        phases.Wait.ShouldNotBeNull().ShouldBeGreaterThan(0);
        phases.Read.ShouldBeNull();
    }

    [Fact]
    public async Task A_refused_connection_shows_no_sending()
    {
        using var taken = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        taken.Bind(new System.Net.IPEndPoint(System.Net.IPAddress.Loopback, 0));
        var phases = (await SendAsync(new Uri($"http://127.0.0.1:{((System.Net.IPEndPoint)taken.LocalEndPoint!).Port}/"))).Phases.ShouldNotBeNull();
        phases.Connect.ShouldNotBeNull();
        (phases.Tls, phases.Send, phases.Wait, phases.Read).ShouldBe((null, null, null, null));
    }

    private static async Task<TriggerOutcome> SendAsync(Uri url, string caFile = "", TimeSpan? timeout = null)
    {
        using var http = OutboundHttp.CreateClient(new OutboundOptions { CaFile = caFile });
        var trigger = new TektonTrigger(Build.Trigger() with { Url = url, Timeout = timeout ?? TimeSpan.FromSeconds(20) }, http, TimeProvider.System);
        return await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, trigger.Render(Pushes.Event()), 1, 0), TestContext.Current.CancellationToken);
    }
}
