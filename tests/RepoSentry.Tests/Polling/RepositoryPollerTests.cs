using RepoSentry.Abstractions;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class RepositoryPollerTests
{
    [Fact]
    public async Task The_first_look_fires_nothing_however_many_refs_there_are() // branch-api#186
    {
        await using var story = await PollStory.BeginAsync();
        foreach (var number in Enumerable.Range(0, 300))
        {
            story.Forge.Push($"b{number}", '1');
        }

        var repository = (await story.StartAsync(Build.Repository()))[0];
        (await story.LookAsync(repository)).ShouldBeEmpty();
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM refs")).ShouldBe(301);
        (await story.ScalarAsync<string>("SELECT status FROM repository_states")).ShouldBe("active");
    }

    [Fact]
    public async Task On_first_poll_emit_fires_every_ref_once()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository() with { EmitOnFirstPoll = true }))[0];
        (await story.LookAsync(repository)).ShouldBe(["branch_created refs/heads/main"]);
        (await story.LookAsync(repository)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Pushes_creations_deletions_and_tags_are_events()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository() with { Tags = ["v*"] }))[0];
        await story.LookAsync(repository);

        story.Forge.Push("main", '2').Push("dev", '2').Tag("v1", '2').Tag("nightly", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_created refs/heads/dev", "branch_updated refs/heads/main", "tag_created refs/tags/v1"], ignoreOrder: true);
        story.Forge.Delete("dev");
        (await story.LookAsync(repository)).ShouldBe(["branch_deleted refs/heads/dev"]);
        story.Forge.Push("dev", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_created refs/heads/dev"]);
    }

    [Fact]
    public async Task A_look_that_finds_nothing_new_writes_nothing()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        await story.LookAsync(repository);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM poll_outcomes")).ShouldBe(1);
        story.Forge.Asked[^1].Kinds[0].Validator.ShouldNotBeNull();
    }

    [Fact]
    public async Task A_missing_ref_is_believed_only_of_a_look_at_the_whole_kind() // argo-cd#11464
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Push("dev", '1');
        var repository = (await story.StartAsync(Build.Repository() with { Branches = ["main", "dev"] }))[0];
        await story.LookAsync(repository);

        story.Forge.LeavesOutOnce = "refs/heads/dev";
        (await story.LookAsync(repository)).ShouldBeEmpty();
        story.Forge.Delete("dev");
        (await story.LookAsync(repository)).ShouldBe(["branch_deleted refs/heads/dev"]);
        story.Forge.Asked[^1].Kinds[0].ShouldBe(new KindRequest(RefKind.Branch, [], null), new KindRequestComparer());
    }

    [Fact]
    public async Task One_short_list_deletes_nothing_although_the_forge_gives_no_validators()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.HasValidators = false;
        story.Forge.Push("dev", '1');
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);

        story.Forge.LeavesOutOnce = "refs/heads/dev";
        (await story.LookAsync(repository)).ShouldBeEmpty();
        story.Forge.Delete("dev");
        (await story.LookAsync(repository)).ShouldBe(["branch_deleted refs/heads/dev"]);
    }

    [Fact]
    public async Task A_look_by_git_in_between_invents_nothing_and_leaves_the_forges_validator_in_place()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        var validator = repository.Heads[RefKind.Branch].Validator;

        (await story.LookAsync(repository, fallback: true)).ShouldBeEmpty();
        repository.Heads[RefKind.Branch].Validator.ShouldBe(validator);
        story.Git.Push("main", '2');
        story.Forge.Push("main", '2');
        (await story.LookAsync(repository, fallback: true)).ShouldBe(["branch_updated refs/heads/main"]);
        repository.Heads[RefKind.Branch].Validator.ShouldBeNull(); // Git's would mean nothing to the forge
        (await story.LookAsync(repository)).ShouldBeEmpty();
    }

    [Fact]
    public async Task After_a_restart_the_difference_goes_on_from_what_was_stored()
    {
        await using var story = await PollStory.BeginAsync();
        await story.LookAsync((await story.StartAsync(Build.Repository()))[0]);
        story.Forge.Push("main", '2');

        (await story.LookAsync((await story.StartAsync(Build.Repository()))[0])).ShouldBe(["branch_updated refs/heads/main"]);
    }

    [Fact]
    public async Task A_repository_that_shrinks_below_the_packing_limit_loses_and_invents_nothing()
    {
        await using var story = await PollStory.BeginAsync();
        foreach (var number in Enumerable.Range(0, 1050))
        {
            story.Forge.Push($"b{number:D4}", '1');
        }

        var repository = (await story.StartAsync(Build.Repository()))[0];
        await story.LookAsync(repository);
        foreach (var number in Enumerable.Range(0, 100))
        {
            story.Forge.Delete($"b{number:D4}");
        }

        (await story.LookAsync(repository)).Count.ShouldBe(100);
        story.Forge.Push("main", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/main"]);
    }

    [Fact]
    public async Task A_glob_is_matched_against_the_name_as_git_shows_it()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository() with { Branches = ["main", "a%41b"] }))[0];
        await story.LookAsync(repository);
        story.Forge.Push(RefName.FromText("a%41b"), '1');
        (await story.LookAsync(repository)).ShouldHaveSingleItem().ShouldStartWith("branch_created");
    }

    [Fact]
    public async Task A_filter_that_widened_while_the_service_was_down_fires_only_what_the_old_one_would_have_seen()
    {
        await using var story = await PollStory.BeginAsync();
        await story.LookAsync((await story.StartAsync(Build.Repository() with { Branches = ["main"] }))[0]);
        story.Forge.Push("main", '2').Push("dev", '2');

        (await story.LookAsync((await story.StartAsync(Build.Repository()))[0])).ShouldBe(["branch_updated refs/heads/main"]);
    }

    [Fact]
    public async Task Tags_that_are_watched_again_are_a_new_baseline()
    {
        await using var story = await PollStory.BeginAsync();
        story.Forge.Tag("v1", '1');
        await story.LookAsync((await story.StartAsync(Build.Repository() with { Tags = ["**"] }))[0]);
        await story.LookAsync((await story.StartAsync(Build.Repository()))[0]);
        story.Forge.Tag("v2", '1');

        var again = (await story.StartAsync(Build.Repository() with { Tags = ["**"] }))[0];
        (await story.LookAsync(again)).ShouldBeEmpty();
        story.Forge.Tag("v3", '1');
        (await story.LookAsync(again)).ShouldBe(["tag_created refs/tags/v3"]);
    }

    [Fact]
    public async Task A_regular_expression_chooses_branches_like_the_go_original()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = (await story.StartAsync(Build.Repository() with { BranchRegex = "^(?P<name>main|release/.*)$" }))[0];
        await story.LookAsync(repository);
        story.Forge.Push("release/1", '1').Push("dev", '1');
        (await story.LookAsync(repository)).ShouldBe(["branch_created refs/heads/release/1"]);
    }

    private sealed class KindRequestComparer : IEqualityComparer<KindRequest>
    {
        public bool Equals(KindRequest? x, KindRequest? y) => x?.Kind == y?.Kind && x?.Validator == y?.Validator && x!.Prefixes.SequenceEqual(y!.Prefixes);

        public int GetHashCode(KindRequest obj) => obj.Kind.GetHashCode();
    }
}
