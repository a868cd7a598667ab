using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>What rules make of looks: recorded, and owed to nobody.</summary>
public sealed class RuleStoryTests
{
    [Fact]
    public async Task A_push_outside_the_paths_is_recorded_and_owed_to_nobody()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, Build.Repository() with { Paths = ["src/**"] });
        story.Forge.Ranges = (_, after) => new CommitRange([Commit(after)], 1, false) { Files = [after == Build.Commit('2') ? "docs/a.md" : "src/a.cs"] };

        story.Forge.Push("main", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/main"]);
        (await story.ScalarAsync<string>("SELECT status FROM events")).ShouldBe("unrouted");
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.skipped.by') FROM events")).ShouldBe("paths");
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.skipped.reason') FROM events")).ShouldBe("none of the 1 changed files matches src/**: docs/a.md");
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries")).ShouldBe(0);

        story.Forge.Push("main", '3');
        await story.LookAsync(repository);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries")).ShouldBe(1);
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.files[0]') FROM events WHERE status = 'pending'")).ShouldBe("src/a.cs");
    }

    [Fact]
    public async Task A_forge_that_does_not_tell_fires()
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, Build.Repository() with { Paths = ["src/**"], SkipMessages = ["skip"], IgnoreAuthors = ["bot"] });

        story.Forge.Push("main", '2');
        await story.LookAsync(repository);

        (await story.ScalarAsync<string>("SELECT status FROM events")).ShouldBe("pending");
        (await story.ScalarAsync<string>("SELECT json_extract(metadata, '$.unknown') FROM events")).ShouldContain("files");
    }

    [Fact]
    public async Task Commits_come_before_their_update_with_ids_in_order_and_only_where_they_are_asked_for()
    {
        await using var story = await PollStory.BeginAsync();
        story.Triggers = [Build.Trigger(), Build.Trigger("each") with { Events = ["commit_*"] }];
        var repository = await WatchAsync(story, Build.Repository());
        story.Forge.Ranges = (_, _) => new CommitRange([Commit(Build.Commit('3')), Commit(Build.Commit('4')), Commit(Build.Commit('2'))], 3, false);

        story.Forge.Push("main", '2');
        (await story.LookAsync(repository)).ShouldBe([.. Enumerable.Repeat("commit_pushed refs/heads/main", 3), "branch_updated refs/heads/main"]);

        (await story.ScalarAsync<string>("SELECT group_concat(commit_sha, ' ') FROM (SELECT commit_sha FROM events ORDER BY seq)")).ShouldBe(string.Join(' ', new[] { '3', '4', '2', '2' }.Select(Build.Commit)));
        (await story.ScalarAsync<string>("SELECT group_concat(event_type, ' ') FROM (SELECT event_type FROM events ORDER BY id)")).ShouldBe("commit_pushed commit_pushed commit_pushed branch_updated");
        (await story.ScalarAsync<string>("SELECT group_concat(trigger_name, ' ') FROM (SELECT trigger_name FROM deliveries ORDER BY id)")).ShouldBe("each each each tekton");
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("**,!tag_*")]
    public async Task An_open_list_of_types_does_not_ask_for_commits(string events)
    {
        await using var story = await PollStory.BeginAsync();
        story.Triggers = [Build.Trigger() with { Events = events.Split(',', StringSplitOptions.RemoveEmptyEntries) }];
        var repository = await WatchAsync(story, Build.Repository());

        story.Forge.Push("main", '2');
        (await story.LookAsync(repository)).ShouldBe(["branch_updated refs/heads/main"]);
    }

    [Theory]
    [InlineData("warn", 12, 12)]
    [InlineData("stop", 12, 9)]
    [InlineData("off", 12, 12)]
    public async Task A_branch_that_starts_itself_is_told_and_stopped_if_asked(string mode, int pushes, int delivered)
    {
        await using var story = await PollStory.BeginAsync();
        var repository = await WatchAsync(story, Build.Repository() with { LoopGuard = mode });
        story.Forge.CommitOf = Commit;
        var told = 0;
        for (var push = 0; push < pushes; push++)
        {
            story.Forge.Push("main", "23456789abcdef"[push]);
            told += (await story.PollAsync(repository)).Loops.Count;
            await story.DeliverAsync();
            if (push == 5)
            {
                repository = (await story.StartAsync(repository.Config))[0]; // a restart forgets nothing
            }
        }

        told.ShouldBe(mode == "off" ? 0 : 1);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries")).ShouldBe(delivered);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM events WHERE json_extract(metadata, '$.skipped.by') = 'loop_guard'")).ShouldBe(pushes - delivered);
        (repository.Standing.Notice?.Contains("ignore_authors", StringComparison.Ordinal) == true).ShouldBe(mode != "off");

        story.Time.Advance(LoopGuard.Window);
        story.Forge.Push("main", '1');
        await story.PollAsync(repository);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries")).ShouldBe(delivered + 1);
        repository.Standing.Notice.ShouldBeNull();
    }

    private static async Task<PolledRepository> WatchAsync(PollStory story, RepositoryConfig config)
    {
        var repository = (await story.StartAsync(config))[0];
        await story.LookAsync(repository);
        return repository;
    }

    private static CommitInfo Commit(string id) => new() { Id = id, Message = "m", Author = new PersonInfo("CI", "ci@bots.example"), Added = [], Modified = ["a"], Removed = [] };
}
