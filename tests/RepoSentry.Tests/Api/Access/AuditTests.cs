using System.Text.Json;
using Dapper;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class AuditTests
{
    [Fact]
    public async Task Every_write_tells_who_did_what_from_where_and_what_came_of_it()
    {
        await using var story = await AccessStory.StartAsync();
        var operate = await story.CreateAsync("ops", Role.Operator);
        using var paused = await story.SendAsync(HttpMethod.Post, "/api/v1/triggers/tekton/pause", operate);
        paused.IsSuccessStatusCode.ShouldBeTrue();
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/repositories/group%2Fapi/release", operate)).ShouldBe(409);
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/deliveries/retry", operate, new { trigger = "tekton" })).ShouldBe(202);

        var rows = await story.AuditAsync();
        rows.Select(row => Text(row, "action")).ShouldBe(["deliveries.retry", "repository.release", "trigger.pause"]);
        (Text(rows[2], "actor"), Text(rows[2], "role"), Text(rows[2], "address"), Text(rows[2], "object"), Text(rows[2], "outcome"), Text(rows[2], "status"))
            .ShouldBe(("ops", "operator", "127.0.0.1", "tekton", "done", "202"));
        Text(rows[2], "request_id").ShouldBe(paused.Headers.GetValues("X-Request-Id").Single());
        (Text(rows[1], "object"), Text(rows[1], "outcome"), Text(rows[1], "status")).ShouldBe(("group/api", "failed", "409"));
        Text(rows[0], "object").ShouldBe("""{"trigger":"tekton","dry_run":false}""");
    }

    [Fact]
    public async Task Refused_writes_and_failed_sign_ins_stand_in_it_and_reads_do_not()
    {
        await using var story = await AccessStory.StartAsync();
        var view = await story.CreateAsync("eve", Role.Viewer);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", view)).ShouldBe(200);
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/triggers/tekton/pause", view)).ShouldBe(403);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/tokens", view)).ShouldBe(403);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", "rst_wrong")).ShouldBe(401);

        var rows = await story.AuditAsync();
        rows.Select(row => (Text(row, "actor"), Text(row, "action"), Text(row, "outcome"), Text(row, "status"))).ShouldBe(
            [("unknown", "sign_in", "refused", "401"), ("eve", "trigger.pause", "refused", "403")]);
    }

    [Fact]
    public async Task Whoever_fails_on_and_on_does_not_flood_it()
    {
        await using var story = await AccessStory.StartAsync();
        var view = await story.CreateAsync("eve", Role.Viewer);
        foreach (var _ in Enumerable.Range(0, 40))
        {
            await story.StatusAsync(HttpMethod.Get, "/api/v1/status", TokenSecret.Create());
            (await story.StatusAsync(HttpMethod.Post, "/api/v1/triggers/tekton/pause", view)).ShouldBe(403);
        }

        var (rows, _) = await story.Host.Services.GetRequiredService<AuditLog>().ListAsync(new AuditQuery(1000), TestContext.Current.CancellationToken);
        rows.CountBy(row => row.Action).ToDictionary().ShouldBe(new Dictionary<string, int> { ["sign_in"] = 10, ["trigger.pause"] = 10 }, ignoreOrder: true);
    }

    [Fact]
    public async Task It_is_read_page_by_page_and_by_who_and_what()
    {
        await using var story = await AccessStory.StartAsync();
        foreach (var number in Enumerable.Range(1, 7))
        {
            await story.JsonAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, new { name = $"t{number}", role = "viewer" });
        }

        await story.JsonAsync(HttpMethod.Delete, "/api/v1/tokens/t3", AccessStory.Bootstrap);
        var first = await story.JsonAsync(HttpMethod.Get, "/api/v1/audit?limit=5&action=token.create", AccessStory.Bootstrap);
        var second = await story.JsonAsync(HttpMethod.Get, $"/api/v1/audit?limit=5&action=token.create&cursor={first.GetProperty("next_cursor")}", AccessStory.Bootstrap);
        first.GetProperty("items").EnumerateArray().Concat(second.GetProperty("items").EnumerateArray()).Select(row => Text(row, "object")).ShouldBe(["t7", "t6", "t5", "t4", "t3", "t2", "t1"]);
        (await story.AuditAsync("&action=token.revoke&actor=bootstrap&outcome=done")).Count.ShouldBe(1);
        (await story.AuditAsync("&actor=nobody")).ShouldBeEmpty();
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/audit?outcome=lost", AccessStory.Bootstrap)).ShouldBe(400);
    }

    [Fact]
    public async Task Nothing_is_done_of_which_no_row_can_be_written()
    {
        await using var story = await AccessStory.StartAsync();
        using (var connection = SqliteDatabase.Connect(story.Host.DatabasePath, SqliteOpenMode.ReadWrite))
        {
            connection.Execute("CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'no more rows'); END");
        }

        (await story.StatusAsync(HttpMethod.Post, "/api/v1/triggers/tekton/pause", AccessStory.Bootstrap)).ShouldBe(503);
        (await story.StatusAsync(HttpMethod.Post, "/api/v1/tokens", AccessStory.Bootstrap, new { name = "ci", role = "admin" })).ShouldBe(503);
        (await story.JsonAsync(HttpMethod.Get, "/api/v1/triggers", AccessStory.Bootstrap)).GetProperty("items")[0].GetProperty("state").GetString().ShouldBe("running");
        (await story.Tokens.ListAsync(0, revoked: true, 10, TestContext.Current.CancellationToken)).ShouldBeEmpty();
    }

    private static string Text(JsonElement row, string name) => row.GetProperty(name).ToString();
}
