using System.Net;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

/// <summary><c>POST /triggers/{name}/test</c>: one made-up event, straight to the destination.</summary>
public sealed class TriggerTestTests
{
    private readonly List<Arrival> arrivals = [];

    [Fact]
    public async Task A_test_looks_like_a_push_is_marked_and_is_stored_nowhere()
    {
        await using var listener = await EventListener.StartAsync(new ReceiverOptions { Received = arrivals.Add, Secret = new Secret("s") }, TestContext.Current.CancellationToken);
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger() with { Url = listener.Url, Secret = new Secret("s") }] });
        var result = await TestAsync(host, "tekton");

        result.GetProperty("outcome").GetString().ShouldBe("accepted");
        result.GetProperty("status").GetInt32().ShouldBe(202);
        result.GetProperty("reason").ValueKind.ShouldBe(JsonValueKind.Null);
        result.GetProperty("answer").GetString().ShouldNotBeNull().ShouldContain("eventID");
        result.GetProperty("receipt_id").GetString().ShouldBe(arrivals[0].EventId);
        result.GetProperty("phases").GetProperty("connect").GetDouble().ShouldBeGreaterThan(0);
        var arrival = arrivals.ShouldHaveSingleItem();
        arrival.Verdict.Passes.ShouldBeTrue();
        arrival.Headers["X-RepoSentry-Test"].ShouldBe("true");
        arrival.Headers["X-GitHub-Event"].ShouldBe("push");
        arrival.Headers["X-GitHub-Delivery"].ShouldBe(result.GetProperty("event_id").GetString());
        using var body = JsonDocument.Parse(arrival.Body);
        body.RootElement.Text("ref").ShouldBe("refs/heads/reposentry-test");
        body.RootElement.Text("repository.name").ShouldBe("web");
        (await host.JsonAsync("/api/v1/events")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await host.JsonAsync("/api/v1/deliveries")).GetProperty("items").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public async Task A_refusal_is_an_answer_and_pauses_nothing()
    {
        await using var listener = await EventListener.StartAsync(new ReceiverOptions { Fail = _ => 410 }, TestContext.Current.CancellationToken);
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger() with { Url = listener.Url }], Repositories = [] });
        var result = await TestAsync(host, "tekton");
        result.GetProperty("outcome").GetString().ShouldBe("give_up");
        result.GetProperty("reason").GetString().ShouldNotBeNull().ShouldContain("410");
        (await host.JsonAsync("/api/v1/triggers")).GetProperty("items")[0].GetProperty("state").GetString().ShouldBe("running");
    }

    [Fact]
    public async Task Every_type_of_trigger_can_be_tried_out()
    {
        await using var listener = await EventListener.StartAsync(new ReceiverOptions { Received = arrivals.Add }, TestContext.Current.CancellationToken);
        await using var host = await RunningHost.StartAsync(config => config with
        {
            Triggers =
            [
                Build.Trigger("hook") with { Type = "webhook", Url = listener.Url, Secret = new Secret("whsec_aG9vaw==") },
                Build.Trigger("broker") with { Type = "cloudevents", Url = listener.Url, Mode = "structured" },
                Build.Trigger("program") with { Type = "exec", Url = null, Exec = new ExecConfig(["sh", "-c", "echo $REPOSENTRY_TEST $REPOSENTRY_REF; exit 75"], new Dictionary<string, Secret>(), "") },
            ],
        });
        (await TestAsync(host, "hook")).GetProperty("outcome").GetString().ShouldBe("accepted");
        (await TestAsync(host, "broker")).GetProperty("outcome").GetString().ShouldBe("accepted");
        arrivals.ShouldAllBe(arrival => arrival.Headers["X-RepoSentry-Test"] == "true");
        arrivals[0].Headers["webhook-signature"].ShouldStartWith("v1,");
        var program = await TestAsync(host, "program");
        program.GetProperty("reason").GetString().ShouldBe("exit code 75: true refs/heads/reposentry-test");
        program.GetProperty("phases").ValueKind.ShouldBe(JsonValueKind.Null);
    }

    [Fact]
    public async Task An_unknown_trigger_is_not_found_and_the_description_warns()
    {
        await using var host = await RunningHost.StartAsync();
        using var response = await host.Http.PostAsync(new Uri("/api/v1/triggers/nope/test", UriKind.Relative), null, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.NotFound);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var operation = (await host.JsonAsync("/openapi/v1.json")).GetProperty("paths").GetProperty("/api/v1/triggers/{name}/test").GetProperty("post");
        operation.GetProperty("description").GetString().ShouldNotBeNull().ShouldContain("a Tekton pipeline may start");
        operation.GetProperty("responses").EnumerateObject().Select(answer => answer.Name).ShouldBe(["200", "404", "409", "422", "401", "403", "429", "503"], ignoreOrder: true);
    }

    private static async Task<JsonElement> TestAsync(RunningHost host, string trigger)
    {
        using var response = await host.Http.PostAsync(new Uri($"/api/v1/triggers/{trigger}/test", UriKind.Relative), null, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(HttpStatusCode.OK);
        return JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
    }
}
