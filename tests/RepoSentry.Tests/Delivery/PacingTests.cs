using CsCheck;
using RepoSentry.Configuration;
using RepoSentry.Delivery;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery;

public sealed class PacingTests
{
    [Fact]
    public void No_window_of_a_second_holds_more_starts_than_allowed() =>
        Gen.Select(Gen.Int[1, 20], Gen.Int[0, 400].Array[1, 200]).Sample((rate, gaps) =>
        {
            var limiter = new StartLimiter(rate);
            var now = TimeSpan.Zero;
            var starts = new List<TimeSpan>();
            foreach (var gap in gaps)
            {
                now += TimeSpan.FromMilliseconds(gap);
                if (limiter.NextAt <= now)
                {
                    limiter.Started(now);
                    starts.Add(now);
                }
            }

            return starts.TrueForAll(start => starts.Count(other => other >= start && other < start + TimeSpan.FromSeconds(1)) <= rate);
        });

    [Fact]
    public void A_rate_below_one_spaces_the_starts()
    {
        var limiter = new StartLimiter(0.5);
        limiter.Started(TimeSpan.FromSeconds(10));
        limiter.NextAt.ShouldBe(TimeSpan.FromSeconds(12));
    }

    [Fact]
    public void Back_off_never_goes_below_retry_after_nor_above_the_cap() =>
        Gen.Select(Gen.Int[1, 80], Gen.Int[0, 100_000], Gen.Double[0, 0.999]).Sample((failures, asked, random) =>
        {
            var retry = new RetryConfig();
            var free = BackOff.Wait(retry, failures, null, random);
            var held = BackOff.Wait(retry, failures, TimeSpan.FromSeconds(asked), random);
            return free <= retry.Max * 1.2 && free >= retry.Initial * 0.8 && held == (asked < retry.Max.TotalSeconds ? TimeSpan.FromSeconds(asked) : retry.Max);
        });
}
