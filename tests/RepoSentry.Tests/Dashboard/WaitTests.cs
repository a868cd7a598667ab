using Dapper;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Storage;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>One look at an event tells why it has not arrived: the pages say what the API says.</summary>
public sealed class WaitTests
{
    private const string Trigger = "tekton";

    [Fact]
    public async Task Of_a_paused_trigger_an_event_says_who_paused_it_and_that_nothing_was_sent()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await host.RecordAsync(1, triggers: [Trigger]);

        var html = await PageOfAsync(host, surfer, "the trigger is paused (paused by an operator): it is sent when somebody resumes it");
        html.ShouldContain("tekton waits:");
        html.ShouldContain("Not sent to tekton yet");
        html.ShouldNotContain("Sent to tekton<");
        html.ShouldNotContain("never");
    }

    [Fact]
    public async Task What_is_sent_again_to_a_paused_trigger_is_said_to_wait()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await host.RecordAsync(1, triggers: [Trigger]);
        var path = "/events/" + (await EventAsync(host)).GetProperty("id").GetString();
        (await host.JsonAsync("/api/v1/repositories/web/explain")).GetProperty("triggers")[0].GetProperty("says").GetString()
            .ShouldBe("has not sent the last event: it is paused, so events wait (paused by an operator)");

        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE id = 1");
        (await surfer.PostAsync("/deliveries/1/retry", proof: false)).Location.ShouldBe(path + "?said=retried-paused");
        var html = (await surfer.GetAsync(path + "?said=retried-paused")).Html;
        html.ShouldContain("It waits: its trigger is paused");
        html.ShouldNotContain("at once");

        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE id = 1");
        (await surfer.PostAsync("/triggers/tekton/recover", proof: false, ("sure", "yes"))).Html.ShouldContain("they wait until the trigger sends again");
        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE id = 1");
        foreach (var to in new[] { "", Trigger })
        {
            (await surfer.PostAsync(path + "/replay", proof: false, ("trigger", to))).Location.ShouldBe(path + "?said=replayed-paused");
            await WriteAsync(host, "UPDATE deliveries SET status = 'dead'");
        }

        (await surfer.GetAsync(path + "?said=replayed-paused", "zh-CN")).Html.ShouldContain("它在等待：触发器已暂停");
    }

    [Fact]
    public async Task What_no_receiver_took_has_no_tick_and_tells_the_last_error_and_the_next_attempt()
    {
        await using var host = await RunningHost.StartAsync(Patiently);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await host.RecordAsync(1, triggers: [Trigger]);
        await RunningHost.UntilAsync(async () => (await DeliveryAsync(host)).GetProperty("last_error").GetString() is not null);

        var html = await PageOfAsync(host, surfer, "attempt 1 failed (");
        html.ShouldContain("the next one is at ");
        html.ShouldContain("<li class=\"bad\">");
        html.ShouldContain("Did not reach tekton");
    }

    [Fact]
    public async Task An_event_behind_an_older_one_of_its_ref_says_what_goes_first()
    {
        await using var host = await RunningHost.StartAsync(Patiently);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await host.RecordAsync(1, triggers: [Trigger]);
        await host.RecordAsync(1, triggers: [Trigger]);
        await RunningHost.UntilAsync(async () => await WaitsAsync(host) is { } waits && waits.Contains("failed", StringComparison.Ordinal));
        await PageOfAsync(host, surfer, "one older event of this ref goes first: attempt ");
    }

    [Fact]
    public async Task An_outage_is_explained_on_the_event_the_trigger_and_the_fleet()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger() with { Retry = new RetryConfig { Initial = TimeSpan.FromSeconds(1), Max = TimeSpan.FromSeconds(1) } }] });
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await host.RecordAsync(6, triggers: [Trigger]);
        await RunningHost.UntilAsync(() => Task.FromResult(host.Services.GetRequiredService<DeliveryWorkers>().All[0].View.State == "open")); // five failures and ten seconds

        await PageOfAsync(host, surfer, "the breaker is open, the receiver fails: ");
        var page = "/events/" + (await EventAsync(host)).GetProperty("id").GetString();
        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE id = 6");
        (await surfer.PostAsync("/deliveries/6/retry", proof: false)).Location.ShouldBe(page + "?said=retried-open");
        (await surfer.GetAsync(page + "?said=retried-open")).Html.ShouldContain("It waits: the receiver fails");
        var reason = (await host.JsonAsync("/api/v1/triggers")).GetProperty("items")[0].GetProperty("reason").GetString()!;
        reason.ShouldContain("efused");
        (await surfer.GetAsync("/")).Html.ShouldContain(reason);
        var html = (await surfer.GetAsync("/triggers/tekton")).Html;
        html.ShouldContain(reason);
        html.ShouldContain("aria-current=\"true\">waiting");
        html.ShouldContain("/triggers/tekton/pause");
        html.ShouldNotContain("/triggers/tekton/resume");
    }

    [Fact]
    public async Task The_newest_attempts_stand_first_and_all_of_them_can_be_reached()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await host.RecordAsync(1, triggers: [Trigger]);
        await WriteAsync(host, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 54) INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome, error, ambiguous) SELECT 1, i, '2026-11-24 12:00:00', 'try_again', 'failure ' || i || '!', 0 FROM n");
        await WriteAsync(host, "UPDATE deliveries SET attempts = 54 WHERE id = 1");
        var path = "/events/" + (await EventAsync(host)).GetProperty("id").GetString();

        (await host.JsonAsync("/api/v1/deliveries/1?order=newest&limit=1")).GetProperty("attempts").GetProperty("items")[0].GetProperty("number").GetInt32().ShouldBe(54);
        (await host.JsonAsync("/api/v1/deliveries/1?limit=1")).GetProperty("attempts").GetProperty("items")[0].GetProperty("number").GetInt32().ShouldBe(1);
        ((int)(await host.SendAsync("/api/v1/deliveries/1?order=best")).StatusCode).ShouldBe(400);
        var html = (await surfer.GetAsync(path)).Html;
        html.ShouldContain("failure 54!");
        html.ShouldContain($"{path}?delivery=1\"");
        html = (await surfer.GetAsync($"{path}?delivery=1")).Html;
        var next = html.Split("rel=\"next\" href=\"")[1].Split('"')[0];
        (await surfer.GetAsync(next)).Html.ShouldContain("failure 1!");
        (await surfer.GetAsync($"{path}?delivery=99")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task No_delivery_of_an_event_is_out_of_sight()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await host.RecordAsync(1, triggers: [Trigger]);
        await WriteAsync(host, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 24) INSERT INTO deliveries (event_id, repository_id, trigger_name, status, replay, created_at) SELECT event_id, repository_id, trigger_name, 'delivered', i, created_at FROM deliveries, n WHERE id = 1");
        var path = "/events/" + (await EventAsync(host)).GetProperty("id").GetString();

        var html = (await surfer.GetAsync(path)).Html;
        html.ShouldContain("Older deliveries (5)");
        html.ShouldContain($"{path}?delivery=1\"");
        (await surfer.GetAsync($"{path}?delivery=1")).Status.ShouldBe(200);
    }

    private static SentryConfig Patiently(SentryConfig config) => config with { Triggers = [Build.Trigger() with { Retry = new RetryConfig { Initial = TimeSpan.FromMinutes(5), Max = TimeSpan.FromMinutes(5) } }] };

    private static async Task<string> PageOfAsync(RunningHost host, Surfer surfer, string sentence)
    {
        (await WaitsAsync(host)).ShouldNotBeNull().ShouldContain(sentence);
        var html = (await surfer.GetAsync("/events/" + (await EventAsync(host)).GetProperty("id").GetString())).Html;
        html.ShouldContain(sentence);
        return html;
    }

    private static async Task<string?> WaitsAsync(RunningHost host)
    {
        var id = (await EventAsync(host)).GetProperty("id").GetString();
        var delivery = (await host.JsonAsync($"/api/v1/events/{id}")).GetProperty("deliveries")[0];
        return delivery.TryGetProperty("waits", out var waits) ? waits.GetString() : null;
    }

    private static async Task<System.Text.Json.JsonElement> EventAsync(RunningHost host) => (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0];

    private static async Task<System.Text.Json.JsonElement> DeliveryAsync(RunningHost host) => (await EventAsync(host)).GetProperty("deliveries")[0];

    private static Task WriteAsync(RunningHost host, string sql) =>
        host.Services.GetRequiredService<IDatabase>().WriteAsync(scope => scope.Connection.ExecuteAsync(sql, transaction: scope.Transaction), CancellationToken.None);
}
