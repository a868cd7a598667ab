using Dapper;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Storage;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>What asks for somebody stands first, and what can be done follows what is.</summary>
public sealed class UrgencyTests
{
    private static readonly string[] Names = ["a", "b", "c", "d", "e"];

    [Fact]
    public async Task Of_many_deliveries_the_dead_and_the_waiting_ones_stand_before_the_others()
    {
        await using var host = await RunningHost.StartAsync(Five);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var name in Names)
        {
            await surfer.PostAsync($"/triggers/{name}/pause", proof: false);
        }

        await host.RecordAsync(1, triggers: Names);
        await WriteAsync(host, "UPDATE deliveries SET status = 'delivered', last_status = 202 WHERE trigger_name IN ('a', 'b', 'c')");
        await WriteAsync(host, "UPDATE deliveries SET status = 'dead', last_status = 410, last_error = 'gone' WHERE trigger_name = 'e'");

        var list = (await surfer.GetAsync("/events")).Html;
        var cell = list[list.IndexOf("class=\"sent bad\"", StringComparison.Ordinal)..];
        cell.ShouldContain("e · dead letter · 410");
        cell.IndexOf("e · dead letter", StringComparison.Ordinal).ShouldBeLessThan(cell.IndexOf("d · waiting", StringComparison.Ordinal));
        cell.IndexOf("d · waiting", StringComparison.Ordinal).ShouldBeLessThan(cell.IndexOf("a · 202", StringComparison.Ordinal));
        cell.ShouldContain("and 2 more");
        cell.ShouldNotContain("b · 202");

        var id = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0].GetProperty("id").GetString();
        var page = (await surfer.GetAsync($"/events/{id}")).Html;
        var cards = page[page.IndexOf("id=\"event-deliveries\"", StringComparison.Ordinal)..];
        Names.Select(name => cards.IndexOf($"/triggers/{name}\"", StringComparison.Ordinal)).ShouldAllBe(at => at > 0);
        cards.IndexOf("/triggers/e\"", StringComparison.Ordinal).ShouldBeLessThan(cards.IndexOf("/triggers/a\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_can_be_done_is_part_of_what_is_read_again()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/repositories/web")).Html.ShouldContain("id=\"repository-actions\" data-live");
        (await surfer.GetAsync("/triggers/tekton")).Html.ShouldContain("id=\"trigger-actions\" data-live");
    }

    [Fact]
    public async Task A_trigger_that_is_removed_is_listed_as_long_as_it_has_dead_letters()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await host.RecordAsync(1, triggers: ["left"]);
        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE trigger_name = 'left'");

        (await surfer.GetAsync("/triggers")).Html.ShouldContain("href=\"/triggers/left\"");
    }

    [Fact]
    public async Task What_is_worst_stands_first_on_the_fleet()
    {
        await using var host = await RunningHost.StartAsync(Five);
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/a/pause", proof: false);
        await host.RecordAsync(1, triggers: ["left"]);
        await WriteAsync(host, "UPDATE deliveries SET status = 'dead' WHERE trigger_name = 'left'");
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/status")).GetProperty("fleet").GetProperty("failing").GetInt32() == 2);

        var html = (await surfer.GetAsync("/")).Html;
        var incidents = html[html.IndexOf("class=\"incidents\"", StringComparison.Ordinal)..];
        var order = new[] { "/repositories/web", "/triggers/a", "/triggers/left" }.Select(path => incidents.IndexOf($"href=\"{path}\"", StringComparison.Ordinal)).ToList();
        order.ShouldAllBe(at => at >= 0);
        order.ShouldBe(order.Order());
    }

    [Theory]
    [InlineData("tekton", "http://user:pass@el.ci.svc:8080/hook/x?token=abc#f", "http://el.ci.svc:8080/hook/x")]
    [InlineData("webhook", "https://hooks.example.com/services/T0/B0/secret?x=1", "https://hooks.example.com")]
    public void A_trigger_tells_where_it_posts_and_nothing_that_may_be_secret(string type, string url, string shown)
    {
        var view = TriggerView.Of(Build.Trigger() with { Type = type, Url = new Uri(url), Events = ["branch_*"], Headers = new Dictionary<string, Secret> { ["X-Key"] = new Secret("k") } }, "running", null, 0, 0, null);
        (view.Url, view.Command, view.Format).ShouldBe((shown, null, type == "tekton" ? "auto" : null));
        view.Events.ShouldBe(["branch_*"]);
    }

    [Fact]
    public async Task Doing_it_to_many_names_them_and_asks_first()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/repositories")).Html.ShouldContain("id=\"bulk-pause\"");
        var done = await surfer.PostAsync("/repositories", proof: false, ("do", "pause"), ("name", "web"), ("name", "group/api"), ("name", "nope"));
        done.Html.ShouldContain("done for 2 of 3");
        done.Html.ShouldContain("web, group/api");
        done.Html.ShouldContain("/repositories/nope");
    }

    private static SentryConfig Five(SentryConfig config) => config with { Triggers = [.. Names.Select(name => Build.Trigger() with { Name = name })] };

    private static Task WriteAsync(RunningHost host, string sql) =>
        host.Services.GetRequiredService<IDatabase>().WriteAsync(scope => scope.Connection.ExecuteAsync(sql, transaction: scope.Transaction), CancellationToken.None);
}
