using System.Net;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers;
using RepoSentry.Providers.GitHub;
using RepoSentry.StandIns;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers.GitHub;

/// <summary>Many repositories, or the pushes of many owners, with one request to GitHub.</summary>
public sealed class GitHubBatchTests : IDisposable
{
    private readonly FakeTimeProvider time = new(Build.Noon);
    private readonly GitHubWorld world;
    private readonly HttpClient client;
    private readonly GitHubRefSource source;

    public GitHubBatchTests()
    {
        world = new GitHubWorld(time) { Skew = TimeSpan.FromMinutes(7) };
        client = new HttpClient(world.Handler());
        source = Source(client);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => client.Dispose();

    [Fact]
    public async Task A_hundred_repositories_are_looked_at_for_one_point_and_seen_as_a_look_at_each_sees_them()
    {
        var requests = Enumerable.Range(0, 100).Select(number => RequestFor(world.Add("acme", $"repo{number}"), RefKind.Branch)).ToList();
        world.Find("acme", "repo7")!.Heads["feature/ü"] = new string('7', 40);

        var looks = await source.LookAsync(Asked(requests), Token);

        (world.Graph.Spent, world.Graph.Remaining).ShouldBe((1, 4999));
        world.Rest.Spent.ShouldBe(0);
        looks.Count.ShouldBe(100);
        for (var at = 0; at < looks.Count; at++)
        {
            var alone = await source.LookAsync(requests[at], Token);
            looks[at].Look!.ForgeId.ShouldBe(alone.ForgeId);
            looks[at].Look!.DefaultBranch.ShouldBe("refs/heads/main");
            looks[at].Look!.Kinds.Single().Snapshot!.Refs.ShouldBe(alone.Kinds.Single().Snapshot!.Refs);
        }
    }

    [Fact]
    public async Task Tags_are_peeled_and_cost_what_GitHub_counts()
    {
        var requests = Enumerable.Range(0, 100).Select(number => RequestFor(world.Add("acme", $"repo{number}"), RefKind.Branch, RefKind.Tag)).ToList();
        world.Find("acme", "repo3")!.Tags["v1"] = new string('a', 40);

        var looks = await source.LookAsync(Asked(requests), Token);

        world.Graph.Spent.ShouldBe(2);
        looks[3].Look!.Kinds[1].Snapshot!.Refs.ShouldBe([new GitRef("refs/tags/v1", new string('a', 40))]);
    }

    [Fact]
    public async Task Pull_requests_come_along_for_a_point_and_are_the_same_as_by_REST_but_for_what_costs_more()
    {
        var requests = Enumerable.Range(0, 100).Select(number => RequestFor(world.Add("acme", $"repo{number}"), RefKind.Branch, RefKind.PullRequest)).ToList();
        world.Find("acme", "repo3")!.Pulls[12] = new string('a', 40);
        world.Find("acme", "repo3")!.Pulls[9] = new string('b', 40);

        var looks = await source.LookAsync(Asked(requests), Token);

        world.Graph.Spent.ShouldBe(2);
        var told = looks[3].Look!.Kinds[1].Snapshot!;
        var alone = (await source.LookAsync(requests[3], Token)).Kinds[1].Snapshot!;
        told.Refs.ShouldBe(alone.Refs);
        foreach (var item in told.Refs)
        {
            var (one, other) = (told.PullRequests[item.Name], alone.PullRequests[item.Name]);
            (one.Number, one.HeadSha, one.HeadBranch, one.BaseBranch, one.Fork, one.Title, one.Author).ShouldBe((other.Number, other.HeadSha, other.HeadBranch, other.BaseBranch, other.Fork, other.Title, other.Author));
            (one.Labels, other.Labels!.Count).ShouldBe((null, 1));
        }
    }

    [Fact]
    public async Task What_a_batch_cannot_tell_is_left_to_a_look_at_it_alone()
    {
        var many = world.Add("acme", "many");
        for (var number = 0; number < 100; number++)
        {
            many.Heads[$"topic/{number}"] = new string('2', 40);
        }

        var taken = world.Add("acme", "taken");
        var looks = await source.LookAsync(Asked([RequestFor(many, RefKind.Branch), RequestFor(taken, RefKind.Branch) with { ForgeId = "999" }, new RefLookRequest(new Uri("https://github.com/acme/gone"), [new KindRequest(RefKind.Branch, [], null)])]), Token);

        looks.ShouldBe([new BatchLook(null, AloneBecause.TooManyRefs), new BatchLook(null, AloneBecause.NotTold), new BatchLook(null, AloneBecause.NotTold)]);
    }

    [Fact]
    public async Task What_is_told_again_to_the_byte_is_not_read_again()
    {
        var (web, api) = (world.Add("acme", "web"), world.Add("acme", "api"));
        var requests = new[] { RequestFor(web, RefKind.Branch, RefKind.Tag), RequestFor(api, RefKind.Branch, RefKind.Tag) };
        var first = await source.LookAsync(Asked(requests), Token);
        var marked = requests.Zip(first, (request, look) => new BatchRequest(request, look.Mark)).ToList();
        world.Push(api);

        var second = await source.LookAsync(marked, Token);

        first.ShouldAllBe(look => look.Look!.Kinds.All(kind => kind.Snapshot != null));
        second[0].Mark.ShouldBeSameAs(first[0].Mark);
        second[0].Look!.Kinds.ShouldBe([new KindLook(RefKind.Branch, null), new KindLook(RefKind.Tag, null)]);
        second[1].Mark.ShouldNotBe(first[1].Mark);
        second[1].Look!.Kinds[0].Snapshot!.Refs.ShouldHaveSingleItem().CommitId.ShouldBe(api.Heads["main"]);
    }

    [Fact]
    public void Only_what_GitHub_could_have_named_is_asked_for_in_company()
    {
        var usual = new RefLookRequest(new Uri("https://github.com/acme/web.git"), [new KindRequest(RefKind.Branch, [], null)]);

        source.CanBatch(usual).ShouldBeTrue();
        source.CanBatch(usual with { Url = new Uri("https://github.com/acme/w%22eb") }).ShouldBeFalse();
        source.CanBatch(usual with { ApiBaseUrl = new Uri("https://other.example/api/v3") }).ShouldBeFalse();
        source.CanBatch(usual with { Kinds = [] }).ShouldBeFalse();
        Source(client, token: null).CanBatch(usual).ShouldBeFalse();
    }

    [Fact]
    public async Task The_latest_pushes_of_fifty_owners_cost_a_point_and_more_pages_are_there()
    {
        for (var owner = 0; owner < 50; owner++)
        {
            for (var number = 0; number < 25; number++)
            {
                world.Add($"org{owner}", $"repo{number}");
            }
        }

        world.Push(world.Find("org7", "repo24")!);
        var answer = await source.SweepAsync([.. Enumerable.Range(0, 50).Select(owner => new SweepRequest($"org{owner}"))], Token);

        world.Graph.Spent.ShouldBe(1);
        answer.Skew.ShouldBe(TimeSpan.FromMinutes(7));
        answer.Pages[7]!.Pushes[0].ShouldBe(new LastPush(world.Find("org7", "repo24")!.Id.ToString(System.Globalization.CultureInfo.InvariantCulture), world.Now));
        answer.Pages[7]!.Pushes.Count.ShouldBe(20);
        var rest = await source.SweepAsync([new SweepRequest("org7", answer.Pages[7]!.Next), new SweepRequest("nobody")], Token);
        rest.Pages[0]!.Pushes.Count.ShouldBe(5);
        rest.Pages[0]!.Next.ShouldBeNull();
        rest.Pages[1].ShouldBeNull();
        answer.Pages[7]!.Pushes.Concat(rest.Pages[0]!.Pushes).Select(push => push.ForgeId).Distinct().Count().ShouldBe(25);
    }

    [Fact]
    public async Task A_spent_quota_of_one_interface_leaves_the_other()
    {
        var repository = world.Add("acme", "web");
        world.Graph.PerHour = 1;
        await source.LookAsync(Asked([RequestFor(repository, RefKind.Branch)]), Token);

        var refused = await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(Asked([RequestFor(repository, RefKind.Branch)]), Token));
        refused.Error.ShouldBe(RefSourceError.Unavailable);
        refused.RetryAfter!.Value.ShouldBeInRange(TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(65));
        (await source.LookAsync(RequestFor(repository, RefKind.Branch), Token)).ForgeId.ShouldBe("1");
        time.Advance(TimeSpan.FromMinutes(61));
        (await source.LookAsync(Asked([RequestFor(repository, RefKind.Branch)]), Token))[0].Look.ShouldNotBeNull();
    }

    [Theory]
    [InlineData(HttpStatusCode.BadGateway, "<html>", "text/html", RefSourceError.Unavailable)]
    [InlineData(HttpStatusCode.OK, """{"data":null,"errors":[{"message":"Something went wrong while executing your query"}]}""", "application/json", RefSourceError.Unavailable)]
    [InlineData(HttpStatusCode.OK, """{"data":{"r0":{"databaseId":1,""", "application/json", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.OK, """{"data":{"\ud800":{}}}""", "application/json", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.OK, """{"\ud800":1,"data":{}}""", "application/json", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.OK, """{"data":{"r0":{"defaultBranchRef":{"name":"\ud800"}}}}""", "application/json", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.OK, """[1]""", "application/json", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.OK, """{"data":null,"errors":[null]}""", "application/json", RefSourceError.Unavailable)]
    [InlineData(HttpStatusCode.OK, "<html>sign in</html>", "text/html", RefSourceError.Malformed)]
    [InlineData(HttpStatusCode.Unauthorized, """{"message":"Bad credentials"}""", "application/json", RefSourceError.Unauthorized)]
    public async Task An_answer_that_is_none_fails_for_all_and_the_next_question_is_smaller(HttpStatusCode status, string body, string type, RefSourceError expected)
    {
        using var broken = new HttpClient(new Always(status, body, type));
        var asked = Source(broken);
        var repository = world.Add("acme", "web");

        var failure = await Should.ThrowAsync<RefSourceException>(() => asked.LookAsync(Asked([RequestFor(repository, RefKind.Branch)]), Token));

        failure.Error.ShouldBe(expected);
        asked.BatchSize.ShouldBe(expected == RefSourceError.Unauthorized ? 100 : 50);
    }

    private GitHubRefSource Source(HttpClient http, string? token = "secret") =>
        GitHubRefSource.For(new ProviderConfig { Name = "github", Type = "github", Token = token is null ? null : new Secret(token) }, http, time);

    private static IReadOnlyList<BatchRequest> Asked(IEnumerable<RefLookRequest> requests) => [.. requests.Select(request => new BatchRequest(request))];

    private static RefLookRequest RequestFor(GitHubRepo repository, params RefKind[] kinds) =>
        new(new Uri($"https://github.com/{repository.Owner}/{repository.Name}.git"), [.. kinds.Select(kind => new KindRequest(kind, [], null))]);

    private sealed class Always(HttpStatusCode status, string body, string type) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage(status) { Content = new StringContent(body, Encoding.UTF8, type) });
    }
}
