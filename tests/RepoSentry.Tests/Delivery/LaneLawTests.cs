using CsCheck;
using RepoSentry.Configuration;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery;

/// <summary>The laws of lanes, breaker and pacing, for whatever happens in whatever order; <see cref="LaneModel"/> has them.</summary>
public sealed class LaneLawTests
{
    private static readonly double[] Rates = [0, 0.5, 1, 2, 2.5, 5];
    private static readonly int[] Slots = [0, 1, 2, 3, 4, 16];

    private static readonly Gen<TimeSpan> Takes = Gen.Frequency(
        (6, Gen.Int[0, 300].Select(ms => TimeSpan.FromMilliseconds(ms))),
        (1, Gen.Int[1, 40].Select(seconds => TimeSpan.FromSeconds(seconds))));

    private static readonly Gen<Verdict> Verdicts = Gen.Select(
        Gen.Frequency((6, Gen.Const("accept")), (8, Gen.Const("fail")), (2, Gen.Const("hold")), (1, Gen.Const("refuse")), (1, Gen.Const("gone")), (1, Gen.Const("storage"))),
        Takes,
        Gen.Int[1, 90].Select(seconds => TimeSpan.FromSeconds(seconds)),
        (kind, takes, after) => new Verdict(kind, takes, after));

    private static readonly Gen<Happening> Happenings = Gen.Select(
        Gen.Frequency(
            (12, Gen.Const("arrive")),
            (10, Gen.Const("advance")),
            (2, Gen.Const("down")),
            (1, Gen.Const("mixed")),
            (1, Gen.Const("up")),
            (1, Gen.Const("retry")),
            (1, Gen.Const("pause")),
            (1, Gen.Const("resume")),
            (1, Gen.Const("restart"))),
        Gen.Int[0, 5],
        Gen.Frequency((4, Gen.Int[0, 1500]), (2, Gen.Int[1500, 30_000]), (1, Gen.Int[30_000, 400_000])),
        (kind, lane, ms) => new Happening(kind, lane, ms));

    private static readonly Gen<TriggerConfig> Configs = Gen.Select(
        Gen.Int[0, Rates.Length - 1],
        Gen.Int[0, Slots.Length - 1],
        Gen.Int[0, 2],
        (rate, slots, coalesce) => Build.Trigger() with
        {
            RequestsPerSecond = Rates[rate],
            MaxInFlight = Slots[slots],
            Coalesce = coalesce == 0 ? "latest" : "none",
            Retry = new RetryConfig { Initial = TimeSpan.FromSeconds(1), Max = TimeSpan.FromMinutes(5) },
        });

    private static readonly Gen<(TriggerConfig Config, Verdict[] Verdicts, Happening[] Happenings)> Stories =
        Gen.Select(Configs, Verdicts.Array[1, 40], Happenings.Array[1, 150]);

    [Fact]
    public void Whatever_happens_the_laws_of_lanes_breaker_and_pacing_hold() => Stories.Sample(
        story =>
        {
            var model = new LaneModel(story.Config, story.Verdicts);
            foreach (var happening in story.Happenings)
            {
                model.Run(happening);
            }

            model.Settle();
            return model.Backlog == 0;
        },
        iter: 3000,
        print: story => $"{story.Config.RequestsPerSecond}/s {story.Config.MaxInFlight} {story.Config.Coalesce}\n{string.Join('\n', story.Verdicts.Select(verdict => verdict.ToString()))}\n{string.Join('\n', story.Happenings.Select(happening => happening.ToString()))}");

    [Fact]
    public void The_stories_reach_what_the_laws_are_about()
    {
        var (opened, starts) = (0, 0L);
        Stories.Sample(
            story =>
            {
                var model = new LaneModel(story.Config with { Coalesce = "none" }, [new Verdict("fail", TimeSpan.FromMilliseconds(50), default)]);
                foreach (var happening in story.Happenings)
                {
                    model.Run(happening);
                }

                Interlocked.Add(ref opened, model.EverOpened ? 1 : 0);
                Interlocked.Add(ref starts, model.Starts);
            },
            iter: 200);
        opened.ShouldBeGreaterThan(20);
        starts.ShouldBeGreaterThan(1000);
    }
}
