using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using RepoSentry.Tests.Delivery;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Regressions;

/// <summary>What <see cref="LaneLawTests"/> found.</summary>
public sealed class LaneRegressions
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly TimeSpan now = TimeSpan.FromMinutes(5);

    [Fact]
    public void A_second_holds_no_more_starts_than_allowed_when_the_rate_has_a_fraction()
    {
        var limiter = new StartLimiter(2.5);
        limiter.Started(now);
        limiter.Started(now);
        limiter.NextAt.ShouldBe(now + Second);
    }

    [Fact]
    public async Task A_wait_that_the_receiver_asked_for_outlives_a_restart()
    {
        await using var story = await DeliveryStory.BeginAsync(Build.Trigger() with { Retry = new RetryConfig { Max = TimeSpan.FromHours(1) } });
        story.Receiver.Answer = _ => new TriggerOutcome.TryAgain("429", TimeSpan.FromMinutes(30)) { Status = 429 };
        await story.OweAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Count == 1 && story.Worker.View.InFlight == 0);
        await story.StopAsync();
        var asked = story.Time.GetUtcNow();
        story.Receiver.Answer = _ => new TriggerOutcome.Accepted();
        await story.StartAsync();

        // New work behind a head that merely failed would make it due at once.
        await story.OweAsync();
        await story.UntilAsync(() => story.Worker.View.Backlog == 2);
        await story.UntilAsync(() => story.Worker.View.Backlog == 0, TimeSpan.FromSeconds(10));
        (story.Time.GetUtcNow() - asked).ShouldBeGreaterThanOrEqualTo(TimeSpan.FromMinutes(29));
        (await story.ScalarAsync<string>("SELECT outcome FROM delivery_attempts ORDER BY id LIMIT 1")).ShouldBe("try_later");
    }

    [Fact]
    public void What_a_newer_delivery_stands_for_is_told_again_if_its_attempt_could_not_begin()
    {
        var book = new LaneBook(Build.Trigger() with { Coalesce = "latest" });
        book.Add(Build.Owed(1), now);
        book.Add(Build.Owed(2), now);
        book.Start(now, out _)!.Superseded.ShouldBe([1]);
        book.Postpone(2, now, Second);

        book.Backlog.ShouldBe(2);
        book.Add(Build.Owed(3), now);
        book.Start(now + Second, out _)!.Superseded.ShouldBe([1, 2]);
        book.Backlog.ShouldBe(1);
    }

    [Fact]
    public void An_attempt_that_could_not_begin_has_no_number()
    {
        var book = new LaneBook(Build.Trigger());
        book.Add(Build.Owed(1), now);
        book.Start(now, out _)!.Attempt.ShouldBe(1);
        book.Postpone(1, now, Second);
        book.Start(now + Second, out _)!.Attempt.ShouldBe(1);
    }

    [Fact]
    public void A_failing_lane_stays_one_when_a_newer_delivery_takes_the_place_of_the_one_that_failed()
    {
        var book = new LaneBook(Build.Trigger() with { Coalesce = "latest", MaxInFlight = 2 });
        foreach (var id in new[] { 1, 2 })
        {
            book.Add(Build.Owed(id, branch: $"b{id}"), now);
            book.Start(now, out _).ShouldNotBeNull();
        }

        foreach (var id in new[] { 1, 2 })
        {
            book.Retry(id, now, Second, held: false);
            book.Add(Build.Owed(id + 10, branch: $"b{id}"), now);
        }

        book.Start(now + Second, out _)!.Superseded.ShouldBe([1]);
        book.Start(now + Second, out _).ShouldBeNull(); // the other slot is for lanes that do not fail
        book.Add(Build.Owed(20, branch: "healthy"), now + Second);
        book.Start(now + Second, out _)!.Delivery.Id.ShouldBe(20);
    }
}
