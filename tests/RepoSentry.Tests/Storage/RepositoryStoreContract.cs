using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public abstract class RepositoryStoreContract : StoreContract
{
    [Fact]
    public async Task A_repository_that_left_keeps_its_snapshot_and_goes_on_from_it_when_it_returns()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '1'))), Token);
        await Repositories.ApplyAsync([], Token);
        (await ScalarAsync<string>("SELECT status FROM repository_states")).ShouldBe("removed");

        var back = (await Repositories.ApplyAsync([Build.Repository()], Token)).ShouldHaveSingleItem();
        back.Stored.Status.ShouldBe("active");
        back.Heads[RefKind.Branch].Digest.ShouldBe(RefDigest.Of(Build.Branches(("main", '1')).Refs));
    }

    [Fact]
    public async Task The_same_url_under_a_new_name_is_a_rename_and_events_follow()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), [])]), Token);
        var renamed = (await Repositories.ApplyAsync([Build.Repository() with { Name = "site" }], Token)).ShouldHaveSingleItem();

        renamed.Stored.Id.ShouldBe(RepositoryId);
        renamed.Heads.ShouldNotBeEmpty();
        (await ScalarAsync<string>("SELECT repository_name FROM events")).ShouldBe("site");
    }

    [Fact]
    public async Task An_id_that_a_listing_tells_under_another_name_is_a_rename_and_events_follow()
    {
        var id = (await Repositories.ApplyAsync([Found("7", "web")], Token))[0].Stored.Id;
        await Polls.CommitAsync(Commit(Build.Branches(("main", '2')), [new RoutedEvent(Build.Event(), [])]) with { RepositoryId = id }, Token);

        var renamed = (await Repositories.ApplyAsync([Found("7", "site")], Token)).ShouldHaveSingleItem();

        (renamed.Stored.Id, renamed.Stored.Name, renamed.Stored.Url, renamed.Stored.ForgeId).ShouldBe((id, "site", "https://git.example/acme/site", "7"));
        renamed.Heads.ShouldNotBeEmpty();
        (await ScalarAsync<string>("SELECT repository_name FROM events")).ShouldBe("site");
    }

    [Fact]
    public async Task Names_that_are_swapped_or_move_on_in_a_row_stay_with_their_ids()
    {
        var ids = (await Repositories.ApplyAsync([Found("1", "a"), Found("2", "b"), Found("3", "c")], Token)).ToDictionary(one => one.Stored.ForgeId!, one => one.Stored.Id);

        (await Repositories.ApplyAsync([Found("1", "b"), Found("2", "a"), Found("3", "c")], Token)).ShouldAllBe(one => one.Stored.Id == ids[one.Stored.ForgeId!]);
        (await Repositories.ApplyAsync([Found("1", "c"), Found("2", "b"), Found("3", "d")], Token)).ShouldAllBe(one => one.Stored.Id == ids[one.Stored.ForgeId!]);

        (await Repositories.ApplyAsync([Found("1", "c"), Found("2", "b"), Found("3", "d")], Token)).Select(one => (one.Stored.Id, one.Stored.Name))
            .ShouldBe([(ids["1"], "c"), (ids["2"], "b"), (ids["3"], "d")]);
        (await ScalarAsync<long>("SELECT COUNT(*) FROM repository_states WHERE status <> 'removed'")).ShouldBe(3);
    }

    [Fact]
    public async Task One_that_left_makes_way_for_the_name_and_returns_to_its_history_by_its_id()
    {
        var first = (await Repositories.ApplyAsync([Found("1", "a"), Found("2", "b")], Token))[0].Stored.Id;
        await Repositories.ApplyAsync([Found("2", "b")], Token);

        await Repositories.ApplyAsync([Found("2", "a")], Token); // its name is taken over
        var back = await Repositories.ApplyAsync([Found("2", "a"), Found("1", "old")], Token);

        back.Single(one => one.Config.Name == "old").Stored.Id.ShouldBe(first);
    }

    [Fact]
    public async Task What_was_discovered_goes_on_when_the_file_watches_it_under_another_name_and_back()
    {
        var id = (await Repositories.ApplyAsync([Found("1", "web")], Token))[0].Stored.Id;
        var entry = Build.Repository("shop") with { Url = new Uri("https://git.example/acme/web.git") };

        var taken = (await Repositories.ApplyAsync([entry], Token)).ShouldHaveSingleItem().Stored;
        (taken.Id, taken.Name, taken.Source).ShouldBe((id, "shop", "file"));

        var given = (await Repositories.ApplyAsync([Found("1", "web")], Token)).ShouldHaveSingleItem().Stored;
        (given.Id, given.Name, given.Source).ShouldBe((id, "web", "discovery"));
    }

    [Fact]
    public async Task The_same_id_on_another_host_is_another_repository()
    {
        await Repositories.ApplyAsync([Found("1", "web")], Token);
        await Repositories.ApplyAsync([Found("1", "web"), Found("1", "site") with { Url = new Uri("https://other.example/acme/site") }], Token);

        (await ScalarAsync<long>("SELECT COUNT(*) FROM repository_states WHERE forge_id = '1' AND status <> 'removed'")).ShouldBe(2);
    }

    private static RepositoryConfig Found(string id, string name) =>
        Build.Repository(name) with { Url = new Uri($"https://git.example/acme/{name}"), Source = RepositoryConfig.FromDiscovery, ForgeId = id };

    [Fact]
    public async Task A_disabled_repository_is_paused_and_comes_back_active()
    {
        await Polls.CommitAsync(Commit(Build.Branches(("main", '1'))), Token);
        (await Repositories.ApplyAsync([Build.Repository() with { Enabled = false }], Token))[0].Stored.Status.ShouldBe("paused");
        (await Repositories.ApplyAsync([Build.Repository()], Token))[0].Stored.Status.ShouldBe("active");
    }

    [Fact]
    public async Task A_checkpoint_writes_a_validator_only_beside_the_snapshot_it_belongs_to()
    {
        var snapshot = Build.Branches(("main", '1'));
        await Polls.CommitAsync(Commit(snapshot), Token);
        var later = Time.GetUtcNow().AddMinutes(1);

        await Repositories.CheckpointAsync([new LookCheckpoint(RepositoryId, later, [new ValidatorMark(RefKind.Branch, RefDigest.Of([]), "of another")])], Token);
        (await Repositories.ApplyAsync([Build.Repository()], Token))[0].Heads[RefKind.Branch].Validator.ShouldBeNull();
        await Repositories.CheckpointAsync([new LookCheckpoint(RepositoryId, later, [new ValidatorMark(RefKind.Branch, RefDigest.Of(snapshot.Refs), "etag")])], Token);
        var stored = (await Repositories.ApplyAsync([Build.Repository()], Token))[0];
        stored.Heads[RefKind.Branch].Validator.ShouldBe("etag");
        stored.Stored.LastChecked.ShouldBe(later);
    }
}
