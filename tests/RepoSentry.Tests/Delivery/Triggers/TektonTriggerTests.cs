using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>The trigger against the stand-in EventListener, over real sockets.</summary>
public sealed class TektonTriggerTests
{
    private static readonly Secret Shared = new("swordfish");

    private readonly List<Arrival> arrivals = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("github", "github")]
    [InlineData("gitlab", "gitlab")]
    [InlineData("gitea", "github")]
    [InlineData("bitbucket", "bitbucket")]
    [InlineData("cloudevents", "cel")]
    [InlineData("native", "cel")]
    public async Task Every_format_passes_its_interceptor_and_brings_back_the_eventID(string format, string interceptor)
    {
        var outcome = await SendAsync(new ReceiverOptions { Secret = Shared }, config => config with { Format = format, Secret = Shared });
        var accepted = outcome.ShouldBeOfType<TriggerOutcome.Accepted>();
        accepted.Status.ShouldBe(202);
        accepted.ReceiptId.ShouldBe(arrivals[0].EventId);
        arrivals[0].Verdict.Passes.ShouldBeTrue();
        arrivals[0].Verdict.Interceptor.ShouldBe(interceptor);
        arrivals[0].Headers["Content-Type"].ShouldBe("application/json");
        arrivals[0].Headers.ShouldNotContainKey("Content-Encoding");
    }

    [Fact]
    public async Task GitHub_bodies_are_signed_twice_in_lower_case_hex()
    {
        await SendAsync(new ReceiverOptions(), config => config with { Secret = Shared });
        var (key, body) = (Encoding.UTF8.GetBytes("swordfish"), arrivals[0].Body);
        arrivals[0].Headers["X-Hub-Signature-256"].ShouldBe("sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(key, body)));
#pragma warning disable CA5350 // what old EventListeners read
        arrivals[0].Headers["X-Hub-Signature"].ShouldBe("sha1=" + Convert.ToHexStringLower(HMACSHA1.HashData(key, body)));
#pragma warning restore CA5350
    }

    [Fact]
    public async Task Gitea_bodies_are_signed_for_Giteas_own_readers_too()
    {
        await SendAsync(new ReceiverOptions(), config => config with { Format = "gitea", Secret = Shared });
        var hash = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes("swordfish"), arrivals[0].Body));
        arrivals[0].Headers["X-Gitea-Signature"].ShouldBe(hash);
        arrivals[0].Headers["X-Gogs-Signature"].ShouldBe(hash);
        arrivals[0].Headers["X-Hub-Signature-256"].ShouldBe("sha256=" + hash);
    }

    [Fact]
    public async Task A_GitLab_token_is_sent_byte_for_byte_and_nothing_is_signed()
    {
        var secret = new Secret("pässwörd 日本");
        await SendAsync(new ReceiverOptions { Secret = secret }, config => config with { Format = "gitlab", Secret = secret });
        arrivals[0].Headers["X-Gitlab-Token"].ShouldBe("pässwörd 日本");
        arrivals[0].Headers.ShouldNotContainKey("X-Hub-Signature-256");
        arrivals[0].Verdict.Passes.ShouldBeTrue();
    }

    [Theory]
    [InlineData("github")]
    [InlineData("gitlab")]
    [InlineData("bitbucket")]
    public async Task A_wrong_secret_is_answered_202_all_the_same_and_only_the_interceptor_knows(string format)
    {
        var outcome = await SendAsync(new ReceiverOptions { Secret = Shared }, config => config with { Format = format, Secret = new Secret("wrong") });
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>();
        arrivals[0].Verdict.Passes.ShouldBeFalse();
    }

    [Fact]
    public async Task A_rotated_secret_holds_from_the_next_attempt_on()
    {
        var value = "old";
        var secret = new Secret(() => value);
        await using var listener = await StartAsync(new ReceiverOptions { Secret = new Secret("new") });
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new TektonTrigger(Config(listener.Url) with { Secret = secret }, http, TimeProvider.System);
        var message = trigger.Render(Pushes.Event());
        await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, message, 1, 0), Stop);
        value = "new";
        await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, message, 2, 0), Stop);
        arrivals.Select(arrival => arrival.Verdict.Passes).ShouldBe([false, true]);
        arrivals[1].Body.ShouldBe(arrivals[0].Body);
    }

    [Fact]
    public async Task A_replay_sends_the_same_bytes_under_a_name_of_its_own()
    {
        await SendAsync(new ReceiverOptions(), config => config);
        await SendAsync(new ReceiverOptions(), config => config, replay: 2);
        arrivals[0].Headers["X-RepoSentry-Idempotency-Name"].ShouldBe(Pushes.EventId.ToString());
        arrivals[0].Headers.ShouldNotContainKey("X-RepoSentry-Replay");
        arrivals[1].Headers["X-RepoSentry-Idempotency-Name"].ShouldBe($"{Pushes.EventId}-r2");
        arrivals[1].Headers["X-RepoSentry-Replay"].ShouldBe("2");
        arrivals[1].Headers["X-GitHub-Delivery"].ShouldBe(Pushes.EventId.ToString());
        arrivals[1].Body.ShouldBe(arrivals[0].Body);
    }

    [Fact]
    public async Task Headers_of_the_user_are_sent_but_never_double_ours()
    {
        var headers = new Dictionary<string, Secret>
        {
            ["Authorization"] = new("Bearer abc"),
            ["X-Team"] = new("shop"),
            ["Content-Type"] = new("text/plain"),
            ["Content-Encoding"] = new("gzip"),
            ["x-github-event"] = new("pull_request"),
            ["X-HUB-SIGNATURE-256"] = new("sha256=0"),
            ["User-Agent"] = new("ours"),
        };
        await SendAsync(new ReceiverOptions { Secret = Shared }, config => config with { Secret = Shared, Headers = headers });
        var sent = arrivals[0].Headers;
        sent["Authorization"].ShouldBe("Bearer abc");
        sent["X-Team"].ShouldBe("shop");
        sent["Content-Type"].ShouldBe("application/json");
        sent["X-GitHub-Event"].ShouldBe("push");
        sent["User-Agent"].ShouldBe("ours");
        sent.ShouldNotContainKey("Content-Encoding");
        arrivals[0].Verdict.Passes.ShouldBeTrue();
    }

    [Fact]
    public async Task An_odd_ref_name_arrives_whole_in_the_body_and_encoded_in_the_header()
    {
        await SendAsync(new ReceiverOptions(), config => config, Pushes.Event("refs/heads/fix\r\nX-Evil: 1 ü"));
        arrivals[0].Headers["ce-subject"].ShouldBe("refs/heads/fix%0D%0AX-Evil:%201%20%C3%BC");
        arrivals[0].Headers.ShouldNotContainKey("X-Evil");
        using var json = JsonDocument.Parse(arrivals[0].Body);
        json.RootElement.Text("ref").ShouldBe("refs/heads/fix\r\nX-Evil: 1 ü");
    }

    [Fact]
    public async Task A_secret_that_no_header_can_carry_is_not_sent()
    {
        var outcome = await SendAsync(new ReceiverOptions(), config => config with { Format = "gitlab", Secret = new Secret("two\nlines") });
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("X-Gitlab-Token has a line break");
        outcome.Ambiguous.ShouldBeFalse();
        arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_400_is_never_retried_and_its_errorMessage_is_shown()
    {
        await using var listener = await StartAsync(new ReceiverOptions());
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new TektonTrigger(Config(listener.Url), http, TimeProvider.System);
        var broken = new TriggerMessage(new Dictionary<string, string> { ["Content-Type"] = "application/json" }, "[1]"u8.ToArray());
        var outcome = await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, broken, 1, 0), Stop);
        outcome.ShouldBeOfType<TriggerOutcome.GiveUp>().Reason.ShouldBe("400 Bad Request: Invalid event body format : not a JSON object");
        outcome.Answer.ShouldNotBeNull().ShouldContain("errorMessage");
    }

    [Theory]
    [InlineData(500)]
    [InlineData(502)]
    [InlineData(503)]
    [InlineData(504)]
    [InlineData(429)]
    [InlineData(404)]
    public async Task A_failing_EventListener_is_tried_again_and_nothing_is_ambiguous(int status)
    {
        var outcome = await SendAsync(new ReceiverOptions { Fail = _ => status }, config => config);
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Status.ShouldBe(status);
        outcome.Ambiguous.ShouldBeFalse();
    }

    private async Task<TriggerOutcome> SendAsync(ReceiverOptions options, Func<TriggerConfig, TriggerConfig> configure, ChangeEvent? change = null, int replay = 0)
    {
        await using var listener = await StartAsync(options);
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new TektonTrigger(configure(Config(listener.Url)), http, TimeProvider.System);
        return await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, trigger.Render(change ?? Pushes.Event()), 1, replay), Stop);
    }

    private Task<EventListener> StartAsync(ReceiverOptions options) => EventListener.StartAsync(options with { Received = arrivals.Add }, Stop);

    private static TriggerConfig Config(Uri url) => Build.Trigger() with { Url = url };
}
