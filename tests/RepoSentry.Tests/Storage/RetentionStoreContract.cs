using Dapper;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class RetentionStoreContract : StoreContract
{
    private RetentionStore Store => new(Database);

    [Theory]
    [InlineData("delivered", 0)]
    [InlineData("superseded", 0)]
    [InlineData("unrouted", 0)]
    [InlineData("pending", 450)]
    [InlineData("failed", 450)]
    public async Task Old_events_are_forgotten_unless_they_are_undelivered_or_dead(string status, int left)
    {
        await OweAsync(450);
        await RunAsync($"UPDATE events SET status = '{status}'");
        await RunAsync("INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome) SELECT id, 1, created_at, 'accepted' FROM deliveries");

        (await Store.PruneEventsAsync(Build.Noon.AddDays(1), Token)).ShouldBe(450 - left);
        (await CountAsync("events")).ShouldBe(left);
        (await CountAsync("deliveries")).ShouldBe(left);
        (await CountAsync("delivery_attempts")).ShouldBe(left);
    }

    [Fact]
    public async Task Young_events_stay()
    {
        await OweAsync(10);
        await RunAsync("UPDATE events SET status = 'delivered'");
        (await Store.PruneEventsAsync(Build.Noon.AddMinutes(-1), Token)).ShouldBe(0);
        (await CountAsync("events")).ShouldBe(10);
    }

    [Fact]
    public async Task A_removed_repository_is_forgotten_with_its_last_event()
    {
        await OweAsync(2);
        await Repositories.ApplyAsync([], Token);
        await Store.PruneEventsAsync(Build.Noon.AddDays(1), Token);
        (await CountAsync("repository_states")).ShouldBe(1); // its events are undelivered
        await RunAsync("UPDATE events SET status = 'delivered'");
        await Store.PruneEventsAsync(Build.Noon.AddDays(1), Token);
        (await CountAsync("repository_states")).ShouldBe(0);
        (await CountAsync("refs")).ShouldBe(0);
    }

    [Fact]
    public async Task Attempts_are_forgotten_of_deliveries_that_are_over_only()
    {
        await OweAsync(3);
        await RunAsync("UPDATE deliveries SET status = CASE id WHEN 1 THEN 'delivered' WHEN 2 THEN 'dead' ELSE 'waiting' END");
        await RunAsync("INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome) SELECT id, 1, created_at, 'accepted' FROM deliveries");
        (await Store.PruneAttemptsAsync(Build.Noon.AddDays(1), Token)).ShouldBe(1);
        (await ScalarAsync<string>("SELECT GROUP_CONCAT(delivery_id) FROM delivery_attempts")).ShouldBe("2,3");
    }

    [Fact]
    public async Task A_halt_that_an_undelivered_age_depends_on_is_kept()
    {
        await OweAsync(1);
        await RunAsync("INSERT INTO trigger_halts (trigger_name, kind, reason, started_at, ended_at) VALUES ('tekton', 'breaker', '', '2026-11-24 12:30:00.000', '2026-11-24 13:00:00.000'), ('audit', 'breaker', '', '2026-11-24 12:30:00.000', '2026-11-24 13:00:00.000'), ('audit', 'pause', '', '2026-11-24 12:30:00.000', NULL)");
        await Store.PruneAttemptsAsync(Build.Noon.AddDays(9), Token);
        (await ScalarAsync<string>("SELECT GROUP_CONCAT(trigger_name || kind) FROM trigger_halts")).ShouldBe("tektonbreaker,auditpause");
    }

    [Fact]
    public async Task The_last_fifty_looks_of_a_repository_stay_however_old()
    {
        await RunAsync("""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
            INSERT INTO poll_outcomes (repository_id, started_at, duration_ms, outcome, source) SELECT (SELECT id FROM repository_states), '2026-11-01 00:00:00.000', 1, 'unchanged', 'git' FROM n
            """);
        (await Store.PrunePollsAsync(Build.Noon, Token)).ShouldBe(2450);
        (await ScalarAsync<long>("SELECT MIN(id) FROM poll_outcomes")).ShouldBe(2451);
    }

    private async Task OweAsync(int events) =>
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [.. Enumerable.Range(0, events).Select(_ => new RoutedEvent(Build.Event() with { Id = Guid.CreateVersion7() }, ["tekton"]))]), Token);

    private Task RunAsync(string sql) => Database.WriteAsync(scope => scope.Connection.ExecuteAsync(sql, transaction: scope.Transaction), Token);

    private Task<long> CountAsync(string table) => ScalarAsync<long>($"SELECT COUNT(*) FROM {table}");
}
