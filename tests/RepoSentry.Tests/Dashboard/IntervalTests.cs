using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Api;
using RepoSentry.Dashboard.Charts;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>The chart of intervals counts only the time between looks that follow each other.</summary>
public sealed class IntervalTests
{
    [Fact]
    public void What_spans_a_gap_is_no_interval()
    {
        var all = Interval.Of([Look(900, false), Look(890, false), Look(880, true), Look(60, true), Look(30, true), Look(0, true)]);
        all.Select(one => one.Seconds).ShouldBe([null, 10, 10]);
        all[0].At.ShouldBe(Build.Noon.AddSeconds(880), "gaps that nothing stands between are one");
        Interval.Of([Look(0, true)]).ShouldBeEmpty();
        Interval.Of([]).ShouldBeEmpty();
    }

    [Fact]
    public async Task Looks_of_before_the_start_and_of_before_a_pause_begin_anew()
    {
        await using var host = await StartAsync();
        var repository = Remember(host, Build.Noon, Build.Noon.AddSeconds(10));
        repository.Begins(Build.Noon.AddHours(-1)).ShouldBeTrue("it was of another process");
        repository.Begins(Build.Noon).ShouldBeTrue();
        repository.Begins(Build.Noon.AddSeconds(10)).ShouldBeFalse();

        repository.Paused = true;
        repository.Paused = false;
        Remember(host, Build.Noon.AddHours(1), Build.Noon.AddHours(2));
        repository.Begins(Build.Noon.AddHours(1)).ShouldBeTrue("nobody looked during the pause");
        repository.Begins(Build.Noon.AddHours(2)).ShouldBeFalse();
    }

    [Fact]
    public async Task A_start_of_the_service_is_a_marked_gap_and_no_interval()
    {
        await using var host = await StartAsync();
        await host.RecordAsync(2, "off"); // at noon, as by an earlier process
        Remember(host, [.. Enumerable.Range(60, 4).Select(minute => Build.Noon.AddMinutes(minute))]);

        var looks = (await host.JsonAsync("/api/v1/repositories/off/polls")).GetProperty("items").EnumerateArray().ToList();
        looks[0].GetProperty("gap_before").GetBoolean().ShouldBeFalse();
        looks[^1].GetProperty("gap_before").GetBoolean().ShouldBeTrue();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        foreach (var (language, summary, cell, legend) in new[] { ("en", "1 min on average, 1 min at most, gaps, which do not count: 1", "gap", "gap: a start of the service"), ("zh-CN", "另有间断 1 处，不计入", "间断", "间断：服务启动") })
        {
            var html = (await surfer.GetAsync("/repositories/off", language)).Html;
            html.ShouldContain(summary);
            html.ShouldContain($"<td class=\"num\">{cell}</td>");
            html.ShouldContain(legend);
            html.ShouldContain("<line class=\"gap\"");
        }
    }

    [Fact]
    public async Task What_is_not_looked_at_says_so()
    {
        await using var host = await StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        (await surfer.GetAsync("/repositories/off")).Html.ShouldContain("It is not looked at, so there are no intervals.");
        (await surfer.GetAsync("/repositories/off", "zh-CN")).Html.ShouldContain("此仓库目前不查看");
        (await surfer.GetAsync("/repositories/off")).Html.ShouldNotContain("Numbers are being collected");
    }

    // One that no look of the service itself comes between.
    private static Task<RunningHost> StartAsync() => RunningHost.StartAsync(config => config with { Repositories = [.. config.Repositories, config.Repositories[0] with { Name = "off", Enabled = false }] });

    private static PolledRepository Remember(RunningHost host, params DateTimeOffset[] looks)
    {
        var repository = host.Services.GetRequiredService<PollWorker>().Repositories["off"];
        Array.ForEach(looks, at => repository.Remember(new PollOutcome(at, TimeSpan.FromMilliseconds(1), PollOutcome.Unchanged, "git")));
        return repository;
    }

    private static PollView Look(int second, bool begins) => new(Build.Noon.AddSeconds(second), 1, "unchanged", "git", 0, null) { GapBefore = begins };
}
