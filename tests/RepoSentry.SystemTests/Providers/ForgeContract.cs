using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers;

/// <summary>What holds for every forge that is asked through its REST interface: when a look counts, and what each failure is called.</summary>
public abstract class ForgeContract : IAsyncLifetime
{
    private protected readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private protected FakeForge forge = null!;

    /// <summary>The type, as the configuration has it.</summary>
    private protected abstract string Type { get; }

    /// <summary>Two segments of the requests that list branches: those before a query.</summary>
    private protected virtual string Branches => "branches";

    private protected virtual bool KnowsIds => true;

    /// <summary>Then each look learns the default branch, not only one every ten minutes.</summary>
    private protected virtual bool MarksDefaultInList => false;

    /// <summary>Answers with status 200 that are no list of branches.</summary>
    private protected abstract string[] NoLists { get; }

    private protected abstract Task<FakeForge> StartAsync();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        forge = await StartAsync();
        forge.Clock = time.GetUtcNow;
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await forge.DisposeAsync();
    }

    [Theory]
    [InlineData(401, RefSourceError.Unauthorized, "has not expired")]
    [InlineData(403, RefSourceError.Unauthorized, "it needs")]
    [InlineData(404, RefSourceError.NotFound, "or the token may not see it")]
    [InlineData(410, RefSourceError.NotFound, "gone")]
    [InlineData(451, RefSourceError.NotFound, "blocked")]
    [InlineData(400, RefSourceError.Malformed, "400")]
    [InlineData(429, RefSourceError.RateLimited, "rate limit")]
    [InlineData(500, RefSourceError.Unavailable, "fails")]
    [InlineData(503, RefSourceError.Unavailable, "fails")]
    public async Task A_status_says_what_it_means_and_what_to_do(int status, RefSourceError expected, string advice)
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Next(Branches, status, "canary-body", "text/html");

        var failure = await Source("t0ken-canary").FailureOf(Url());

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(advice);
        failure.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public async Task An_answer_of_another_shape_is_no_empty_list()
    {
        forge.Add("acme/web").Push("main", 1);
        foreach (var body in (string[])["", "null", "[null]", "{\"message\":\"canary\"}", "[{\"name\":\"main\",\"com", .. NoLists])
        {
            forge.Next(Branches, 200, body);

            var failure = await Source().FailureOf(Url());

            failure.Error.ShouldBe(RefSourceError.Malformed, body);
            failure.ToString().ShouldNotContain("canary");
        }
    }

    [Fact]
    public async Task A_login_page_is_no_list()
    {
        forge.Add("acme/web");
        forge.Next(Branches, 200, "<html>", "text/html");

        var failure = await Source().FailureOf(Url());

        failure.Error.ShouldBeOneOf(RefSourceError.Malformed);
        failure.Message.ShouldContain("login page");
    }

    [Fact]
    public async Task A_body_that_is_cut_off_on_the_wire_is_no_short_list()
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Next(Branches, async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 500;
            await context.Response.WriteAsync("[]");
            context.Abort();
        });

        (await Source().FailureOf(Url())).Error.ShouldBeOneOf(RefSourceError.Malformed, RefSourceError.Unavailable);
    }

    [Fact]
    public async Task Another_server_is_never_followed()
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Next(Branches, 302, "", "text/html", ("Location", "https://evil.example/list"));

        var failure = await Source("t0ken").FailureOf(Url());

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("another server");
    }

    [Fact]
    public async Task The_token_goes_to_its_own_forge_only()
    {
        await using var other = await StartAsync();
        other.Token = "t0ken-canary";
        other.Add("acme/web").Push("main", 1);
        var request = Looks.At(Url()) with { ApiBaseUrl = ApiBase(other) };

        var failure = await Should.ThrowAsync<RefSourceException>(() => Source("t0ken-canary").LookAsync(request, Token));

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldContain("was not sent");
        forge.Token = "t0ken-canary";
        forge.Add("acme/web").Push("main", 1);
        (await Source("t0ken-canary").LookAsync(Looks.At(Url()), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task A_forge_that_asks_to_wait_is_not_asked_meanwhile_and_given_more_time_if_it_asks_again()
    {
        forge.Add("acme/web").Push("main", 1);
        var source = Source();
        var waits = new List<double>();
        foreach (var turn in Enumerable.Range(0, 3))
        {
            forge.Next("acme", 429, "{}", "application/json", turn == 0 ? ("Retry-After", "17") : ("X-None", "-"));
            var failure = await source.FailureOf(Url());
            failure.Error.ShouldBe(RefSourceError.RateLimited);
            waits.Add(failure.RetryAfter!.Value.TotalSeconds);
            forge.TakeRequests();
            (await source.FailureOf(Url())).Error.ShouldBe(RefSourceError.RateLimited);
            forge.TakeRequests().ShouldBeEmpty();
            time.Advance(failure.RetryAfter.Value);
        }

        waits.ShouldBe([17, 60, 120]);
        (await source.LookAsync(Looks.At(Url()), Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData("b0000")]
    [InlineData("b0150")]
    [InlineData("b0249")]
    public async Task A_change_on_any_page_is_seen_with_all_the_other_pages(string branch)
    {
        var repository = forge.Add("acme/web").PushMany(250);
        var source = Source();
        var first = await source.LookAsync(Looks.At(Url()), Token);
        repository.Push(branch, 9999).Push("z", 7);

        var second = (await source.LookAsync(first.After(Url()), Token)).Of(RefKind.Branch)!;

        second.Refs.Count.ShouldBe(251);
        second.Refs.Single(item => item.ShortName == branch).CommitId.ShouldBe(FakeRepository.Sha(9999));
    }

    [Fact]
    public async Task No_branch_seems_deleted_because_pages_shifted_while_they_were_read()
    {
        var repository = forge.Add("acme/web").PushMany(250);
        forge.Answered = target =>
        {
            if (target.Contains(Branches, StringComparison.Ordinal))
            {
                forge.Answered = null;
                repository.Delete("b0000");
            }
        };

        var names = (await Source().LookAsync(Looks.At(Url()), Token)).Names();

        names.ShouldContain("b0050");
        names.ShouldContain("b0100");
    }

    [Fact]
    public async Task A_renamed_repository_is_followed()
    {
        forge.Add("acme/old").Push("main", 1);
        var id = (await Source().LookAsync(Looks.At(Url("acme/old")), Token)).ForgeId;
        forge.Rename("acme/old", "acme/new");

        var look = await Source().LookAsync(Looks.At(Url("acme/old")) with { ForgeId = id }, Token);

        look.Names().ShouldBe(["main"]);
        look.MovedTo!.AbsolutePath.ShouldEndWith("/new");
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_although_another_has_taken_its_name()
    {
        forge.Add("acme/old").Push("main", 1);
        var id = (await Source().LookAsync(Looks.At(Url("acme/old")), Token)).ForgeId;
        forge.Rename("acme/old", "acme/new");
        forge.Repositories["acme/old"] = new FakeRepository("acme/old", 77).Push("main", 9);
        var request = Looks.At(Url("acme/old"));

        var look = await Source().LookAsync(request with { ForgeId = id }, Token);
        var stranger = await Source().LookAsync(request, Token);

        look.Of(RefKind.Branch)!.Refs.Single().CommitId.ShouldBe(FakeRepository.Sha(KnowsIds ? 1 : 9)); // one that is not asked by ids: the new one is what the URL means
        (look.ForgeId == id).ShouldBe(KnowsIds);
        stranger.Of(RefKind.Branch)!.Refs.Single().CommitId.ShouldBe(FakeRepository.Sha(9));
        stranger.ForgeId.ShouldNotBe(id);
    }

    [Fact]
    public async Task The_default_branch_is_asked_for_every_ten_minutes_only()
    {
        var repository = forge.Add("acme/web").Push("main", 1).Push("trunk", 1);
        var source = Source();
        await source.LookAsync(Looks.At(Url()), Token);
        repository.DefaultBranch = "trunk";
        time.Advance(TimeSpan.FromMinutes(9));

        var before = await source.LookAsync(Looks.At(Url()), Token);
        time.Advance(TimeSpan.FromMinutes(1));
        var after = await source.LookAsync(Looks.At(Url()), Token);

        (before.DefaultBranch, after.DefaultBranch).ShouldBe((MarksDefaultInList ? "refs/heads/trunk" : "refs/heads/main", "refs/heads/trunk"));
    }

    [Fact]
    public async Task The_configured_budget_holds()
    {
        forge.Add("acme/web").Push("main", 1);
        var source = Source(perHour: 3600, burst: 3);
        await source.LookAsync(Looks.At(Url()), Token);

        (await source.FailureOf(Url())).Message.ShouldContain("requests_per_minute");
    }

    private protected IRefSource Source(string? token = null, int perHour = 10_000_000, int burst = 100_000) =>
        SourceOf(Provider(forge) with { Token = token is null ? null : new Secret(token), RequestsPerHour = perHour, Burst = burst }, time);

    /// <summary>A source as the catalog makes it.</summary>
    private protected static IRefSource SourceOf(ProviderConfig provider, TimeProvider time) => RefSourceCatalog.SourceOf(provider, OutboundHttp.CreateClient(new OutboundOptions()), time)!;

    private protected virtual ProviderConfig Provider(FakeForge of) => new() { Name = "forge", Type = Type, Url = of.Root };

    private protected virtual Uri Url(string name = "acme/web") => forge.Web(name);

    private protected abstract Uri ApiBase(FakeForge of);
}
