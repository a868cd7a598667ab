using RepoSentry.Delivery;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery;

public sealed class LaneBookTests
{
    private TimeSpan now = TimeSpan.FromMinutes(5);

    [Fact]
    public void Deliveries_of_one_ref_go_in_order_one_at_a_time()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        book.Add(Build.Owed(2), now);

        Start(book).ShouldBe(1);
        Start(book).ShouldBeNull();
        book.Finish(1, now);
        Start(book).ShouldBe(2);
    }

    [Fact]
    public void Lanes_do_not_block_each_other()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1, branch: "main"), now);
        book.Add(Build.Owed(2, branch: "dev"), now);

        Start(book).ShouldBe(1);
        Start(book).ShouldBe(2);
    }

    [Fact]
    public void A_delivery_told_of_twice_is_owed_once()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        book.Add(Build.Owed(1), now);

        Start(book);
        book.Finish(1, now);
        Start(book).ShouldBeNull();
        book.Backlog.ShouldBe(0);
    }

    [Fact]
    public void A_dead_letter_asked_for_before_its_end_is_heard_is_tried_again_and_a_copy_of_it_is_not()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        Start(book);
        book.Add(Build.Owed(1) with { OutOfOrder = true, Attempts = 1 }, now); // its row was dead by then
        book.Finish(1, now);
        Start(book).ShouldBe(1);
        book.Add(Build.Owed(1) with { OutOfOrder = true, Attempts = 1 }, now); // told of twice: once by its row
        book.Finish(1, now);
        Start(book).ShouldBeNull();
        book.Backlog.ShouldBe(0);
    }

    [Fact]
    public void A_failed_head_waits_and_its_lane_with_it()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        Start(book);
        book.Retry(1, now, TimeSpan.FromSeconds(8), held: false);

        book.Start(now, out var wakeAt).ShouldBeNull();
        wakeAt.ShouldBe(now + TimeSpan.FromSeconds(8));
        now += TimeSpan.FromSeconds(8);
        book.Start(now, out _)!.Attempt.ShouldBe(2);
    }

    [Fact]
    public void A_new_event_behind_a_failing_head_makes_it_due_but_at_most_once_a_second()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        Start(book);
        book.Retry(1, now, TimeSpan.FromHours(1), held: false);

        book.Add(Build.Owed(2), now);
        Start(book).ShouldBeNull();
        now += TimeSpan.FromSeconds(1);
        Start(book).ShouldBe(1);
    }

    [Fact]
    public void Retry_after_holds_its_lane_against_new_events_and_a_closing_breaker()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        Start(book);
        book.Retry(1, now, TimeSpan.FromSeconds(90), held: true);

        book.Add(Build.Owed(2), now);
        book.ReleaseAll(now);
        now += TimeSpan.FromSeconds(89);
        Start(book).ShouldBeNull();
        now += TimeSpan.FromSeconds(1);
        Start(book).ShouldBe(1);
    }

    [Fact]
    public void Failing_lanes_take_at_most_half_of_the_slots()
    {
        var book = new LaneBook(Build.Trigger() with { MaxInFlight = 4 });
        foreach (var id in Enumerable.Range(1, 4))
        {
            book.Add(Build.Owed(id, branch: $"b{id}"), now);
        }

        Drain(book).Count.ShouldBe(4);
        foreach (var id in Enumerable.Range(1, 4))
        {
            book.Retry(id, now, TimeSpan.FromSeconds(1), held: false);
        }

        now += TimeSpan.FromSeconds(1);
        Drain(book).Count.ShouldBe(2);
        book.Add(Build.Owed(9, branch: "healthy"), now);
        Start(book).ShouldBe(9);
    }

    [Fact]
    public void Coalescing_delivers_the_newest_that_waited_and_names_the_others()
    {
        var book = new LaneBook(Build.Trigger() with { Coalesce = "latest" });
        foreach (var id in Enumerable.Range(1, 3))
        {
            book.Add(Build.Owed(id), now);
        }

        var start = book.Start(now, out _)!;
        start.Delivery.Id.ShouldBe(3);
        start.Superseded.ShouldBe([1, 2]);
        book.Backlog.ShouldBe(1);
    }

    [Fact]
    public void The_breaker_opens_after_five_failures_and_ten_seconds_and_then_only_probes_go()
    {
        var book = OpenedBook(lanes: 8);

        Drain(book).ShouldBeEmpty();
        now += Breaker.ProbeEvery;
        Drain(book).Count.ShouldBe(1);
        now += Breaker.ProbeEvery;
        Drain(book).Count.ShouldBe(1); // though the first probe still waits
    }

    [Fact]
    public void A_short_row_of_failures_does_not_open_the_breaker()
    {
        var breaker = new Breaker();
        foreach (var second in Enumerable.Range(0, 9))
        {
            breaker.Failed(TimeSpan.FromSeconds(second)).ShouldBeFalse();
        }

        breaker.Failed(TimeSpan.FromSeconds(10)).ShouldBeTrue();
    }

    [Fact]
    public void A_delivery_new_to_a_healthy_lane_is_the_next_probe_at_most_one_a_second()
    {
        var book = OpenedBook(lanes: 5);
        now += TimeSpan.FromSeconds(2);

        book.Add(Build.Owed(100, branch: "new"), now);
        Start(book).ShouldBe(100);
        book.Add(Build.Owed(101, branch: "newer"), now);
        book.Start(now, out var wakeAt).ShouldBeNull();
        wakeAt.ShouldBe(now + TimeSpan.FromSeconds(1));
        now += TimeSpan.FromSeconds(1);
        Start(book).ShouldBe(101);
    }

    [Fact]
    public void A_success_makes_all_that_waited_due_at_once()
    {
        var book = OpenedBook(lanes: 6);
        now += Breaker.ProbeEvery;
        var probe = Start(book)!.Value;
        book.Finish(probe, now);
        book.Breaker.Succeeded().ShouldBeTrue();
        book.ReleaseAll(now);

        Drain(book).Count.ShouldBe(5);
    }

    [Fact]
    public void What_waits_after_a_long_outage_goes_in_order_and_paced()
    {
        var book = new LaneBook(Build.Trigger() with { RequestsPerSecond = 5 });
        foreach (var id in Enumerable.Range(1, 20))
        {
            book.Add(Build.Owed(id, branch: $"b{id}"), now);
        }

        Drain(book).ShouldBe([1, 2, 3, 4, 5]);
        now += TimeSpan.FromMilliseconds(999);
        Drain(book).ShouldBeEmpty();
        now += TimeSpan.FromMilliseconds(1);
        Drain(book).ShouldBe([6, 7, 8, 9, 10]);
    }

    [Fact]
    public void A_paused_trigger_starts_nothing()
    {
        var book = new LaneBook(Build.Trigger()) { Paused = true };
        book.Add(Build.Owed(1), now);

        Start(book).ShouldBeNull();
        book.Paused = false;
        Start(book).ShouldBe(1);
    }

    private LaneBook OpenedBook(int lanes)
    {
        var book = new LaneBook(Build.Trigger());
        foreach (var id in Enumerable.Range(1, lanes))
        {
            book.Add(Build.Owed(id, branch: $"b{id}"), now);
        }

        foreach (var id in Drain(book))
        {
            book.Breaker.Failed(now);
            book.Retry(id, now, TimeSpan.FromSeconds(10), held: false);
        }

        now += TimeSpan.FromSeconds(10);
        var again = Start(book)!.Value;
        book.Retry(again, now, TimeSpan.FromSeconds(10), held: false);
        book.Breaker.Failed(now).ShouldBeTrue();
        return book;
    }

    private long? Start(LaneBook book) => book.Start(now, out _)?.Delivery.Id;

    private List<long> Drain(LaneBook book)
    {
        var started = new List<long>();
        while (Start(book) is { } id)
        {
            started.Add(id);
        }

        return started;
    }
}
