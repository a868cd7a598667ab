using RepoSentry.Abstractions;
using RepoSentry.Events;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class DeliveryStoreContract : StoreContract
{
    private Fence Tekton => Ownership.Claim(Shards.Trigger("tekton"));

    [Fact]
    public async Task What_was_in_flight_at_a_crash_waits_again_and_is_marked_as_ambiguous()
    {
        var id = await OweAsync();
        await Deliveries.BeginAttemptAsync(Tekton, id, 1, new TriggerMessage(new Dictionary<string, string> { ["X-Test"] = "1" }, [1, 2, 3]), Token);
        await Ownership.TakeAsync("after the crash", [Shards.Trigger("tekton")], "test", Token);

        var owed = (await Deliveries.TakeOverAsync(Tekton, "tekton", Token)).ShouldHaveSingleItem();
        owed.Status.ShouldBe("in_flight");
        owed.Attempts.ShouldBe(1);
        (await ScalarAsync<string>("SELECT status FROM deliveries")).ShouldBe("waiting");
        (await ScalarAsync<long>("SELECT COUNT(*) FROM delivery_attempts WHERE ambiguous = 1")).ShouldBe(1);
    }

    [Fact]
    public async Task The_bytes_of_the_first_attempt_are_those_of_every_attempt()
    {
        var id = await OweAsync();
        (await Deliveries.LoadAsync(id, Token)).Message.ShouldBeNull();
        await Deliveries.BeginAttemptAsync(Tekton, id, 1, new TriggerMessage(new Dictionary<string, string> { ["X-Test"] = "1" }, [1, 2, 3]), Token);

        var work = await Deliveries.LoadAsync(id, Token);
        work.Message!.Body.ShouldBe([1, 2, 3]);
        work.Message.Headers["X-Test"].ShouldBe("1");
    }

    [Fact]
    public async Task An_event_comes_back_as_it_was_recorded()
    {
        var change = Build.Event() with
        {
            Forced = true,
            Commits = [new CommitInfo { Id = Build.Commit('2'), Message = "Fix\nthe thing", Author = new PersonInfo("Ann", "ann@example.com"), Added = ["a b.txt"] }],
            CompareUrl = "https://git.example/compare",
            Unknown = ["files"],
        };
        var id = await OweAsync(change);

        var loaded = (await Deliveries.LoadAsync(id, Token)).Event;
        loaded.ShouldBeEquivalentTo(change with { Commits = loaded.Commits, Unknown = loaded.Unknown });
        loaded.Commits.ShouldHaveSingleItem().Message.ShouldBe("Fix\nthe thing");
        loaded.Commits[0].Added.ShouldBe(["a b.txt"]);
        loaded.Unknown.ShouldBe(["files"]);
    }

    [Fact]
    public async Task The_worst_delivery_decides_the_status_of_its_event()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), ["tekton", "audit"])]), Token);
        var tekton = (await Deliveries.TakeOverAsync(Tekton, "tekton", Token))[0].Id;
        var audit = (await Deliveries.TakeOverAsync(Ownership.Claim(Shards.Trigger("audit")), "audit", Token))[0].Id;

        await RecordAsync(tekton, "accepted", DeliveryStatus.Delivered);
        (await ScalarAsync<string>("SELECT status FROM events")).ShouldBe("pending");
        await RecordAsync(audit, "give_up", DeliveryStatus.Dead, "400 Bad Request");
        (await ScalarAsync<string>("SELECT status || ': ' || error_message FROM events")).ShouldBe("failed: 400 Bad Request");
    }

    [Fact]
    public async Task Superseded_deliveries_stay_on_record()
    {
        var id = await OweAsync();
        await Deliveries.SupersedeAsync(Tekton, [id], Token);
        (await ScalarAsync<string>("SELECT d.status || ' ' || e.status FROM deliveries d JOIN events e ON e.id = d.event_id")).ShouldBe("superseded superseded");
    }

    [Fact]
    public async Task What_is_owed_to_a_removed_trigger_becomes_a_dead_letter_with_that_reason()
    {
        await OweAsync();
        (await Deliveries.BuryRemovedAsync(["tekton"], Token)).ShouldBe(0);
        (await Deliveries.BuryRemovedAsync(["audit"], Token)).ShouldBe(1);
        (await ScalarAsync<string>("SELECT status || ': ' || error_message FROM events")).ShouldBe("failed: trigger tekton was removed from the configuration");
    }

    [Fact]
    public async Task Probes_are_folded_into_one_counted_record()
    {
        var id = await OweAsync();
        foreach (var number in Enumerable.Range(1, 4))
        {
            await RecordAsync(id, "try_again", DeliveryStatus.Waiting, "503", number, probe: number > 1);
        }

        (await ScalarAsync<long>("SELECT COUNT(*) FROM delivery_attempts")).ShouldBe(2);
        (await ScalarAsync<long>("SELECT probes FROM delivery_attempts ORDER BY id DESC LIMIT 1")).ShouldBe(3);
    }

    [Fact]
    public async Task A_stale_owner_can_neither_begin_nor_record()
    {
        var id = await OweAsync();
        var stale = Tekton;
        await Ownership.TakeAsync("other", [Shards.Trigger("tekton")], "test", Token);

        await Should.ThrowAsync<StaleOwnerException>(() => Deliveries.BeginAttemptAsync(stale, id, 1, null, Token));
        (await ScalarAsync<string>("SELECT status FROM deliveries")).ShouldBe("waiting");
    }

    [Fact]
    public async Task An_attempt_shows_where_its_time_went()
    {
        var id = await OweAsync();
        await RecordAsync(id, "try_again", DeliveryStatus.Waiting);
        await RecordAsync(id, "try_again", DeliveryStatus.Waiting, number: 2, probe: true, phases: new AttemptPhases { Connect = 1 });
        await RecordAsync(id, "try_again", DeliveryStatus.Waiting, number: 3, probe: true, phases: new AttemptPhases { Wait = 12.5, Read = 0.25 });

        var attempts = (await new EventLog(Database).FindDeliveryAsync(id, null, 50, newestFirst: false, Token)).ShouldNotBeNull().Attempts.Items;
        attempts.Select(attempt => attempt.Phases).ShouldBe([null, new AttemptPhases { Wait = 12.5, Read = 0.25 }]);
        (await ScalarAsync<string>("SELECT phases FROM delivery_attempts WHERE phases IS NOT NULL")).ShouldBe("""{"wait":12.5,"read":0.25}""");
    }

    private async Task<long> OweAsync(ChangeEvent? change = null)
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(change ?? Build.Event(), ["tekton"])]), Token);
        return await ScalarAsync<long>("SELECT MAX(id) FROM deliveries");
    }

    private Task RecordAsync(long id, string outcome, string status, string? error = null, int number = 1, bool probe = false, AttemptPhases? phases = null) => Deliveries.RecordAsync(
        Tekton,
        new AttemptRecord
        {
            DeliveryId = id,
            Number = number,
            Probe = probe,
            StartedAt = Time.GetUtcNow(),
            Duration = TimeSpan.FromMilliseconds(5),
            Outcome = outcome,
            DeliveryStatus = status,
            Error = error,
            Phases = phases,
            FinishedAt = status == DeliveryStatus.Waiting ? null : Time.GetUtcNow(),
        },
        Token);
}
