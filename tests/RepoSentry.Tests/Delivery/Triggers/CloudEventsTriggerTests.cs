using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using CloudNative.CloudEvents;
using CloudNative.CloudEvents.Http;
using CloudNative.CloudEvents.SystemTextJson;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Delivery.Triggers;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Triggers;

/// <summary>Judged by the SDK of the CloudEvents project.</summary>
public sealed class CloudEventsTriggerTests
{
    private readonly HttpStory story = new((config, http, time) => new CloudEventsTrigger(config, http, time));

    [Theory]
    [InlineData("binary", "refs/heads/main")]
    [InlineData("structured", "refs/heads/main")]
    [InlineData("binary", "refs/heads/füße/日本")]
    [InlineData("structured", "refs/tags/100%-\"quoted\"-%0A")]
    public async Task The_SDK_reads_both_modes(string mode, string name)
    {
        var change = Pushes.Event(name).Known();
        (await story.SendAsync(config => config with { Mode = mode }, change)).ShouldBeOfType<TriggerOutcome.Accepted>();
        var read = await ReadAsync(story.Arrivals.ShouldHaveSingleItem());
        read.IsValid.ShouldBeTrue();
        read.SpecVersion.ShouldBe(CloudEventsSpecVersion.V1_0);
        read.Id.ShouldBe(Pushes.EventId.ToString());
        read.Type.ShouldBe("dev.reposentry.repository." + change.Change.Type.Name());
        read.Source!.ToString().ShouldBe("https://github.com/acme/web");
        read.Subject.ShouldBe(name);
        read.Time!.Value.ToString("O", CultureInfo.InvariantCulture).ShouldBe("2026-11-24T12:00:00.0000000+00:00");
        read.DataContentType.ShouldBe("application/json");
        read.Data.ShouldBeOfType<JsonElement>().Text("commit.sha").ShouldBe(Build.Commit('2'));
    }

    [Fact]
    public async Task The_modes_are_told_apart_by_the_content_type()
    {
        await story.SendAsync(config => config with { Mode = "binary" });
        await story.SendAsync(config => config with { Mode = "structured" });
        story.Arrivals[0].Headers["Content-Type"].ShouldBe("application/json");
        story.Arrivals[0].Headers.ShouldContainKey("ce-id");
        story.Arrivals[1].Headers["Content-Type"].ShouldBe("application/cloudevents+json; charset=utf-8");
        story.Arrivals[1].Headers.Keys.ShouldNotContain(name => name.StartsWith("ce-", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Who_sends_is_told_by_the_users_headers_and_they_do_not_come_back()
    {
        var headers = new Dictionary<string, Secret> { ["Authorization"] = new("Bearer abc") };
        await story.SendAsync(config => config with { Headers = headers });
        story.Arrivals[0].Headers["Authorization"].ShouldBe("Bearer abc");
        story.Arrivals[0].Headers.Keys.ShouldNotContain(name => name.Contains("signature", StringComparison.OrdinalIgnoreCase));
    }

    private static async Task<CloudEvent> ReadAsync(Arrival arrival)
    {
        using var response = new HttpResponseMessage { Content = new ByteArrayContent(arrival.Body) };
        response.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(arrival.Headers["Content-Type"]);
        foreach (var (name, value) in arrival.Headers)
        {
            _ = response.Headers.TryAddWithoutValidation(name, value);
        }

        response.IsCloudEvent().ShouldBeTrue();
        return await response.ToCloudEventAsync(new JsonEventFormatter(), extensionAttributes: null);
    }
}
