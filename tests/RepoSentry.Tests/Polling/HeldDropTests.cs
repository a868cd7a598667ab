using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class HeldDropTests // argo-cd#14318
{
    [Theory]
    [InlineData(30, 15, false)] // half
    [InlineData(30, 16, true)] // more than half
    [InlineData(12, 10, false)] // ten are few
    [InlineData(12, 11, true)]
    [InlineData(3, 3, true)] // down to zero
    [InlineData(3, 2, false)]
    public async Task Branches_that_vanish_together_are_held_from_a_number_on(int known, int gone, bool held)
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, known);
        Drop(story, gone);

        (await story.LookAsync(repository)).Count.ShouldBe(held ? 0 : gone);
        repository.Status.ShouldBe(held ? "held" : "active");
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM refs")).ShouldBe(held ? known : known - gone);
        (await story.ScalarAsync<string>("SELECT status FROM repository_states")).ShouldBe(held ? "held" : "active");
    }

    [Theory]
    [InlineData(10, false)]
    [InlineData(11, true)]
    public async Task More_than_ten_tags_that_vanish_together_are_held(int gone, bool held)
    {
        await using var story = await PollStory.BeginAsync();
        foreach (var number in Enumerable.Range(0, 100))
        {
            story.Forge.Tag($"v{number:D3}", '1');
        }

        var repository = (await story.StartAsync(Build.Repository() with { Tags = ["**"] }))[0];
        await story.LookAsync(repository);
        foreach (var number in Enumerable.Range(0, gone))
        {
            story.Forge.DeleteTag($"v{number:D3}");
        }

        (await story.LookAsync(repository)).Count.ShouldBe(held ? 0 : gone);
    }

    [Fact]
    public async Task Creations_and_updates_of_a_held_look_are_not_held()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 40);
        Drop(story, 30);
        story.Forge.Push("b039", '2').Push("new", '1');

        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/b039", "branch_created refs/heads/new"], ignoreOrder: true);
        repository.Heads[RefKind.Branch].Validator.ShouldBeNull(); // what the forge has is not what is stored
        story.Forge.Push("b039", '3');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/b039"]);
        repository.Status.ShouldBe("held");
    }

    [Fact]
    public async Task Three_equal_looks_over_ten_minutes_release_what_is_held()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 20);
        foreach (var look in Enumerable.Range(1, 60)) // one each ten seconds, so the 61st is ten minutes after the first
        {
            (await story.LookAsync(repository)).ShouldBeEmpty($"look {look} at {repository.Held[RefKind.Branch]}");
        }

        var released = await story.LookAsync(repository);
        released.Count.ShouldBe(20);
        released.ShouldAllBe(change => change.StartsWith("branch_deleted", StringComparison.Ordinal));
        repository.Status.ShouldBe("active");
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM held_drops")).ShouldBe(0);
    }

    [Fact]
    public async Task Two_looks_are_not_enough_however_long_it_takes()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 20);
        await story.LookAsync(repository);
        story.Time.Advance(TimeSpan.FromHours(1));
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.LookAsync(repository)).Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_look_that_lacks_other_refs_begins_the_wait_anew()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 20);
        await story.LookAsync(repository);
        story.Time.Advance(TimeSpan.FromMinutes(11));
        Drop(story, 21);
        await story.LookAsync(repository);
        await story.LookAsync(repository);
        (await story.LookAsync(repository)).ShouldBeEmpty();
        repository.Held[RefKind.Branch].Missing.Count.ShouldBe(21);
    }

    [Fact]
    public async Task Refs_that_come_back_end_the_hold_without_a_word()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 30);
        await story.LookAsync(repository);
        repository.Heads[RefKind.Branch].Validator.ShouldNotBeNull(); // the old one still belongs to what is stored
        foreach (var number in Enumerable.Range(0, 30))
        {
            story.Forge.Push($"b{number:D3}", '1');
        }

        (await story.LookAsync(repository)).ShouldBeEmpty();
        repository.Status.ShouldBe("active");
        repository.Held.ShouldBeEmpty();
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM held_drops")).ShouldBe(0);
    }

    [Fact]
    public async Task Refs_that_come_back_elsewhere_are_updates()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 20);
        await story.LookAsync(repository);
        foreach (var number in Enumerable.Range(0, 15))
        {
            story.Forge.Push($"b{number:D3}", '2');
        }

        var changes = await story.LookAsync(repository);
        changes.Count(change => change.StartsWith("branch_updated", StringComparison.Ordinal)).ShouldBe(15);
        changes.Count(change => change.StartsWith("branch_deleted", StringComparison.Ordinal)).ShouldBe(5); // five are few
    }

    [Fact]
    public async Task An_operator_releases_what_is_held_and_no_more()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 40);
        Drop(story, 25);
        await story.LookAsync(repository);
        repository.ReleasedAt = story.Time.GetUtcNow();
        Drop(story, 40);
        (await story.LookAsync(repository)).ShouldBeEmpty(); // forty are not what was released

        repository.ReleasedAt = story.Time.GetUtcNow();
        (await story.LookAsync(repository)).Count.ShouldBe(40);
    }

    [Fact]
    public async Task A_hold_and_its_release_survive_a_restart()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, 30);
        Drop(story, 20);
        await story.LookAsync(repository);

        var again = (await story.StartAsync(Build.Repository()))[0];
        again.Status.ShouldBe("held");
        (await story.LookAsync(again)).ShouldBeEmpty();
        again.Held[RefKind.Branch].Looks.ShouldBe(2);
        (await story.ReleaseAsync(again)).ShouldBe(20);

        (await story.LookAsync((await story.StartAsync(Build.Repository()))[0])).Count.ShouldBe(20);
    }

    [Fact]
    public async Task A_narrow_filter_whose_only_branch_is_deleted_holds_nothing_while_others_are_left()
    {
        await using var story = await PollStory.BeginAsync();
        foreach (var number in Enumerable.Range(0, 30))
        {
            story.Forge.Push($"b{number:D3}", '1');
        }

        var repository = (await story.StartAsync(Build.Repository() with { Branches = ["main"] }))[0];
        await story.LookAsync(repository);
        story.Forge.Delete("main");
        (await story.LookAsync(repository)).ShouldBe(["branch_deleted refs/heads/main"]);
    }

    [Fact]
    public async Task Tags_of_an_answer_whose_branches_are_not_believed_are_not_believed_either()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Tag("v1", '1').Tag("v2", '1');
        var repository = (await story.StartAsync(Build.Repository() with { Tags = ["**"] }))[0];
        await story.LookAsync(repository);
        story.Forge.Delete("main");
        story.Forge.DeleteTag("v1");
        story.Forge.DeleteTag("v2");
        (await story.LookAsync(repository)).ShouldBeEmpty();
        repository.Held.Keys.ShouldBe([RefKind.Branch, RefKind.Tag], ignoreOrder: true);

        story.Forge.Push("main", '1').Tag("v1", '1').Tag("v2", '1');
        (await story.LookAsync(repository)).ShouldBeEmpty();
        repository.Held.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_ref_that_the_server_itself_cannot_read_has_neither_moved_nor_gone()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Push("rel", '1').Push("dev", '1');
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);

        story.Forge.Push("rel", '0').Push("new", '0').Push("main", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/main"]);
        story.Forge.Delete("dev");
        (await story.LookAsync(repository)).ShouldBe(["branch_deleted refs/heads/dev"]);
        (await story.LookAsync(repository)).ShouldBeEmpty();
        story.Forge.Push("rel", '1').Push("new", '1');
        (await story.LookAsync(repository)).ShouldBe(["branch_created refs/heads/new"]);
        story.Forge.Push("rel", '3');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/rel"]);
    }

    [Fact]
    public async Task An_archived_repository_is_shown_so_and_a_vanished_one_is_gone()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        story.Forge.Archived = true;
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.ScalarAsync<string>("SELECT status FROM repository_states")).ShouldBe("archived");
        new FixedStrategy(() => new PollingConfig()).NextAt(repository.Config, repository.Archived, TimeSpan.Zero, TimeSpan.FromSeconds(1), first: false, 0).ShouldBe(TimeSpan.FromHours(1));
        repository.StatusAfter(RefSourceError.NotFound).ShouldBe("gone");
        repository.StatusAfter(RefSourceError.Unavailable).ShouldBe("error");
    }

    [Fact]
    public async Task A_moved_repository_tells_its_new_place_in_its_events()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        story.Forge.MovedTo = new Uri("https://git.example/acme/site");
        story.Forge.Push("main", '2');
        await story.LookAsync(repository);
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.url') FROM events")).ShouldBe("https://git.example/acme/site");
        (await story.ScalarAsync<string>("SELECT moved_to FROM repository_states")).ShouldBe("https://git.example/acme/site");
        story.Forge.Asked[^1].ForgeId.ShouldBe("7");
    }

    private static async Task<PolledRepository> WatchAsync(PollStory story, int branches)
    {
        story.Forge.Delete("main");
        foreach (var number in Enumerable.Range(0, branches))
        {
            story.Forge.Push($"b{number:D3}", '1');
        }

        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        return repository;
    }

    private static void Drop(PollStory story, int count)
    {
        foreach (var number in Enumerable.Range(0, count))
        {
            story.Forge.Delete($"b{number:D3}");
        }
    }
}
