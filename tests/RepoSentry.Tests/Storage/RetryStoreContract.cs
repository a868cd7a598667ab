using System.Globalization;
using Dapper;
using RepoSentry.Abstractions;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class RetryStoreContract : StoreContract
{
    private static readonly string[] Triggers = ["tekton", "audit"];

    private RetryStore Store => new(Database, Outbox, Time);

    [Fact]
    public async Task A_dead_letter_that_is_retried_waits_again_as_the_same_delivery_out_of_order()
    {
        var told = new List<OwedDelivery>();
        var ids = await OweAsync(2, ["tekton"]);
        await FinishAsync(1, DeliveryStatus.Dead);
        Outbox.Subscribe("tekton", told.Add);
        Time.Advance(TimeSpan.FromDays(5));

        (await Store.RetryAsync(new RetryFilter { Id = 1 }, Triggers, dryRun: false, Token)).Retried.ShouldBe(1);

        told.ShouldHaveSingleItem().ShouldBe(new OwedDelivery { Id = 1, Repository = "web", Ref = "refs/heads/b0", Attempts = 3, CreatedAt = Time.GetUtcNow(), OutOfOrder = true });
        (await ScalarAsync<string>($"SELECT status FROM events WHERE id = '{ids[0]}'")).ShouldBe("pending");
        var owed = await Deliveries.TakeOverAsync(Ownership.Claim(Shards.Trigger("tekton")), "tekton", Token);
        owed[0].ShouldBe(told[0]); // the same after a restart
        owed[1].OutOfOrder.ShouldBeFalse();
    }

    [Fact]
    public async Task Retries_are_chosen_by_filter_and_a_dry_run_changes_nothing()
    {
        await OweAsync(500, ["tekton", "audit"]); // odd numbers to tekton
        await Database.WriteAsync(scope => scope.Connection.ExecuteAsync("UPDATE deliveries SET status = 'dead' WHERE id > 100", transaction: scope.Transaction), Token);

        var dry = await Store.RetryAsync(new RetryFilter { Trigger = "tekton" }, Triggers, dryRun: true, Token);
        (dry.Retried, dry.Deliveries.Count, dry.Deliveries[0]).ShouldBe((450, 20, 101));
        (await ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'dead'")).ShouldBe(900);
        (await Store.RetryAsync(new RetryFilter { Trigger = "tekton" }, Triggers, dryRun: false, Token)).Retried.ShouldBe(450);
        (await ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'dead' AND trigger_name = 'tekton'")).ShouldBe(0);
        (await Store.RetryAsync(new RetryFilter { Since = Time.GetUtcNow().AddHours(1) }, Triggers, dryRun: false, Token)).Retried.ShouldBe(0);
        (await Store.RetryAsync(new RetryFilter { Repository = "other" }, Triggers, dryRun: false, Token)).Retried.ShouldBe(0);
        (await Store.RetryAsync(new RetryFilter(), ["tekton"], dryRun: false, Token)).Retried.ShouldBe(0); // audit is not configured any more
        (await Store.RetryAsync(new RetryFilter(), Triggers, dryRun: false, Token)).Retried.ShouldBe(450);
    }

    [Fact]
    public async Task A_replay_is_a_new_delivery_with_the_stored_bytes_and_a_number()
    {
        var id = (await OweAsync(1, ["tekton", "audit"]))[0];
        await FinishAsync(1, DeliveryStatus.Delivered);
        await FinishAsync(2, DeliveryStatus.Delivered);

        (await Store.ReplayAsync(new ReplayFilter { Id = id, Trigger = "tekton" }, Triggers, dryRun: false, Token)).Replayed.ShouldBe(1);
        (await ScalarAsync<string>("SELECT status FROM events")).ShouldBe("pending");
        var work = await Deliveries.LoadAsync(3, Token);
        (work.Replay, work.Event.Id.ToString()).ShouldBe((1, id));
        work.Message!.Body.ShouldBe("body 1"u8.ToArray());
        work.Message.Headers.ShouldHaveSingleItem().ShouldBe(new("X-Number", "1"));
        (await Store.ReplayAsync(new ReplayFilter { Id = id, Trigger = "tekton" }, Triggers, dryRun: false, Token)).Replayed.ShouldBe(0); // it still waits
        await FinishAsync(3, DeliveryStatus.Delivered);
        (await Store.ReplayAsync(new ReplayFilter { Id = id }, Triggers, dryRun: false, Token)).Replayed.ShouldBe(2);
        (await ScalarAsync<string>("SELECT GROUP_CONCAT(trigger_name || replay, ' ') FROM (SELECT * FROM deliveries WHERE id > 3 ORDER BY trigger_name)")).ShouldBe("audit1 tekton2");
    }

    [Fact]
    public async Task A_failed_event_counts_as_delivered_once_its_replay_was()
    {
        var id = (await OweAsync(1, ["tekton", "audit"]))[0];
        await FinishAsync(1, DeliveryStatus.Dead);
        await FinishAsync(2, DeliveryStatus.Delivered);
        (await ScalarAsync<string>("SELECT status || error_message FROM events")).ShouldBe("failedrefused");

        (await Store.ReplayAsync(new ReplayFilter { Status = "failed" }, Triggers, dryRun: false, Token)).Replayed.ShouldBe(1); // not to audit, which has it
        await FinishAsync(3, DeliveryStatus.Delivered);
        (await ScalarAsync<string>("SELECT status FROM events WHERE error_message IS NULL")).ShouldBe("delivered");
        id.ShouldNotBeEmpty();
    }

    [Fact]
    public async Task An_event_that_nobody_wanted_is_replayed_to_the_trigger_that_is_named()
    {
        await OweAsync(1, []);
        (await Store.ReplayAsync(new ReplayFilter(), Triggers, dryRun: false, Token)).Replayed.ShouldBe(0);
        (await Store.ReplayAsync(new ReplayFilter { Status = "unrouted", Trigger = "audit" }, Triggers, dryRun: true, Token)).Replayed.ShouldBe(1);
        (await Store.ReplayAsync(new ReplayFilter { Status = "unrouted", Trigger = "audit" }, Triggers, dryRun: false, Token)).Replayed.ShouldBe(1);
        (await Deliveries.LoadAsync(1, Token)).Message.ShouldBeNull(); // rendered at its first attempt
        (await ScalarAsync<string>("SELECT status FROM events")).ShouldBe("pending");
    }

    [Fact]
    public async Task What_a_rule_kept_back_is_replayed_to_those_that_it_was_kept_from()
    {
        await OweAsync(2, []);
        await Database.WriteAsync(scope => scope.Connection.ExecuteAsync(
            """UPDATE events SET metadata = json_set(metadata, '$.skipped', json('{"by":"paths","reason":"r"}')) WHERE seq = 1""", transaction: scope.Transaction), Token);
        var filter = new ReplayFilter { Status = "unrouted", OwedTo = (repository, type) => (repository, type) == ("web", "branch_updated") ? ["audit", "gone"] : [] };

        (await Store.ReplayAsync(filter, Triggers, dryRun: true, Token)).Replayed.ShouldBe(1);
        (await Store.ReplayAsync(filter, Triggers, dryRun: false, Token)).Replayed.ShouldBe(1);
        (await ScalarAsync<string>("SELECT status FROM events WHERE seq = 1")).ShouldBe("pending");
        (await ScalarAsync<string>("SELECT trigger_name FROM deliveries")).ShouldBe("audit");
    }

    [Theory]
    [InlineData("refs/pull/7/head")]
    [InlineData("refs/merge-requests/7/head")]
    [InlineData("refs/pull-requests/7/from")]
    public async Task A_pull_request_is_named_by_its_number_at_whatever_forge(string gitRef)
    {
        await OweAsync(2, ["tekton"]);
        await FinishAsync(1, DeliveryStatus.Delivered);
        await FinishAsync(2, DeliveryStatus.Delivered);
        await Database.WriteAsync(scope => scope.Connection.ExecuteAsync("UPDATE events SET ref = @gitRef WHERE seq = 1", new { gitRef }, scope.Transaction), Token);

        (await Store.ReplayAsync(new ReplayFilter { PullRequest = 7 }, Triggers, dryRun: true, Token)).Replayed.ShouldBe(1);
        (await Store.ReplayAsync(new ReplayFilter { PullRequest = 77 }, Triggers, dryRun: true, Token)).Replayed.ShouldBe(0);
    }

    [Fact]
    public async Task Replays_by_filter_go_through_every_batch()
    {
        await OweAsync(450, ["tekton"]);
        await Database.WriteAsync(scope => scope.Connection.ExecuteAsync("UPDATE deliveries SET status = 'delivered'", transaction: scope.Transaction), Token);
        var result = await Store.ReplayAsync(new ReplayFilter { Since = Build.Noon.AddDays(-1), Type = "branch_updated" }, Triggers, dryRun: false, Token);
        (result.Replayed, result.Events.Count).ShouldBe((450, 20));
        (await ScalarAsync<long>("SELECT COUNT(DISTINCT event_id) FROM deliveries WHERE replay = 1")).ShouldBe(450);
        (await Store.ReplayAsync(new ReplayFilter { Ref = "b7" }, Triggers, dryRun: true, Token)).Replayed.ShouldBe(0);
    }

    private async Task<List<string>> OweAsync(int events, string[] triggers)
    {
        var routed = Enumerable.Range(0, events).Select(number => new RoutedEvent(Build.Event($"b{number}") with { Id = Guid.CreateVersion7() }, triggers)).ToList();
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), routed), Token);
        return [.. routed.Select(item => item.Event.Id.ToString())];
    }

    private async Task FinishAsync(long id, string status)
    {
        var fence = Ownership.Claim(Shards.Trigger("tekton"));
        var message = new TriggerMessage(new Dictionary<string, string> { ["X-Number"] = id.ToString(CultureInfo.InvariantCulture) }, System.Text.Encoding.UTF8.GetBytes($"body {id}"));
        await Deliveries.BeginAttemptAsync(fence, id, 3, (await Deliveries.LoadAsync(id, Token)).Message is null ? message : null, Token);
        await Deliveries.RecordAsync(
            fence,
            new AttemptRecord
            {
                DeliveryId = id,
                Number = 3,
                StartedAt = Time.GetUtcNow(),
                Duration = TimeSpan.Zero,
                Outcome = status == DeliveryStatus.Dead ? "give_up" : "accepted",
                DeliveryStatus = status,
                Error = status == DeliveryStatus.Dead ? "refused" : null,
                FinishedAt = Time.GetUtcNow(),
            },
            Token);
    }
}
