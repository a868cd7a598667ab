using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Api;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class FleetHistoryTests
{
    [Fact]
    public async Task A_slot_has_the_numbers_of_the_status_and_both_spans_tell_the_same()
    {
        await using var host = await RunningHost.StartAsync();
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/status")).GetProperty("fleet").GetProperty("failing").GetInt32() == 2);
        host.Services.GetRequiredService<FleetHistory>().Sample();
        foreach (var span in new[] { "hour", "day" })
        {
            var history = await host.JsonAsync("/api/v1/history?span=" + span);
            var slots = history.GetProperty("slots").EnumerateArray().ToList();
            slots[^1].GetProperty("failing").GetInt32().ShouldBe(2);
            slots.Sum(slot => slot.GetProperty("looks").GetInt32()).ShouldBe(slots.Sum(slot => slot.GetProperty("looks_by_duration").EnumerateArray().Sum(count => count.GetInt32())));
            slots[^1].GetProperty("looks_by_duration").GetArrayLength().ShouldBe(history.GetProperty("look_bounds_ms").GetArrayLength() + 1);
        }
    }

    [Fact]
    public async Task Another_span_is_refused()
    {
        await using var host = await RunningHost.StartAsync();
        using var response = await host.SendAsync("/api/v1/history?span=year");
        ((int)response.StatusCode).ShouldBe(400);
    }

    [Fact]
    public void Slots_put_together_have_the_sums_and_the_last_standing()
    {
        var at = new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero);
        var one = new HistorySlot(at, 5, 1, 0, 10, 1, [4, 6], 3, 1, 0);
        var two = new HistorySlot(at.AddSeconds(10), 6, 0, 0, 7, 0, [7, 0], 2, 0, 1);
        one.With(two).ShouldSatisfyAllConditions(
            slot => slot.At.ShouldBe(at),
            slot => (slot.Fresh, slot.Late, slot.Looks, slot.FailedLooks, slot.Delivered, slot.TriedAgain, slot.Dead).ShouldBe((6, 0, 17, 1, 5, 1, 1)),
            slot => slot.LooksByDuration.ShouldBe([11, 6]));
    }

    [Fact]
    public void Figures_are_those_of_the_attempts()
    {
        var figures = TriggerFigures.Of([.. Enumerable.Range(1, 100).Select(number => (number > 10, (float)number))]);
        figures.ShouldBe(new TriggerFigures(100, 90, 0.9, 50, 99));
        TriggerFigures.Of([]).Success.ShouldBeNull();
    }
}
