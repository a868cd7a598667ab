using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using RepoSentry.Storage;
using RepoSentry.Tests.Api.Access;
using RepoSentry.Tests.Hosting;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class TektonEventTests
{
    private const string Created = "dev.tekton.event.triggers.successful.v1";

    [Fact]
    public async Task An_event_shows_what_its_pipeline_did_whatever_the_order_it_is_told_in()
    {
        await using var listener = await Receivers.StartAsync();
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [config.Triggers[0] with { Url = new Uri(listener.Url) }] });
        await host.RecordAsync(1, triggers: [RunningHost.TriggerName]);
        await RunningHost.UntilAsync(async () => await OutcomeAsync(host) is { ValueKind: JsonValueKind.Object });
        (await OutcomeAsync(host))!.Value.GetProperty("state").GetString().ShouldBe("accepted");

        // Success first, then what came before it, then success again.
        (await SendAsync(host, "dev.tekton.event.pipelinerun.successful.v1", Run("u1", "Succeeded", "Tasks Completed: 3"))).ShouldBe(202);
        (await SendAsync(host, "dev.tekton.event.pipelinerun.started.v1", Run("u1", "Started", ""))).ShouldBe(202);
        (await SendAsync(host, Created, "{}", Receivers.Receipt)).ShouldBe(202);
        (await SendAsync(host, "dev.tekton.event.pipelinerun.successful.v1", Run("u1", "Succeeded", "Tasks Completed: 3"))).ShouldBe(202);

        var outcome = (await OutcomeAsync(host))!.Value;
        outcome.GetProperty("state").GetString().ShouldBe("succeeded");
        outcome.GetProperty("receipt_id").GetString().ShouldBe(Receivers.Receipt);
        outcome.GetProperty("runs").EnumerateArray().ShouldHaveSingleItem().GetProperty("name").GetString().ShouldBe("build-u1");

        (await SendAsync(host, "dev.tekton.event.pipelinerun.failed.v1", Run("u2", "Failed", "Tasks Completed: 1 (Failed: 1)"))).ShouldBe(202);
        (await OutcomeAsync(host))!.Value.GetProperty("summary").GetString()!.ShouldContain("build-u2 failed: Tasks Completed: 1 (Failed: 1)");
    }

    [Theory]
    [InlineData("", "{}", 400)]
    [InlineData(Created, "no json", 400)]
    [InlineData(Created, "[]", 202)]
    [InlineData("dev.tekton.event.pipelinerun.successful.v1", "{\"pipelineRun\":7}", 202)]
    [InlineData("dev.tekton.event.pipelinerun.successful.v1", "{\"pipelineRun\":{\"metadata\":{\"labels\":[1]}}}", 202)]
    [InlineData("dev.tekton.event.customrun.successful.v1", "{}", 202)]
    public async Task What_says_nothing_of_ours_is_taken_and_forgotten(string type, string data, int status)
    {
        await using var host = await RunningHost.StartAsync();

        (await SendAsync(host, type, data)).ShouldBe(status);
    }

    [Fact]
    public async Task Where_tokens_are_needed_Tekton_sends_one_in_the_address()
    {
        await using var story = await AccessStory.StartAsync();
        var token = await story.CreateAsync("tekton", Role.Operator);
        var viewer = await story.CreateAsync("viewer", Role.Viewer);

        (await SendAsync(story.Host, Created, "{}", "r-1")).ShouldBe(401);
        (await SendAsync(story.Host, Created, "{}", "r-1", "tekton:" + viewer)).ShouldBe(403);
        (await SendAsync(story.Host, Created, "{}", "r-1", "tekton:" + token)).ShouldBe(202);
        using var elsewhere = new HttpRequestMessage(HttpMethod.Get, "/api/v1/events") { Headers = { Authorization = Basic("tekton:" + token) } };
        (await story.Host.Http.SendAsync(elsewhere, TestContext.Current.CancellationToken)).StatusCode.ShouldBe(System.Net.HttpStatusCode.Unauthorized);
    }

    private static string Run(string uid, string reason, string message) => JsonSerializer.Serialize(new
    {
        pipelineRun = new
        {
            metadata = new { name = "build-" + uid, @namespace = "ci", uid, labels = new Dictionary<string, string> { ["triggers.tekton.dev/triggers-eventid"] = Receivers.Receipt } },
            status = new { conditions = new[] { new { type = "Succeeded", status = "True", reason, message } } },
        },
    });

    private static async Task<JsonElement?> OutcomeAsync(RunningHost host)
    {
        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        var outcomes = (await host.JsonAsync("/api/v1/events/" + id)).GetProperty("outcomes");
        return outcomes.GetArrayLength() == 0 ? null : outcomes[0];
    }

    private static async Task<int> SendAsync(RunningHost host, string type, string data, string id = "1", string? credential = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/tekton/events") { Content = new StringContent(data, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("ce-type", type);
        request.Headers.TryAddWithoutValidation("ce-id", id);
        request.Headers.TryAddWithoutValidation("ce-specversion", "1.0");
        request.Headers.Authorization = credential is null ? null : Basic(credential);
        return (int)(await host.Http.SendAsync(request)).StatusCode;
    }

    private static AuthenticationHeaderValue Basic(string pair) => new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes(pair)));
}
