using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

public sealed class LoopGuardTests
{
    private const string Bot = "ci@bots.example";
    private const string Main = "refs/heads/main";

    [Fact]
    public void Ten_changes_each_after_a_delivery_are_a_loop()
    {
        LoopGuard.Count(Bot, At(18), Changes(8, every: 2)).ShouldBe(0);
        LoopGuard.Count(Bot, At(18), Changes(9, every: 2)).ShouldBe(10);
    }

    [Fact]
    public void A_change_of_somebody_else_before_them_is_none_of_the_ten()
    {
        var after = Changes(10, every: 2);
        after[^1] = after[^1] with { Author = "ada@example.org" };

        LoopGuard.Count(Bot, At(18), after[..9].Append(after[^1]).ToList()).ShouldBe(10);
        LoopGuard.Count(Bot, At(18), after[..8].Append(after[^1]).ToList()).ShouldBe(0);
    }

    [Fact]
    public void Ten_changes_that_wait_for_no_delivery_are_someone_at_work() =>
        LoopGuard.Count(Bot, At(18), Changes(9, every: 2, delivered: false)).ShouldBe(0);

    [Fact]
    public void A_delivery_that_came_after_the_next_change_did_not_cause_it()
    {
        var late = Changes(9, every: 2).Select(change => change with { DeliveredAt = change.At.AddMinutes(3) }).ToList();

        LoopGuard.Count(Bot, At(18), late).ShouldBe(0);
    }

    [Fact]
    public void What_took_longer_than_the_window_is_none() => LoopGuard.Count(Bot, At(36), Changes(9, every: 4)).ShouldBe(0);

    [Fact]
    public void Other_people_between_do_not_hide_it_and_are_not_blamed()
    {
        var mixed = Changes(12, every: 2);
        mixed[4] = mixed[4] with { Author = "ada@example.org" };

        LoopGuard.Count(Bot, At(24), mixed).ShouldBe(12);
        LoopGuard.Count("ada@example.org", At(24), mixed).ShouldBe(0);
    }

    [Fact]
    public void One_that_is_stopped_goes_on_until_thirty_minutes_are_quiet()
    {
        EarlierChange[] stopped = [new(At(0), Bot, null, IsStopped: true)];

        LoopGuard.Count(Bot, At(29), stopped).ShouldBe(2);
        LoopGuard.Count("ada@example.org", At(29), stopped).ShouldBe(0);
        LoopGuard.Count(Bot, At(30), stopped).ShouldBe(0);
    }

    [Fact]
    public void It_is_told_once_stands_as_a_notice_and_ends()
    {
        var guard = new LoopGuard();

        guard.Note(Main, Bot, 10, At(0), isStopped: false).ShouldNotBeNull().ShouldContain("main was changed 10 times within 30 minutes by ci@bots.example");
        guard.Note(Main, Bot, 11, At(2), isStopped: false).ShouldBeNull();
        guard.Notices(At(31)).ShouldHaveSingleItem().ShouldContain("11 times");
        guard.Notices(At(32)).ShouldBeEmpty();
        guard.Note(Main, Bot, 10, At(60), isStopped: true).ShouldNotBeNull().ShouldContain("recorded and not delivered");
    }

    private static DateTimeOffset At(int minute) => Build.Noon.AddMinutes(minute);

    // Newest first, the oldest at minute 0.
    private static List<EarlierChange> Changes(int count, int every, bool delivered = true) =>
        [.. Enumerable.Range(0, count).Reverse().Select(index => new EarlierChange(At(index * every), Bot, delivered ? At(index * every).AddSeconds(5) : null, IsStopped: false))];
}
