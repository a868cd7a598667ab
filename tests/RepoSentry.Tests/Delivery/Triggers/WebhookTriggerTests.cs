using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Network;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

public sealed class WebhookTriggerTests
{
    private const string Whsec = "whsec_plJ3nmyCDGBKInavdOK15jsl";

    private readonly HttpStory story = new((config, http, time) => new WebhookTrigger(config, http, time));

    [Fact]
    public async Task The_signature_is_that_of_the_published_example()
    {
        // Of https://github.com/standard-webhooks/standard-webhooks, the specification's own example.
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1731705121));
        var arrivals = new List<Arrival>();
        await using var listener = await EventListener.StartAsync(new ReceiverOptions { Received = arrivals.Add }, TestContext.Current.CancellationToken);
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new WebhookTrigger(Build.Trigger() with { Url = listener.Url, Secret = new Secret(Whsec) }, http, time);
        var message = new TriggerMessage(
            new Dictionary<string, string> { ["Content-Type"] = "application/json", ["webhook-id"] = "msg_loFOjxBNrRLzqYUf" },
            Encoding.UTF8.GetBytes("""{"event_type":"ping","data":{"success":true}}"""));

        await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, message, 1, 0), TestContext.Current.CancellationToken);
        arrivals[0].Headers["webhook-timestamp"].ShouldBe("1731705121");
        arrivals[0].Headers["webhook-signature"].ShouldBe("v1,rAvfW3dJ/X/qxhsaXPOyyCGmRKsaKWcsNccKXlIktD0=");
    }

    [Fact]
    public async Task The_event_id_is_the_webhook_id_and_the_body_is_native()
    {
        var outcome = await story.SendAsync(config => config with { Secret = new Secret("plain text") }, replay: 1);
        outcome.ShouldBeOfType<TriggerOutcome.Accepted>().Status.ShouldBe(202);
        var arrival = story.Arrivals.ShouldHaveSingleItem();
        arrival.Headers["webhook-id"].ShouldBe(Pushes.EventId.ToString());
        arrival.Headers["Content-Type"].ShouldBe("application/json");
        arrival.Headers["X-RepoSentry-Idempotency-Name"].ShouldBe($"{Pushes.EventId}-r1");
        arrival.Headers.Keys.ShouldNotContain(name => name.StartsWith("ce-", StringComparison.OrdinalIgnoreCase));
        using var json = JsonDocument.Parse(arrival.Body);
        json.RootElement.Text("data.id").ShouldBe(Pushes.EventId.ToString());
        var signed = Encoding.UTF8.GetBytes($"{Pushes.EventId}.{arrival.Headers["webhook-timestamp"]}.").Concat(arrival.Body).ToArray();
        arrival.Headers["webhook-signature"].ShouldBe("v1," + Convert.ToBase64String(HMACSHA256.HashData("plain text"u8, signed)));
    }

    [Fact]
    public async Task A_secret_in_rotation_signs_once_with_each_key()
    {
        await story.SendAsync(config => config with { Secret = new Secret($"{Whsec} whsec_bmV3ZXI=") });
        var signatures = story.Arrivals[0].Headers["webhook-signature"].Split(' ');
        signatures.Length.ShouldBe(2);
        signatures.ShouldAllBe(signature => signature.StartsWith("v1,", StringComparison.Ordinal) && signature.Length == 47);
        signatures[0].ShouldNotBe(signatures[1]);
    }

    [Fact]
    public async Task Timestamp_and_signature_are_made_for_each_attempt()
    {
        var time = new FakeTimeProvider(Build.Noon);
        await story.SendAsync(config => config with { Secret = new Secret(Whsec) }, time: time);
        time.Advance(TimeSpan.FromHours(3));
        await story.SendAsync(config => config with { Secret = new Secret(Whsec) }, time: time);
        story.Arrivals[1].Body.ShouldBe(story.Arrivals[0].Body);
        (long.Parse(story.Arrivals[1].Headers["webhook-timestamp"]) - long.Parse(story.Arrivals[0].Headers["webhook-timestamp"])).ShouldBe(3 * 3600);
        story.Arrivals[1].Headers["webhook-signature"].ShouldNotBe(story.Arrivals[0].Headers["webhook-signature"]);
    }

    [Fact]
    public async Task Without_a_secret_nothing_is_signed()
    {
        (await story.SendAsync(config => config with { Secret = null })).ShouldBeOfType<TriggerOutcome.Accepted>();
        story.Arrivals[0].Headers.ShouldNotContainKey("webhook-signature");
        story.Arrivals[0].Headers.ShouldContainKey("webhook-timestamp");
    }

    [Fact]
    public async Task A_rotated_secret_that_is_no_base64_is_not_sent()
    {
        var outcome = await story.SendAsync(config => config with { Secret = new Secret("whsec_***") });
        outcome.ShouldBeOfType<TriggerOutcome.TryAgain>().Reason.ShouldContain("not base64");
        outcome.Ambiguous.ShouldBeFalse();
        story.Arrivals.ShouldBeEmpty();
    }

    [Fact]
    public async Task Neither_secret_nor_signature_comes_back_in_an_echoed_answer()
    {
        string? echo = null;
        await using var server = new RawServer(async (stream, token) =>
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 500 No\r\nContent-Length: {echo!.Length}\r\n\r\n{echo}"), token);
        });
        var time = new FakeTimeProvider(Build.Noon);
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var trigger = new WebhookTrigger(Build.Trigger() with { Url = server.Url, Secret = new Secret($"{Whsec} whsec_bmV3ZXI=") }, http, time);
        await story.SendAsync(config => config with { Secret = new Secret($"{Whsec} whsec_bmV3ZXI=") }, time: time);
        echo = $"got {story.Arrivals[0].Headers["webhook-signature"].Split(' ')[1]} and whsec_bmV3ZXI=";

        var outcome = await trigger.SendAsync(new TriggerAttempt(Pushes.EventId, trigger.Render(Pushes.Event()), 1, 0), TestContext.Current.CancellationToken);
        outcome.Answer.ShouldBe("got *** and ***");
    }
}
