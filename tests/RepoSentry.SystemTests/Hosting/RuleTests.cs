using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Hosting;

/// <summary>Rules of a repository that is read by Git alone, by the built executable: what they keep back is on record, and what they let pass arrives.</summary>
public sealed class RuleTests
{
    [Fact]
    public async Task Pushes_outside_the_rules_are_recorded_and_sent_only_by_an_operator()
    {
        using var folder = new TemporaryFolder();
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        TestGit.Run(web.Folder, "config", "uploadpack.allowFilter", "true");
        web.Push("main", "first", ("src/a.cs", "1"), ("docs/a.md", "1"));
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s, enrich_timeout: 30s }
            tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
            repositories:
              - { name: web, url: "{{web.Url}}", paths: [/src/**], skip_messages: ["[skip ci]"], ignore_authors: ["*@bots.example"] }
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();

        var docs = web.Push("main", "documents only", ("docs/a.md", "2"));
        var outside = await RecordedAsync(service, docs);
        (Text(outside, "status"), Skipped(outside)).ShouldBe(("unrouted", "paths: none of the 1 changed files matches src/**: docs/a.md"));
        var skipped = await RecordedAsync(service, web.Push("main", "format [SKIP CI]", ("src/a.cs", "2")));
        (Text(skipped, "status"), Skipped(skipped)?.Split(':')[0]).ShouldBe(("unrouted", "skip_messages"));
        receiver.Arrivals.ShouldBeEmpty();

        (await RunAsync(service, "event", "show", Text(outside, "id"))).ShouldContain("paths: none of the 1 changed files");
        (await RunAsync(service, "event", "list", "-o", "wide")).ShouldContain("skip_messages: the message of");
        (await RunAsync(service, "trace", docs)).ShouldContain("it ended here, by paths: ");
        var explained = await RunAsync(service, "repo", "explain", "web");
        explained.ShouldContain("kept the last event from every trigger: the message of");
        explained.ShouldContain("did not get the last event: skip_messages, for the message of");
        (await RunAsync(service, "repo", "show", "web")).ShouldContain("src/**");

        var inside = web.Push("main", "a real change", ("src/a.cs", "3"));
        var delivered = (await receiver.UntilAsync(arrivals => arrivals.Count == 1, TimeSpan.FromMinutes(1)))[0];
        var body = JsonDocument.Parse(delivered.Body).RootElement;
        body.GetProperty("after").GetString().ShouldBe(inside);
        body.GetProperty("head_commit").GetProperty("message").GetString().ShouldBe("a real change");
        body.GetProperty("head_commit").GetProperty("modified")[0].GetString().ShouldBe("src/a.cs");

        (await RunAsync(service, "event", "replay", Text(outside, "id"))).ShouldContain("1 deliveries");
        var replayed = (await receiver.UntilAsync(arrivals => arrivals.Count == 2, TimeSpan.FromMinutes(1)))[1];
        JsonDocument.Parse(replayed.Body).RootElement.GetProperty("after").GetString().ShouldBe(docs);
    }

    [Fact]
    public async Task Each_commit_of_a_push_arrives_in_order_where_it_is_asked_for()
    {
        using var folder = new TemporaryFolder();
        var web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        var first = web.Push("main", "first", ("a", "1"));
        web.Set("refs/keep/next", first);
        await using var receiver = await new Receiver().StartAsync();
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s, enrich_timeout: 30s }
            triggers: [{ name: each, type: tekton, url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET", events: [commit_pushed] }]
            repositories: [{ name: web, url: "{{web.Url}}" }]
            """);
        await service.StartReadyAsync();
        await service.WatchingAsync();

        string[] commits = [.. Enumerable.Range(1, 3).Select(number => web.Push("refs/keep/next", $"change {number}", ($"f{number}", "1")))];
        web.Set("refs/heads/main", commits[^1]);

        var arrived = (await receiver.UntilAsync(arrivals => arrivals.Count == 3, TimeSpan.FromMinutes(1))).Select(arrival => JsonDocument.Parse(arrival.Body).RootElement).ToList();
        arrived.Select(body => body.GetProperty("after").GetString()).ShouldBe(commits);
        arrived.Select(body => body.GetProperty("before").GetString()).ShouldBe([first, commits[0], commits[1]]);
        arrived.ShouldAllBe(body => body.GetProperty("commits").GetArrayLength() == 1 && body.GetProperty("ref").GetString() == "refs/heads/main");
        arrived.Select(body => body.GetProperty("commits")[0].GetProperty("message").GetString()).ShouldBe(["change 1", "change 2", "change 3"]);
        (await service.GetAsync("/api/v1/events?type=commit_pushed")).GetProperty("items").GetArrayLength().ShouldBe(3);
        (await service.GetAsync("/api/v1/events?type=branch_updated&status=unrouted")).GetProperty("items").GetArrayLength().ShouldBe(1); // nobody asked for that
        await service.UntilAsync(async () => (await service.TextAsync("/metrics")).Contains("reposentry_events_total{type=\"commit_pushed\"} 3", StringComparison.Ordinal), "counting them"); // behind the commit, as the deliveries are
    }

    private static async Task<JsonElement> RecordedAsync(Service service, string commit)
    {
        JsonElement found = default;
        await service.UntilAsync(
            async () =>
            {
                found = (await service.GetAsync("/api/v1/events")).GetProperty("items").EnumerateArray().FirstOrDefault(item => Text(item, "commit_sha") == commit);
                return found.ValueKind == JsonValueKind.Object;
            },
            "recorded");
        return found;
    }

    private static string Text(JsonElement item, string property) => item.GetProperty(property).GetString()!;

    private static string? Skipped(JsonElement item) => item.GetProperty("metadata").TryGetProperty("skipped", out var skipped) ? $"{Text(skipped, "by")}: {Text(skipped, "reason")}" : null;

    private static async Task<string> RunAsync(Service service, params string[] arguments)
    {
        var (code, output, errors) = await Service.RunAsync([.. arguments, "--server", $"http://127.0.0.1:{service.Port}"]);
        code.ShouldBe(0, errors);
        return output + errors;
    }
}
