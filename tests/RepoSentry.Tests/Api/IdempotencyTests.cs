using System.Text.Json;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Storage;
using RepoSentry.Tests.Api.Access;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class IdempotencyTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_order_that_is_sent_twice_with_one_key_is_done_once()
    {
        await using var story = await AccessStory.StartAsync();
        await story.Host.RecordAsync(1);
        var path = $"/api/v1/events/{(await story.JsonAsync(HttpMethod.Get, "/api/v1/events", AccessStory.Bootstrap)).GetProperty("items")[0].GetProperty("id").GetString()}/replay";
        var (first, answer, _) = await PostAsync(story, path, new { trigger = "tekton" }, "\"k1\"");
        var (again, same, replayed) = await PostAsync(story, path, new { trigger = "tekton" }, "k1");
        (first, again, same, replayed).ShouldBe((202, 202, answer, true));
        (await story.JsonAsync(HttpMethod.Get, "/api/v1/deliveries", AccessStory.Bootstrap)).GetProperty("items").GetArrayLength().ShouldBe(1);
        (await PostAsync(story, path, new { trigger = "tekton", dry_run = true }, "k1")).Status.ShouldBe(422);
        var other = await story.CreateAsync("other", Role.Operator);
        (await PostAsync(story, path, new { trigger = "tekton", dry_run = true }, "k1", other)).Answer.ShouldContain("still waits"); // a key of one's own
    }

    [Fact]
    public async Task A_secret_is_not_kept_with_the_answer()
    {
        await using var story = await AccessStory.StartAsync();
        var (first, answer, _) = await PostAsync(story, "/api/v1/tokens", new { name = "ci", role = "viewer" }, "k2");
        first.ShouldBe(201);
        (await PostAsync(story, "/api/v1/tokens", new { name = "ci", role = "viewer" }, "k2")).Status.ShouldBe(409);
        var secret = JsonDocument.Parse(answer).RootElement.GetProperty("token").GetString()!;
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(story.Host.DatabasePath)!, "reposentry.db*").Where(file => !file.EndsWith(".lock", StringComparison.Ordinal)))
        {
            await using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            using var reader = new StreamReader(stream, System.Text.Encoding.Latin1);
            (await reader.ReadToEndAsync(Token)).ShouldNotContain(secret);
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("with blank")]
    public async Task A_key_that_is_none_is_refused(string key)
    {
        await using var story = await AccessStory.StartAsync();
        (await PostAsync(story, "/api/v1/triggers/tekton/pause", new { }, key)).Status.ShouldBe(400);
    }

    [Fact]
    public async Task A_key_holds_for_a_day_over_a_restart_and_tells_what_it_does_not_know()
    {
        using var file = new SqliteFile();
        await using var database = await file.OpenAsync();
        var time = new FakeTimeProvider(Build.Noon);
        var store = new IdempotencyStore(database, time);
        (await store.BeginAsync("a", "k", "f", Token)).Verdict.ShouldBe(KeyVerdict.First);
        (await store.BeginAsync("a", "k", "f", Token)).Verdict.ShouldBe(KeyVerdict.InProgress);
        (await store.BeginAsync("a", "k", "g", Token)).Verdict.ShouldBe(KeyVerdict.OtherRequest);
        (await store.BeginAsync("b", "k", "g", Token)).Verdict.ShouldBe(KeyVerdict.First);
        (await store.BeginAsync("a", "cut", "f", Token)).Verdict.ShouldBe(KeyVerdict.First);
        await store.FinishAsync("a", "k", new StoredAnswer(202, "application/json", null, [1, 2]), Token);

        var restarted = new IdempotencyStore(database, time);
        var (verdict, answer) = await restarted.BeginAsync("a", "k", "f", Token);
        (verdict, answer!.Status).ShouldBe((KeyVerdict.Answered, 202));
        answer.Body.ShouldBe([1, 2]);
        (await restarted.BeginAsync("a", "cut", "f", Token)).Verdict.ShouldBe(KeyVerdict.Interrupted);
        time.Advance(IdempotencyStore.Kept + TimeSpan.FromSeconds(1));
        (await restarted.BeginAsync("a", "k", "g", Token)).Verdict.ShouldBe(KeyVerdict.First);
    }

    private static async Task<(int Status, string Answer, bool Replayed)> PostAsync(AccessStory story, string path, object body, string key, string token = AccessStory.Bootstrap)
    {
        using var response = await story.SendAsync(HttpMethod.Post, path, token, body, ("Idempotency-Key", key));
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync(Token), response.Headers.Contains("Idempotency-Replayed"));
    }
}
