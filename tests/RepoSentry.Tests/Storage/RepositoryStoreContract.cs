using RepoSentry.Abstractions;
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
