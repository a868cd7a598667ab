using RepoSentry.Abstractions;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class PollStoreContract : StoreContract
{
    [Fact]
    public async Task Snapshot_events_and_deliveries_commit_together()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), ["tekton", "audit"])]), Token);

        (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Branch, Token))!.Refs.ShouldBe(Build.Branches(("main", '2')).Refs);
        (await ScalarAsync<long>("SELECT COUNT(*) FROM events WHERE status = 'pending'")).ShouldBe(1);
        (await ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'waiting'")).ShouldBe(2);
    }

    [Fact]
    public async Task A_commit_with_an_old_epoch_leaves_nothing_behind()
    {
        var stale = Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), ["tekton"])]);
        await Ownership.TakeAsync("other", [Shard], "test", Token);

        await Should.ThrowAsync<StaleOwnerException>(() => Polls.CommitAsync(stale, Token));
        (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Branch, Token)).ShouldBeNull();
        (await ScalarAsync<long>("SELECT COUNT(*) FROM events")).ShouldBe(0);
        (await ScalarAsync<long>("SELECT value FROM sequences WHERE name = 'events'")).ShouldBe(0);
    }

    [Fact]
    public async Task Owners_of_triggers_are_told_after_the_commit()
    {
        var told = new List<OwedDelivery>();
        Outbox.Subscribe("tekton", told.Add);

        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), ["tekton"])]), Token);

        var delivery = told.ShouldHaveSingleItem();
        delivery.Repository.ShouldBe("web");
        delivery.Ref.ShouldBe("refs/heads/main");
    }

    [Fact]
    public async Task A_snapshot_becomes_the_next_one_row_by_row()
    {
        var first = Build.Branches(("a", '1'), ("b", '1'), ("c", '1'));
        var second = Build.Branches(("a", '1'), ("b", '2'), ("d", '1'));
        await Polls.CommitAsync(Commit(first), Token);
        await Polls.CommitAsync(Commit(second, previous: first.Refs), Token);

        (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Branch, Token))!.Refs.ShouldBe(second.Refs);
    }

    [Fact]
    public async Task A_large_snapshot_is_packed_and_a_small_one_after_it_stands_in_rows_again()
    {
        var large = new RefSnapshot(RefKind.Tag, [.. Enumerable.Range(0, 1500).Select(number => new GitRef($"refs/tags/v{number:D5}", Build.Commit('1'), number % 2 == 0 ? Build.Commit('9') : null))], "etag");
        var small = new RefSnapshot(RefKind.Tag, [new GitRef("refs/tags/v1", Build.Commit('1'))]);
        await Polls.CommitAsync(Commit(large), Token);

        var packed = await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Tag, Token);
        packed!.Refs.ShouldBe(large.Refs);
        packed.Validator.ShouldBe("etag");
        (await ScalarAsync<long>("SELECT COUNT(*) FROM refs")).ShouldBe(0);
        await Polls.CommitAsync(Commit(small, previous: large.Refs), Token);
        (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Tag, Token))!.Refs.ShouldBe(small.Refs);
    }

    [Theory]
    [InlineData(999, 1000, 1001, 1000, 999)]
    [InlineData(1050, 950, 951, 1200, 3)]
    [InlineData(3000, 825, 800)]
    public async Task A_snapshot_that_crosses_the_packing_limit_stays_whole(params int[] sizes)
    {
        IReadOnlyList<GitRef>? previous = null;
        foreach (var size in sizes)
        {
            var next = new RefSnapshot(RefKind.Branch, [.. Enumerable.Range(0, size).Select(number => new GitRef($"refs/heads/b{number:D5}", Build.Commit('1')))]);
            await Polls.CommitAsync(Commit(next, previous: previous), Token);

            var stored = (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Branch, Token))!.Refs;
            stored.ShouldBe(next.Refs);
            (await ScalarAsync<long>("SELECT ref_count FROM snapshots")).ShouldBe(size);
            previous = stored;
        }
    }

    [Fact]
    public async Task A_failed_look_is_recorded_and_the_snapshot_stays()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '1'))), Token);
        await Polls.RecordFailureAsync(
            Ownership.Claim(Shard), RepositoryId, RepositoryStatus.Error, new PollOutcome(Time.GetUtcNow(), TimeSpan.Zero, "malformed", "git", 0, "HTML instead of refs"), Token);

        (await Polls.LoadSnapshotAsync(RepositoryId, RefKind.Branch, Token))!.Refs.Count.ShouldBe(1);
        (await ScalarAsync<string>("SELECT status || ': ' || error FROM repository_states")).ShouldBe("error: HTML instead of refs");
    }

    [Fact]
    public async Task An_event_that_no_trigger_wants_is_kept_as_unrouted()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), [])]), Token);
        (await ScalarAsync<string>("SELECT status FROM events")).ShouldBe("unrouted");
    }
}
