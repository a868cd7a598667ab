using System.Globalization;
using Microsoft.AspNetCore.Http;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Tests.Delivery.Triggers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Cli.Receiver;

/// <summary><c>listen</c> verifies webhooks as the libraries of Standard Webhooks do.</summary>
public sealed class StandardWebhookTests
{
    private const string Old = "whsec_b2xk";
    private const string New = "whsec_bmV3";

    [Theory]
    [InlineData(Old, Old, true)]
    [InlineData(New + " " + Old, Old, true)]
    [InlineData(New + " " + Old, New, true)]
    [InlineData(New, New + " " + Old, true)]
    [InlineData(New, Old, false)]
    [InlineData("raw", "raw", true)]
    public async Task What_the_trigger_signs_is_verified(string sent, string known, bool passes)
    {
        var story = new HttpStory((config, http, time) => new WebhookTrigger(config, http, time));
        await story.SendAsync(config => config with { Secret = new Secret(sent) });
        var arrival = story.Arrivals[0];
        var verdict = Judge(arrival.Headers.ToDictionary(pair => pair.Key, pair => pair.Value), arrival.Body, known);
        (verdict.Passes, verdict.Interceptor).ShouldBe((passes, "webhook"));
    }

    [Theory]
    [InlineData(-400, false)]
    [InlineData(-200, true)]
    [InlineData(400, false)]
    public void An_old_timestamp_is_refused_though_its_signature_is_right(int seconds, bool passes)
    {
        var timestamp = TimeProvider.System.GetUtcNow().AddSeconds(seconds).ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        var headers = new Dictionary<string, string>
        {
            ["webhook-id"] = "a",
            ["webhook-timestamp"] = timestamp,
            ["webhook-signature"] = WebhookSecret.Sign("old"u8.ToArray(), "a", timestamp, [1, 2]),
        };
        Judge(headers, [1, 2], Old).Passes.ShouldBe(passes);
    }

    [Fact]
    public void Nothing_signed_does_not_pass() =>
        Judge(new() { ["webhook-id"] = "a" }, [], Old).Passes.ShouldBeFalse();

    private static Verdict Judge(Dictionary<string, string> headers, byte[] body, string secret)
    {
        var received = new HeaderDictionary();
        foreach (var (name, value) in headers)
        {
            received[name] = value;
        }

        return Interceptor.Judge(received, body, new Secret(secret), TimeProvider.System);
    }
}
