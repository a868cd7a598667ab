using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery;

public sealed class DeliveryWorkerTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_failed_delivery_is_sent_again_with_the_same_id_and_bytes()
    {
        await using var story = await DeliveryStory.BeginAsync();
        story.Receiver.Answer = attempt => attempt.Number < 4 ? new TriggerOutcome.TryAgain("503") { Status = 503 } : new TriggerOutcome.Accepted();
        var id = await story.OweAsync();

        await story.UntilAsync(() => story.Receiver.Attempts.Count == 4 && story.Worker.View.Backlog == 0, Second);
        story.Receiver.Attempts.ShouldAllBe(attempt => attempt.Event == id);
        story.Receiver.Attempts.Select(attempt => attempt.Body).Distinct().ShouldHaveSingleItem();
        story.Receiver.Attempts.Select(attempt => attempt.Number).ShouldBe([1, 2, 3, 4]);
        (await story.ScalarAsync<string>("SELECT status FROM events")).ShouldBe("delivered");
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM delivery_attempts")).ShouldBe(4);
    }

    [Fact]
    public async Task A_refusal_for_good_is_a_dead_letter_and_frees_its_lane()
    {
        await using var story = await DeliveryStory.BeginAsync();
        var first = await story.OweAsync();
        story.Receiver.Answer = attempt => attempt.EventId == first ? new TriggerOutcome.GiveUp("400 Bad Request: no") { Status = 400, Answer = "no" } : new TriggerOutcome.Accepted();
        await story.OweAsync();

        await story.UntilAsync(() => story.Receiver.Attempts.Count >= 2 && story.Worker.View.Backlog == 0, Second);
        (await story.ScalarAsync<string>("SELECT error_message FROM events WHERE status = 'failed'")).ShouldBe("400 Bad Request: no");
        (await story.ScalarAsync<string>("SELECT answer FROM delivery_attempts WHERE http_status = 400")).ShouldBe("no");
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM events WHERE status = 'delivered'")).ShouldBe(1);
    }

    [Fact]
    public async Task A_dead_letter_retried_in_the_moment_of_its_death_is_sent()
    {
        await using var story = await DeliveryStory.BeginAsync();
        story.Receiver.Answer = attempt => attempt.Number == 1 ? new TriggerOutcome.GiveUp("400") : new TriggerOutcome.Accepted();
        using var retried = new ManualResetEventSlim();
        story.Feed.Subscribe(note =>
        {
            if (note is LiveNote.Attempted { Attempt.DeliveryStatus: DeliveryStatus.Dead })
            {
                _ = story.RetryDeadAsync().ContinueWith(_ => retried.Set(), TaskScheduler.Default);
                retried.Wait(TimeSpan.FromSeconds(20)).ShouldBeTrue(); // the worker has not heard of the end before
            }
        });
        await story.OweAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Count == 2 && story.Worker.View.Backlog == 0, Second);
        (await story.ScalarAsync<string>("SELECT status FROM deliveries")).ShouldBe("delivered");
    }

    [Fact]
    public async Task Five_refusals_in_a_row_pause_the_trigger_over_a_restart_until_it_is_resumed()
    {
        await using var story = await DeliveryStory.BeginAsync();
        story.Receiver.Answer = _ => new TriggerOutcome.GiveUp("422");
        foreach (var number in Enumerable.Range(0, 5))
        {
            await story.OweAsync($"b{number}");
        }

        await story.UntilAsync(() => story.Worker.View.State == "paused", Second);
        var kept = await story.OweAsync("kept");
        await story.StopAsync();
        story.Receiver.Answer = _ => new TriggerOutcome.Accepted();
        await story.StartAsync();
        await story.UntilAsync(() => story.Worker.View is { State: "paused", Backlog: 1 }, Second);
        story.Receiver.Attempts.Count.ShouldBe(5);

        _ = story.Worker.ResumeAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Any(attempt => attempt.Event == kept), Second);
    }

    [Fact]
    public async Task A_receiver_that_is_gone_pauses_its_trigger_at_once()
    {
        await using var story = await DeliveryStory.BeginAsync();
        story.Receiver.Answer = _ => new TriggerOutcome.GiveUp("410 Gone", Gone: true);
        await story.OweAsync();
        await story.UntilAsync(() => story.Worker.View.State == "paused", Second);
        story.Worker.View.Reason.ShouldNotBeNull().ShouldContain("410");
    }

    [Fact]
    public async Task Three_days_of_outage_lose_nothing_and_end_in_order_within_a_probe()
    {
        var config = Build.Trigger() with { Retry = new RetryConfig { MaxAge = TimeSpan.FromHours(4) } };
        await using var story = await DeliveryStory.BeginAsync(config);
        story.Receiver.Answer = _ => new TriggerOutcome.TryAgain("connection refused");
        var owed = new List<Guid>();
        foreach (var number in Enumerable.Range(0, 12))
        {
            owed.Add(await story.OweAsync($"b{number % 6}"));
        }

        await story.UntilAsync(() => story.Worker.View.State == "open", Second);
        var opened = story.Time.GetUtcNow();
        await story.UntilAsync(() => story.Time.GetUtcNow() - opened > TimeSpan.FromDays(3), TimeSpan.FromMinutes(20));
        story.Worker.View.Backlog.ShouldBe(12); // older than max_age, but an open breaker is left out of it
        story.Receiver.Attempts.Clear();
        story.Receiver.Answer = _ => new TriggerOutcome.Accepted();
        var back = story.Time.GetUtcNow();
        await story.UntilAsync(() => story.Worker.View.Backlog == 0 || story.Time.GetUtcNow() - back >= TimeSpan.FromMinutes(1), Second);
        await story.UntilAsync(() => story.Worker.View.Backlog == 0, TimeSpan.FromMilliseconds(1)); // what was due within a minute of the clock may arrive later by ours
        foreach (var lane in Enumerable.Range(0, 6))
        {
            var arrived = story.Receiver.Attempts.Select(attempt => attempt.Event).Where(id => id == owed[lane] || id == owed[lane + 6]);
            arrived.ShouldBe([owed[lane], owed[lane + 6]]);
        }

        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM trigger_halts WHERE ended_at IS NOT NULL")).ShouldBe(1);
    }

    [Fact]
    public async Task An_open_breaker_says_what_the_receiver_failed_by_also_after_a_restart()
    {
        await using var story = await DeliveryStory.BeginAsync();
        story.Receiver.Answer = _ => new TriggerOutcome.TryAgain("connection refused");
        await story.OweAsync();
        await story.UntilAsync(() => story.Worker.View.State == "open", Second);
        story.Worker.View.Reason.ShouldBe("the receiver fails: connection refused");

        await story.StopAsync();
        story.Receiver.Answer = _ => new TriggerOutcome.TryAgain("timed out");
        await story.StartAsync();
        await story.UntilAsync(() => story.Worker.View is { State: "open", Reason: "the receiver fails: timed out" }, Second);
        story.Receiver.Answer = _ => new TriggerOutcome.Accepted();
        await story.UntilAsync(() => story.Worker.View is { State: "running", Reason: null }, Second);
    }

    [Fact]
    public async Task What_is_too_old_becomes_a_dead_letter_with_that_reason()
    {
        var config = Build.Trigger() with { Retry = new RetryConfig { Initial = TimeSpan.FromMinutes(10), MaxAge = TimeSpan.FromDays(2) } };
        await using var story = await DeliveryStory.BeginAsync(config);
        story.Receiver.Answer = _ => new TriggerOutcome.TryAgain("500");
        await story.OweAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Count > 1, TimeSpan.FromMinutes(1));
        await story.UntilAsync(() => story.Worker.View.Backlog == 0, TimeSpan.FromHours(1));
        (await story.ScalarAsync<string>("SELECT last_error FROM deliveries WHERE status = 'dead'")).ShouldContain("retry.max_age");
    }

    [Fact]
    public async Task A_trigger_that_throws_loses_nothing()
    {
        await using var story = await DeliveryStory.BeginAsync();
        var calls = 0;
        story.Receiver.Answer = _ => Interlocked.Increment(ref calls) == 1 ? throw new InvalidOperationException("a bug") : new TriggerOutcome.Accepted();
        await story.OweAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Count == 2 && story.Worker.View.Backlog == 0, Second);
        (await story.ScalarAsync<string>("SELECT status FROM events")).ShouldBe("delivered");
    }

    [Fact]
    public async Task Coalescing_records_what_it_passed_over()
    {
        await using var story = await DeliveryStory.BeginAsync(Build.Trigger() with { Coalesce = "latest" });
        var gate = new TaskCompletionSource();
        story.Receiver.Before = () => gate.Task;
        await story.OweAsync();
        await story.UntilAsync(() => story.Receiver.Attempts.Count == 1, Second);
        foreach (var _ in Enumerable.Range(0, 3))
        {
            await story.OweAsync();
        }

        gate.SetResult();
        await story.UntilAsync(() => story.Receiver.Attempts.Count == 2 && story.Worker.View.Backlog == 0, Second);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'superseded'")).ShouldBe(2);
        (await story.ScalarAsync<long>("SELECT COUNT(*) FROM deliveries WHERE status = 'delivered'")).ShouldBe(2);
    }
}
