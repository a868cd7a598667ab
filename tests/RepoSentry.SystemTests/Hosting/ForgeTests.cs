using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Hosting;

/// <summary>The executable against a forge's interface: what arrives is the webhook that this forge would have sent.</summary>
public sealed class ForgeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_push_on_GitHub_arrives_as_GitHubs_webhook_with_message_author_and_files()
    {
        await using var forge = await FakeGitHub.StartNewAsync();
        await using var receiver = await new Receiver().StartAsync();
        await using var service = await WatchAsync(forge, "github", receiver);

        forge.Repositories["acme/web"].Push("main", 2);

        var arrival = (await receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        arrival.Headers["X-GitHub-Event"].ShouldBe("push");
        var body = JsonDocument.Parse(arrival.Body).RootElement;
        body.GetProperty("after").GetString().ShouldBe(FakeRepository.Sha(2));
        body.GetProperty("head_commit").GetProperty("message").GetString().ShouldBe("second");
        body.GetProperty("head_commit").GetProperty("author").GetProperty("name").GetString().ShouldBe("Ada");
        body.GetProperty("head_commit").GetProperty("added").EnumerateArray().Select(item => item.GetString()).ShouldBe(["b"]);
        body.GetProperty("forced").GetBoolean().ShouldBeFalse();
        body.GetProperty("repository").GetProperty("default_branch").GetString().ShouldBe("main");
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_push_on_GitLab_arrives_as_GitLabs_push_hook_with_its_token()
    {
        await using var forge = await FakeGitLab.StartNewAsync();
        await using var receiver = await new Receiver().StartAsync();
        await using var service = await WatchAsync(forge, "gitlab", receiver);

        forge.Repositories["acme/web"].Push("main", 2);

        var arrival = (await receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        arrival.Headers["X-Gitlab-Event"].ShouldBe("Push Hook");
        var body = JsonDocument.Parse(arrival.Body).RootElement;
        body.GetProperty("object_kind").GetString().ShouldBe("push");
        body.GetProperty("checkout_sha").GetString().ShouldBe(FakeRepository.Sha(2));
        body.GetProperty("commits")[0].GetProperty("message").GetString().ShouldBe("second");
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_push_on_Gitea_arrives_as_Giteas_webhook_that_GitHubs_interceptor_takes()
    {
        await using var forge = await FakeGitea.StartNewAsync();
        await using var receiver = await new Receiver().StartAsync();
        await using var service = await WatchAsync(forge, "forgejo", receiver);

        forge.Repositories["acme/web"].Push("main", 2);

        var arrival = (await receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        arrival.Verdict.Interceptor.ShouldBe("github");
        arrival.Headers["X-Gitea-Event"].ShouldBe("push");
        var body = JsonDocument.Parse(arrival.Body).RootElement;
        body.GetProperty("head_commit").GetProperty("message").GetString().ShouldBe("second");
        body.GetProperty("head_commit").GetProperty("added").EnumerateArray().Select(item => item.GetString()).ShouldBe(["b"]);
        body.GetProperty("compare_url").GetString().ShouldBe($"{forge.Root}acme/web/compare/{FakeRepository.Sha(1)}...{FakeRepository.Sha(2)}");
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_push_on_Bitbucket_Data_Center_arrives_as_its_change_of_refs()
    {
        await using var forge = await FakeBitbucketServer.StartNewAsync();
        await using var receiver = await new Receiver().StartAsync();
        await using var service = await WatchAsync(forge, "bitbucket-server", receiver, "scm/acme/web.git");

        forge.Repositories["acme/web"].Push("main", 2);

        var arrival = (await receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        arrival.Verdict.Interceptor.ShouldBe("bitbucket");
        arrival.Headers["X-Event-Key"].ShouldBe("repo:refs_changed");
        var body = JsonDocument.Parse(arrival.Body).RootElement;
        body.GetProperty("changes")[0].GetProperty("toHash").GetString().ShouldBe(FakeRepository.Sha(2));
        body.GetProperty("toCommit").GetProperty("message").GetString().ShouldBe("second");
        body.GetProperty("repository").GetProperty("links").GetProperty("clone")[0].GetProperty("href").GetString().ShouldBe($"{forge.Root}scm/acme/web.git");
        forge.Problems.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_merge_request_on_GitLab_arrives_when_it_is_opened_moves_and_is_merged_and_a_strangers_does_not()
    {
        await using var forge = await FakeGitLab.StartNewAsync();
        await using var receiver = await new Receiver().StartAsync();
        Pushed(forge);
        forge.Repositories["acme/web"].Open(3, 31);
        await using var service = Describe(forge, "gitlab", receiver, more: "pull_requests: true, skip_messages: [\"[wip]\"]");
        await service.StartReadyAsync();
        await service.WatchingAsync();

        forge.Repositories["acme/web"].Open(4, 41, "fix/a").Open(5, 51, isFork: true);
        await receiver.UntilAsync(all => all.Count == 1, Patience);
        forge.Repositories["acme/web"].Open(4, 42, "fix/a");
        await receiver.UntilAsync(all => all.Count == 2, Patience);
        forge.Repositories["acme/web"].Close(4, "merged");

        var arrivals = await receiver.UntilAsync(all => all.Count == 3, Patience);
        arrivals.ShouldAllBe(arrival => arrival.Verdict.Passes && arrival.Headers["X-Gitlab-Event"] == "Merge Request Hook");
        var told = arrivals.Select(arrival => JsonDocument.Parse(arrival.Body).RootElement.GetProperty("object_attributes")).ToList();
        told.Select(one => (one.GetProperty("iid").GetInt32(), one.GetProperty("action").GetString(), one.GetProperty("last_commit").GetProperty("id").GetString()))
            .ShouldBe([(4, "open", FakeRepository.Sha(41)), (4, "update", FakeRepository.Sha(42)), (4, "merge", FakeRepository.Sha(42))]);
        var events = (await service.GetAsync("/api/v1/events")).GetProperty("items").EnumerateArray().ToList();
        events.Select(item => item.GetProperty("type").GetString()).ShouldBe(["pull_request_closed", "pull_request_updated", "pull_request_opened"]);
        events[0].GetProperty("branch_name").GetString().ShouldBe("fix/a");
        events[0].GetProperty("metadata").GetProperty("pull_request").GetProperty("state").GetString().ShouldBe("merged");
        (await service.GetAsync("/api/v1/repositories/web/explain?ref=%235")).GetProperty("ref").GetProperty("says").GetString()!.ShouldContain("forks");
        var closed = await service.GetAsync("/api/v1/repositories/web/explain?ref=%234");
        (await service.GetAsync("/api/v1/events?ref=%234")).GetProperty("items").GetArrayLength().ShouldBe(3);
        (await service.GetAsync("/api/v1/events?repository=web&ref=%2344")).GetProperty("items").GetArrayLength().ShouldBe(0);
        (await service.GetAsync("/api/v1/events?ref=refs/merge-requests/4/head")).GetProperty("items").GetArrayLength().ShouldBe(3);
        closed.GetProperty("last_events").EnumerateArray().Select(item => item.GetProperty("type").GetString()).ShouldBe(["pull_request_closed", "pull_request_updated", "pull_request_opened"]);
        closed.GetProperty("rules").EnumerateArray().Single(rule => rule.GetProperty("rule").GetString() == "skip_messages").GetProperty("says").GetString().ShouldBe("let the last event pass");
        forge.Problems.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(401, "unauthorized")]
    [InlineData(404, "not_found")]
    public async Task What_the_forge_refuses_stands_at_the_repository_and_nothing_is_invented(int status, string outcome)
    {
        await using var forge = await FakeGitHub.StartNewAsync();
        Pushed(forge);
        for (var look = 0; look < 1000; look++)
        {
            forge.Next("/repos/acme/web", status, """{"message":"no"}"""); // until it is seen, however many looks that takes
        }

        await using var receiver = await new Receiver().StartAsync();
        await using var service = Describe(forge, "github", receiver);
        await service.StartReadyAsync();

        JsonElement item = default;
        await service.UntilAsync(async () => (item = await service.GetAsync("/api/v1/repositories/web")).GetProperty("error").GetString() is not null, "in error");
        item.GetProperty("status").GetString().ShouldBe("error");
        (await service.GetAsync("/api/v1/repositories/web/polls")).GetProperty("items").EnumerateArray().ShouldContain(poll => poll.GetProperty("outcome").GetString() == outcome);
        forge.Forget();
        await service.WatchingAsync(); // it comes back by itself
        (await service.GetAsync("/api/v1/events")).GetProperty("items").GetArrayLength().ShouldBe(0);
        receiver.Arrivals.ShouldBeEmpty();
    }

    private static void Pushed(FakeForge forge) =>
        forge.Add("acme/web").Commit(1, null, "first", added: ["a"]).Commit(2, 1, "second", added: ["b"]).Push("main", 1);

    private static async Task<Service> WatchAsync(FakeForge forge, string type, Receiver receiver, string path = "acme/web")
    {
        Pushed(forge);
        var service = Describe(forge, type, receiver, path);
        await service.StartReadyAsync();
        await service.WatchingAsync();
        return service;
    }

    private static Service Describe(FakeForge forge, string type, Receiver receiver, string path = "acme/web", string more = "") => new($$"""
        polling: { strategy: fixed, interval: 1s, min_interval: 1s, retry_attempts: 1 }
        providers: [{ name: forge, type: {{type}}, url: "{{forge.Root}}", requests_per_minute: 100000 }]
        tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET" }
        repositories: [{ name: web, url: "{{forge.Root}}{{path}}", {{more}} }]
        """);
}
