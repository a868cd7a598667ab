using System.Text.Json;
using RepoSentry.Cli.Receiver;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Hosting;

/// <summary>The executable against a real Git server, killed at the seams of its work.</summary>
public sealed class CrashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_push_becomes_a_signed_webhook()
    {
        await using var story = await Story.BeginAsync();
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();

        var commit = story.Repository.Push("main", "Second");

        var arrival = (await story.Receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        arrival.Verdict.Passes.ShouldBeTrue(arrival.Verdict.Reason);
        Body(arrival).GetProperty("after").GetString().ShouldBe(commit);
        Body(arrival).GetProperty("ref").GetString().ShouldBe("refs/heads/main");
        arrival.Headers["Content-Type"].ShouldBe("application/json");
        await story.Service.UntilAsync(async () => (await story.EventsAsync()).All(item => item.GetProperty("status").GetString() == "delivered"), "delivered");
        var delivery = (await story.EventsAsync())[0].GetProperty("deliveries")[0];
        delivery.GetProperty("receipt_id").GetString().ShouldBe(arrival.EventId);
    }

    [Fact]
    public async Task An_event_committed_but_not_sent_before_a_crash_is_sent_after_it()
    {
        await using var story = await Story.BeginAsync("requests_per_second: 0.01, max_in_flight: 1");
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();
        story.Repository.Push("main", "Sent at once");
        await story.Receiver.UntilAsync(all => all.Count == 1, Patience);
        var commit = story.Repository.Push("main", "Waits for its turn");
        await story.Service.UntilAsync(async () => (await story.EventsAsync()).Count == 2, "committed");
        var id = (await story.EventsAsync())[0].GetProperty("id").GetString();

        await story.Service.KillAsync();
        story.Receiver.Arrivals.Count.ShouldBe(1);
        await story.Service.StartReadyAsync();

        var arrival = (await story.Receiver.UntilAsync(all => all.Count == 2, Patience))[1];
        arrival.Headers["X-GitHub-Delivery"].ShouldBe(id);
        Body(arrival).GetProperty("after").GetString().ShouldBe(commit);
    }

    [Fact]
    public async Task A_delivery_survives_a_crash_between_send_and_ack()
    {
        await using var story = await Story.BeginAsync();
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();
        story.Receiver.Answers.Reset();
        story.Repository.Push("main", "In flight");
        var first = (await story.Receiver.UntilAsync(all => all.Count == 1, Patience))[0];

        await story.Service.KillAsync();
        story.Receiver.Answers.Set();
        await story.Service.StartReadyAsync();

        var second = (await story.Receiver.UntilAsync(all => all.Count == 2, Patience))[1];
        second.Headers["X-GitHub-Delivery"].ShouldBe(first.Headers["X-GitHub-Delivery"]);
        second.Body.ShouldBe(first.Body);
        await story.Service.UntilAsync(async () => (await story.EventsAsync())[0].GetProperty("status").GetString() == "delivered", "delivered");
        var attempts = (await story.Service.GetAsync("/api/v1/deliveries/1")).GetProperty("attempts").GetProperty("items");
        attempts[0].GetProperty("ambiguous").GetBoolean().ShouldBeTrue();
    }

    [Fact]
    public async Task A_storm_of_kills_loses_nothing_and_keeps_the_order()
    {
        await using var story = await Story.BeginAsync("requests_per_second: 0, max_in_flight: 0");
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();
        var random = new Random(4711);
        var commits = new List<string>();
        foreach (var round in Enumerable.Range(0, 6))
        {
            commits.Add(story.Repository.Push("main", $"Round {round}"));
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(0, 1500)), TimeProvider.System, TestContext.Current.CancellationToken);
            await story.Service.KillAsync();
            await story.Service.StartReadyAsync();
        }

        var arrivals = await story.Receiver.UntilAsync(all => all.Any(arrival => Body(arrival).GetProperty("after").GetString() == commits[^1]), Patience);

        // Several pushes between two looks are one event: each event begins where the one before ended.
        var distinct = arrivals.DistinctBy(arrival => arrival.Headers["X-GitHub-Delivery"]).Select(Body).ToList();
        foreach (var (earlier, later) in distinct.Zip(distinct.Skip(1)))
        {
            later.GetProperty("before").GetString().ShouldBe(earlier.GetProperty("after").GetString());
        }

        foreach (var twins in arrivals.GroupBy(arrival => arrival.Headers["X-GitHub-Delivery"]))
        {
            twins.ShouldAllBe(twin => twin.Body.SequenceEqual(twins.First().Body));
        }
    }

    [Fact]
    public async Task A_stop_waits_for_the_answer_of_what_is_in_flight()
    {
        await using var story = await Story.BeginAsync();
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();
        story.Receiver.Answers.Reset();
        story.Repository.Push("main", "In flight");
        await story.Receiver.UntilAsync(all => all.Count == 1, Patience);

        var stopping = story.Service.StopAsync();
        await story.Service.UntilAsync(async () => (await story.Service.GetAsync("/api/v1/status")).GetProperty("state").GetString() == "Stopping", "stopping");
        await Task.Delay(TimeSpan.FromSeconds(1), TimeProvider.System, TestContext.Current.CancellationToken);
        stopping.IsCompleted.ShouldBeFalse();
        story.Receiver.Answers.Set();

        (await stopping).ShouldBe(0);
        await story.Service.StartReadyAsync();
        await story.Service.UntilAsync(async () => (await story.EventsAsync()).All(item => item.GetProperty("status").GetString() == "delivered"), "delivered");
        story.Receiver.Arrivals.Count.ShouldBe(1);
    }

    [Fact]
    public async Task A_receiver_that_was_down_gets_what_it_missed() // lighthouse#1383
    {
        await using var story = await Story.BeginAsync();
        await story.Receiver.StopAsync();
        await story.Service.StartReadyAsync();
        await story.Service.WatchingAsync();
        var commit = story.Repository.Push("main", "While it is down");
        await story.Service.UntilAsync(async () => (await story.Service.GetAsync("/api/v1/deliveries")).GetProperty("items").EnumerateArray().Any(item => item.GetProperty("attempts").GetInt32() > 1), "trying");

        await story.Receiver.StartAsync();
        var arrival = (await story.Receiver.UntilAsync(all => all.Count == 1, Patience))[0];
        Body(arrival).GetProperty("after").GetString().ShouldBe(commit);
    }

    private static JsonElement Body(Arrival arrival) => JsonDocument.Parse(arrival.Body).RootElement;

    private sealed class Story(NginxGitServer git, TestRepository repository, Receiver receiver, Service service) : IAsyncDisposable
    {
        public TestRepository Repository => repository;
        public Receiver Receiver => receiver;
        public Service Service => service;

        public static async Task<Story> BeginAsync(string pacing = "requests_per_second: 5")
        {
            var git = await NginxGitServer.StartAsync(new NginxGitOptions { Account = ("robot", "git-token-19c") });
            var repository = git.CreateRepository("acme/web.git");
            repository.Push("main", "First");
            var receiver = await new Receiver().StartAsync();
            var service = new Service($$"""
                polling: { strategy: fixed, interval: 1s, min_interval: 1s }
                providers:
                  - { name: inner, type: git, url: "{{git.Root}}", username: robot, token: "git-token-19c" }
                tekton: { event_listener_url: "{{receiver.Url}}", secret: "env:RECEIVER_SECRET", {{pacing}} }
                repositories:
                  - { name: web, url: "{{repository.Url}}" }
                """);
            return new Story(git, repository, receiver, service);
        }

        /// <summary>Newest first.</summary>
        public async Task<IReadOnlyList<JsonElement>> EventsAsync() => [.. (await service.GetAsync("/api/v1/events")).GetProperty("items").EnumerateArray()];

        public async ValueTask DisposeAsync()
        {
            await service.DisposeAsync();
            await receiver.DisposeAsync();
            await git.DisposeAsync();
        }
    }
}
