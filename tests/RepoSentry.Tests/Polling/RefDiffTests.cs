using CsCheck;
using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class RefDiffTests
{
    private static readonly RefFilter All = RefFilter.Parse("""["**"]""");
    private static readonly Gen<(string, char)[]> Refs =
        Gen.Select(Gen.Int[0, 5].Select(index => new[] { "main", "dev", "release/1", "release/2", "a", "z" }[index]), Gen.Char['1', '4']).Array[0, 6];

    [Fact]
    public void Applying_the_changes_to_the_first_snapshot_gives_the_second() =>
        Gen.Select(Refs, Refs).Sample((one, other) =>
        {
            var (before, after) = (Snapshot(one), Snapshot(other));
            var state = before.Refs.ToDictionary(item => item.Name, item => item.CommitId);
            foreach (var change in RefDiff.Between(before, All, after, All))
            {
                state.GetValueOrDefault(change.Ref).ShouldBe(change.Before);
                if (change.After is null)
                {
                    state.Remove(change.Ref);
                }
                else
                {
                    state[change.Ref] = change.After;
                }
            }

            return state.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new GitRef(pair.Key, pair.Value)).SequenceEqual(after.Refs);
        });

    [Fact]
    public void A_force_push_is_an_update_like_any_other() =>
        Between(Build.Branches(("main", '1')), Build.Branches(("main", '2'))).ShouldHaveSingleItem().Type.ShouldBe(EventType.BranchUpdated);

    [Fact]
    public void A_branch_moved_back_is_a_change() // git-resource#174
    {
        var there = Build.Branches(("main", '2'));
        var back = Build.Branches(("main", '1'));
        Between(back, there).ShouldHaveSingleItem().After.ShouldBe(Build.Commit('2'));
        Between(there, back).ShouldHaveSingleItem().After.ShouldBe(Build.Commit('1'));
    }

    [Fact]
    public void More_than_three_tags_at_once_are_all_seen() // pipelines-as-code#2252
    {
        var after = new RefSnapshot(RefKind.Tag, [.. Enumerable.Range(1, 9).Select(number => new GitRef($"refs/tags/v{number}", Build.Commit('1')))]);
        RefDiff.Between(new RefSnapshot(RefKind.Tag, []), All, after, All).Select(change => change.Type).ShouldBe(Enumerable.Repeat(EventType.TagCreated, 9));
    }

    [Fact]
    public void A_tag_object_that_is_new_around_the_same_commit_is_no_change()
    {
        var before = new RefSnapshot(RefKind.Tag, [new GitRef("refs/tags/v1", Build.Commit('1'), Build.Commit('8'))]);
        var after = new RefSnapshot(RefKind.Tag, [new GitRef("refs/tags/v1", Build.Commit('1'))]);
        RefDiff.Between(before, All, after, All).ShouldBeEmpty();
    }

    [Fact]
    public void A_ref_that_only_a_wider_filter_shows_is_silent_and_one_that_the_old_filter_would_have_shown_is_not()
    {
        var before = Build.Branches(("main", '1'));
        var after = Build.Branches(("dev", '1'), ("main", '1'), ("main2", '1'));
        RefDiff.Between(before, RefFilter.Parse("""["main*"]"""), after, All).ShouldHaveSingleItem().Ref.ShouldBe("refs/heads/main2");
    }

    [Fact]
    public void Narrowing_a_filter_forgets_refs_without_deleting_them()
    {
        var before = Build.Branches(("dev", '1'), ("main", '1'));
        var after = Build.Branches(("main", '1'));
        RefDiff.Between(before, All, after, RefFilter.Parse("""["main"]""")).ShouldBeEmpty();
    }

    private static IReadOnlyList<RefChange> Between(RefSnapshot before, RefSnapshot after) => RefDiff.Between(before, All, after, All);

    private static RefSnapshot Snapshot((string Name, char Commit)[] refs) =>
        Build.Branches([.. refs.DistinctBy(item => item.Name)]);
}
