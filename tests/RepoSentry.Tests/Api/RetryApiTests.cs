using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class RetryApiTests
{
    [Fact]
    public async Task A_dead_letter_is_retried_by_its_number_and_an_event_replayed_by_its_id()
    {
        await using var host = await FailingAsync();
        var delivery = (await host.JsonAsync("/api/v1/deliveries?status=dead")).GetProperty("items")[0];

        var retry = await PostAsync(host, $"/api/v1/deliveries/{delivery.GetProperty("id")}/retry", "");
        retry.Status.ShouldBe(HttpStatusCode.Accepted);
        retry.Body.GetProperty("retried").GetInt64().ShouldBe(1);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync($"/api/v1/deliveries/{delivery.GetProperty("id")}")).GetProperty("delivery").GetProperty("attempts").GetInt32() > delivery.GetProperty("attempts").GetInt32());

        var replay = await PostAsync(host, $"/api/v1/events/{delivery.GetProperty("event_id").GetString()}/replay", "{}");
        replay.Status.ShouldBe(HttpStatusCode.Accepted);
        replay.Body.GetProperty("replayed").GetInt64().ShouldBe(1);
    }

    [Theory]
    [InlineData("/api/v1/deliveries/99/retry", "", 404)]
    [InlineData("/api/v1/events/none/replay", "{}", 404)]
    [InlineData("/api/v1/deliveries/retry", """{"trigger":"none"}""", 404)]
    [InlineData("/api/v1/deliveries/retry", """{"status":"delivered"}""", 400)]
    [InlineData("/api/v1/deliveries/retry", """{"triger":"tekton"}""", 400)]
    [InlineData("/api/v1/deliveries/retry", "[", 400)]
    [InlineData("/api/v1/deliveries/retry", "null", 400)]
    [InlineData("/api/v1/deliveries/retry", "", 400)]
    [InlineData("/api/v1/deliveries/retry", """{"dry_run":true}""", 400)]
    [InlineData("/api/v1/events/replay", "", 400)]
    [InlineData("/api/v1/events/replay?since=2026-11-24T12:00:00Z&dry_run=true", "", 200)]
    [InlineData("/api/v1/events/replay?sinse=2026-11-24T12:00:00Z", """{"status":"failed"}""", 400)]
    [InlineData("/api/v1/deliveries/retry", """{"since":"2000-01-01T00:00:00Z"}""", 202)]
    [InlineData("/api/v1/events/replay", """{"since":"yesterday"}""", 400)]
    [InlineData("/api/v1/events/replay", """{"type":"push"}""", 400)]
    [InlineData("/api/v1/events/replay", """{"status":"dead"}""", 400)]
    [InlineData("/api/v1/events/replay", """{"dry_run":true,"status":"failed"}""", 200)]
    public async Task What_cannot_be_asked_is_refused_with_a_problem(string path, string body, int status)
    {
        await using var host = await RunningHost.StartAsync();
        var answer = await PostAsync(host, path, body);
        ((int)answer.Status).ShouldBe(status);
        if (status >= 400)
        {
            answer.Body.GetProperty("type").GetString()!.ShouldStartWith("https://reposentry.dev/problems/");
            answer.Body.GetProperty("detail").GetString()!.ShouldNotContain("Exception");
        }
    }

    [Fact]
    public async Task What_waits_or_was_delivered_is_not_retried()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger()] });
        await host.RecordAsync(1, triggers: ["tekton"]); // nothing listens there: it waits
        var answer = await PostAsync(host, "/api/v1/deliveries/1/retry", "");
        answer.Status.ShouldBe(HttpStatusCode.Conflict);
        answer.Body.GetProperty("detail").GetString()!.ShouldContain("tried again by itself");
    }

    [Fact]
    public async Task An_explanation_says_which_refs_are_watched_and_which_triggers_fire()
    {
        await using var host = await RunningHost.StartAsync(config => config with
        {
            Triggers = [Build.Trigger(), Build.Trigger("audit") with { Events = ["tag_*"] }],
            Repositories = [config.Repositories[0] with { Branches = ["main", "release/*", "!release/old"], Tags = ["v*"], Triggers = ["audit"] }],
        });
        var told = await host.JsonAsync("/api/v1/repositories/web/explain?ref=release/old");
        told.GetProperty("ref").GetProperty("says").GetString().ShouldBe("not watched: !release/old excludes it");
        (await host.JsonAsync("/api/v1/repositories/web/explain?ref=refs/heads/release/1")).GetProperty("ref").GetProperty("says").GetString().ShouldBe("watched: release/* matches; the last look did not see it");
        (await host.JsonAsync("/api/v1/repositories/web/explain?ref=dev")).GetProperty("ref").GetProperty("watched").GetBoolean().ShouldBeFalse();
        var triggers = told.GetProperty("triggers");
        triggers[0].GetProperty("says").GetString()!.ShouldContain("names other triggers (audit)");
        triggers[1].GetProperty("event_types").EnumerateArray().Select(type => type.GetString()).ShouldBe(["tag_created", "tag_updated", "tag_deleted"]);
        triggers[1].GetProperty("says").GetString().ShouldBe("gets nothing of this ref: it is not watched");
        told.GetProperty("next_look").GetProperty("because").GetString().ShouldNotBeNullOrEmpty();
        (await host.JsonAsync("/api/v1/repositories/web/explain?ref=v2")).GetProperty("ref").GetProperty("name").GetString().ShouldBe("refs/tags/v2");
        await host.RecordAsync(1, triggers: []);
        var after = (await host.JsonAsync("/api/v1/repositories/web/explain")).GetProperty("triggers")[1].GetProperty("says").GetString();
        after.ShouldBe("did not get the last event: branch_updated is not among its events");
        (await host.SendAsync("/api/v1/repositories/none/explain")).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task Nothing_held_cannot_be_released()
    {
        await using var host = await RunningHost.StartAsync();
        (await PostAsync(host, "/api/v1/repositories/web/release", "")).Status.ShouldBe(HttpStatusCode.Conflict);
        (await PostAsync(host, "/api/v1/repositories/none/release", "")).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    /// <summary>One event whose delivery was refused for good.</summary>
    private static async Task<RunningHost> FailingAsync()
    {
        var receiver = RawServer.Answering("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger() with { Url = receiver.Url }] });
        await host.RecordAsync(1, triggers: ["tekton"]);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/deliveries?status=dead")).GetProperty("items").GetArrayLength() == 1);
        return host;
    }

    private static async Task<(HttpStatusCode Status, JsonElement Body)> PostAsync(RunningHost host, string path, string body)
    {
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await host.Http.PostAsync(new Uri(path, UriKind.Relative), content);
        return (response.StatusCode, await response.Content.ReadFromJsonAsync<JsonElement>());
    }
}
