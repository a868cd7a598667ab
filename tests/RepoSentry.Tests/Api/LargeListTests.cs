using Microsoft.Extensions.DependencyInjection;
using RepoSentry.Abstractions;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

/// <summary>Lists whose items are many or large: no answer is above 256 KiB, and the pages together are the list.</summary>
public sealed class LargeListTests
{
    private const int MostBytes = 256 * 1024;

    [Fact]
    public async Task A_hundred_looks_with_very_long_errors_are_told_in_pages_of_at_most_256_KiB()
    {
        await using var host = await RunningHost.StartAsync();
        var errors = Enumerable.Range(1, 100).Select(number => $"{number}: {new string('x', 20_000)}").ToList();
        var (owner, claim) = Owner(host);
        foreach (var error in errors)
        {
            var outcome = new PollOutcome(Build.Noon, TimeSpan.FromMilliseconds(1), "malformed", "git", Error: error);
            await host.Services.GetRequiredService<PollStore>().RecordFailureAsync(claim, owner.Id, "error", outcome, TestContext.Current.CancellationToken);
        }

        var told = await PagesAsync(host, "/api/v1/repositories/web/polls?limit=100", "error");

        told.Where(error => error!.Contains(": xxx", StringComparison.Ordinal)).ShouldBe(Enumerable.Reverse(errors));
    }

    [Fact]
    public async Task Quiet_looks_stand_among_the_stored_ones_and_none_is_left_out_between_two_pages()
    {
        await using var host = await RunningHost.StartAsync();
        var (owner, claim) = Owner(host);
        var starts = Enumerable.Range(1, 40).Select(minute => Build.Noon.AddMinutes(minute)).ToList();
        foreach (var (index, start) in starts.Index())
        {
            var outcome = new PollOutcome(start, TimeSpan.FromMilliseconds(1), index % 3 == 0 ? "malformed" : "unchanged", "git");
            owner.Remember(outcome);
            if (index % 3 == 0)
            {
                await host.Services.GetRequiredService<PollStore>().RecordFailureAsync(claim, owner.Id, "error", outcome, TestContext.Current.CancellationToken);
            }
        }

        var told = await PagesAsync(host, "/api/v1/repositories/web/polls?limit=7", "started_at");

        told.Select(text => DateTimeOffset.Parse(text!, null)).Where(starts.Contains).ShouldBe(Enumerable.Reverse(starts));
        (await host.SendAsync("/api/v1/repositories/web/polls?cursor=NDI")).StatusCode.ShouldBe(System.Net.HttpStatusCode.BadRequest);
    }

    [Theory]
    [InlineData(20)]
    [InlineData(1_100)]
    public async Task Pages_of_refs_follow_each_other_over_kinds_as_rows_and_packed(int branches)
    {
        await using var host = await RunningHost.StartAsync();
        var (owner, claim) = Owner(host);
        string[] odd = ["refs/heads/\uffee", "refs/heads/\U0001f600", "refs/heads/zz", "refs/heads/a/b", "refs/heads/a-b"];
        var names = Enumerable.Range(1, branches).Select(number => $"refs/heads/b{number:0000}").Concat(odd).ToList();
        await host.Services.GetRequiredService<PollStore>().CommitAsync(
            new PollCommit
            {
                Fence = claim,
                RepositoryId = owner.Id,
                Kinds = [Kind(RefKind.Branch, names), Kind(RefKind.Tag, ["refs/tags/v1", "refs/tags/v2"])],
                Events = [],
                Outcome = new PollOutcome(Build.Noon, TimeSpan.FromMilliseconds(1), "baseline", "git"),
            },
            TestContext.Current.CancellationToken);

        var told = await PagesAsync(host, $"/api/v1/repositories/web/refs?limit={(branches > 100 ? 100 : 3)}", "name");
        told.Count.ShouldBe(branches + odd.Length + 2);
        told.ShouldBe(names.Append("refs/tags/v1").Append("refs/tags/v2").OrderBy(name => name, RefOrder.Instance));
        told[^4..].ShouldBe(["refs/heads/\uffee", "refs/heads/\U0001f600", "refs/tags/v1", "refs/tags/v2"]);
        (await PagesAsync(host, "/api/v1/repositories/web/refs?kind=tag&limit=1", "name")).ShouldBe(["refs/tags/v1", "refs/tags/v2"]);
    }

    private static KindCommit Kind(RefKind kind, IEnumerable<string> names) =>
        new(new RefSnapshot(kind, [.. names.Select(name => new GitRef(name, Build.Commit('1'))).OrderBy(item => item.Name, StringComparer.Ordinal)], null), RefDigest.Of([]), "[]", []);

    private static (PolledRepository Repository, Fence Claim) Owner(RunningHost host)
    {
        var repository = host.Services.GetRequiredService<PollWorker>().Repositories["web"];
        return (repository, host.Services.GetRequiredService<Ownership>().Claim(repository.Shard));
    }

    /// <returns>One property of all items, page by page.</returns>
    private static async Task<List<string?>> PagesAsync(RunningHost host, string path, string property)
    {
        var all = new List<string?>();
        string? cursor = null;
        do
        {
            using var answer = await host.SendAsync(path + (cursor is null ? "" : "&cursor=" + cursor));
            var bytes = await answer.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
            bytes.Length.ShouldBeLessThanOrEqualTo(MostBytes);
            var page = System.Text.Json.JsonDocument.Parse(bytes).RootElement;
            all.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty(property).GetString()));
            cursor = page.GetProperty("next_cursor").GetString();
        }
        while (cursor is not null);
        return all;
    }
}
