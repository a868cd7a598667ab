using System.Text.RegularExpressions;
using Dapper;
using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Api;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Dashboard;

/// <summary>Whoever reads Chinese reads Chinese: what does not go well is said in it on every page.</summary>
public sealed partial class ChinesePageTests
{
    private const string Server = "500 Oops: the server fails; looks fail (3 in a row)";

    [Fact]
    public async Task No_page_of_a_fleet_in_trouble_says_anything_of_ours_in_english()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Triggers = [Build.Trigger(), Build.Trigger("hook")], Repositories = [.. config.Repositories.Select(repository => repository with { Paths = ["src/**"], SkipMessages = ["[skip ci]"], IgnoreAuthors = ["bot"] })] });
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/status")).GetProperty("fleet").GetProperty("failing").GetInt32() == 2);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await surfer.PostAsync("/repositories/group%2Fapi/pause", proof: false);
        await host.RecordAsync(2, triggers: ["tekton", "hook"]);
        await SkipAsync(host);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/deliveries?trigger=hook")).GetProperty("items")[0].GetProperty("attempts").GetInt32() > 0);
        await WriteAsync(host, $"UPDATE deliveries SET status = 'dead', attempts = 1, last_error = '{Server}' WHERE id = 1");
        var polling = host.Services.GetRequiredService<PollWorker>();
        polling.Repositories["web"].Fail("held", new HeldDrop(RefKind.Tag, ["refs/tags/v1"], 2, 1, Build.Noon, Build.Noon).Explain("web"));

        var events = (await host.JsonAsync("/api/v1/events")).GetProperty("items").EnumerateArray().Select(item => "/events/" + item.GetProperty("id").GetString()).ToList();
        var paths = PageTests.Paths.Select(row => row.Data).Concat(events).Concat(["/triggers/hook", "/repositories?status=lost", "/events?limit=0", "/repositories/nope", "/rules?repository=web&refs=main%0Arefs/pull/7/head%0Arefs/notes/a%0Aa..b%0Alooks-fail"]);
        foreach (var path in paths)
        {
            var html = (await surfer.GetAsync(path, "zh-CN")).Html;
            Foreign.Matches(html).Select(match => match.Groups["text"].Value).Where(text => text is not "English" and not Server).ShouldBeEmpty(path);
        }

        (await surfer.GetAsync("/", "zh-CN")).Html.ShouldContain("由操作者暂停");
        (await surfer.GetAsync("/repositories", "zh-CN")).Html.ShouldContain("title=\"查看连续失败");
        (await surfer.GetAsync(events[0], "zh-CN")).Html.ShouldContain("没有文件变化");
        (await surfer.GetAsync(events[1], "zh-CN")).Html.ShouldContain("触发器已暂停（由操作者暂停）：恢复后发送");
        foreach (var path in new[] { "/repositories/web", "/triggers" })
        {
            (await surfer.GetAsync(path)).Html.ShouldNotContain("<span class=\"said\" lang");
        }
    }

    [Fact]
    public async Task What_a_server_said_stays_and_is_marked_as_english()
    {
        await using var host = await RunningHost.StartAsync();
        using var surfer = new Surfer(host.Http.BaseAddress!);
        await surfer.PostAsync("/triggers/tekton/pause", proof: false);
        await host.RecordAsync(1, triggers: ["tekton"]);
        await WriteAsync(host, $"UPDATE deliveries SET status = 'dead', attempts = 1, last_error = '{Server}' WHERE id = 1");
        (await surfer.GetAsync("/triggers/tekton?status=dead", "zh-CN")).Html.ShouldContain($"lang=\"en\">{Server}<");
    }

    private static async Task SkipAsync(RunningHost host)
    {
        var owner = host.Services.GetRequiredService<PollWorker>().Repositories["web"];
        await host.Services.GetRequiredService<PollStore>().CommitAsync(
            new PollCommit
            {
                Fence = host.Services.GetRequiredService<Ownership>().Claim(owner.Shard),
                RepositoryId = owner.Id,
                Kinds = [],
                Events = [new RoutedEvent(Build.Event("kept") with { Id = Guid.CreateVersion7(), DetectedAt = TimeProvider.System.GetUtcNow(), Skipped = new SkipInfo("paths", "no file differs") }, [])],
                Outcome = new PollOutcome(Build.Noon, TimeSpan.FromMilliseconds(1), "changed", "git", 1),
            },
            CancellationToken.None);
    }

    private static Task WriteAsync(RunningHost host, string sql) =>
        host.Services.GetRequiredService<IDatabase>().WriteAsync(scope => scope.Connection.ExecuteAsync(sql, transaction: scope.Transaction), CancellationToken.None);

    [GeneratedRegex("lang=\"en\"[^>]*>(?<text>[^<]*)<", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Foreign { get; }
}
