using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class CommitEventsTests
{
    private static readonly ChangeRules NoRules = new(Build.Repository());

    [Fact]
    public void Each_commit_is_an_event_oldest_first_from_its_parent()
    {
        var learnt = Pushed(Commit('3', "3", Build.Commit('1')), Commit('4', "4", Build.Commit('3'), Build.Commit('8')), Commit('2', "2"));

        var events = CommitEvents.Of(learnt, NoRules).ToList();

        events.Select(one => (one.Change.Before, one.Change.After)).ShouldBe(
        [
            (Build.Commit('1'), Build.Commit('3')),
            (Build.Commit('3'), Build.Commit('4')),
            (Build.Commit('4'), Build.Commit('2')), // its parents are not told: the one before
        ]);
        events.ShouldAllBe(one => one.Change.Type == EventType.CommitPushed && one.Commits.Count == 1 && one.CommitCount == 3 && one.Forced == false);
        events.ShouldAllBe(one => !one.Unknown.Contains("commits"));
    }

    [Fact]
    public void A_commit_without_parents_has_nothing_before_it() =>
        CommitEvents.Of(new LearntChange(Build.Event()) { Pushed = [Commit('2', "root") with { Parents = [] }] }, NoRules).ShouldHaveSingleItem().Change.Before.ShouldBeNull();

    [Fact]
    public void Without_a_list_an_update_is_its_head_alone_and_marked()
    {
        var one = CommitEvents.Of(new LearntChange(Build.Event() with { CommitCount = 7 }), NoRules).ShouldHaveSingleItem();

        (one.Change.Before, one.Change.After, one.CommitCount, one.Forced).ShouldBe((Build.Commit('1'), Build.Commit('2'), 7, null));
        one.Unknown.ShouldBe(["message", "author", "files", "forced", "commits"]);
    }

    [Fact]
    public void Of_a_new_branch_only_what_is_known_and_of_a_deletion_nothing()
    {
        CommitEvents.Of(new LearntChange(Build.Event(before: null)), NoRules).ShouldBeEmpty();
        CommitEvents.Of(new LearntChange(Build.Event(before: null)) { Pushed = [Commit('2', "2", Build.Commit('9'))] }, NoRules).ShouldHaveSingleItem().Change.Before.ShouldBe(Build.Commit('9'));
        CommitEvents.Of(new LearntChange(Build.Event(after: null)), NoRules).ShouldBeEmpty();
        CommitEvents.Of(new LearntChange(Build.Event()) { Pushed = [] }, NoRules).ShouldBeEmpty(); // moved back
    }

    [Fact]
    public void Of_a_huge_push_the_newest_are_kept_and_say_how_many_there_are()
    {
        var all = Enumerable.Range(1, 300).Select(number => new CommitInfo { Id = number.ToString("x40", System.Globalization.CultureInfo.InvariantCulture) }).ToArray();

        var events = CommitEvents.Of(Pushed(all), NoRules).ToList();

        events.Count.ShouldBe(CommitEvents.MaxCommits);
        events[^1].Change.After.ShouldBe(all[^1].Id);
        events[1].Change.Before.ShouldBe(events[0].Change.After);
        events.ShouldAllBe(one => one.CommitCount == 300 && one.Unknown.Contains("commits"));
    }

    [Fact]
    public void Rules_judge_each_commit_by_itself()
    {
        var rules = new ChangeRules(Build.Repository() with { SkipMessages = ["skip"], Paths = ["src/**"] });
        var learnt = Pushed(
            Commit('3', "one [skip ci]", Build.Commit('1')),
            Commit('4', "docs only", Build.Commit('3')) with { Added = ["docs/a"], Modified = [], Removed = [] },
            Commit('5', "removed", Build.Commit('4')) with { Added = [], Modified = [], Removed = ["src/a.cs"] },
            Commit('2', "nobody told its files", Build.Commit('5')));

        CommitEvents.Of(learnt, rules).Select(one => one.Skipped?.By).ShouldBe(["skip_messages", "paths", null, null]);
    }

    private static LearntChange Pushed(params CommitInfo[] commits) => new(Build.Event() with { CommitCount = commits.Length, Commits = [.. commits.TakeLast(20)], Forced = false }) { Pushed = commits };

    private static CommitInfo Commit(char id, string message, params string[] parents) =>
        new() { Id = Build.Commit(id), Message = message, Author = new PersonInfo("Ada", "ada@example.org"), Parents = parents.Length > 0 ? parents : null };
}
