using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitHub;

/// <summary>What looks cost and when they count.</summary>
public sealed class LookTests : IAsyncLifetime
{
    private FakeGitHub forge = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => forge = await FakeGitHub.StartNewAsync();

    public ValueTask DisposeAsync() => forge.DisposeAsync();

    [Fact]
    public async Task An_unchanged_repository_costs_nothing_of_the_primary_limit()
    {
        forge.Add("acme/web").PushMany(250).Tag("v1", 1);
        var source = forge.Source("t0ken");
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        forge.TakeRequests();
        var before = forge.Remaining;

        var second = await source.LookAsync(first.After(forge.Web()), Token);

        second.Kinds.ShouldAllBe(kind => kind.Snapshot == null);
        forge.Remaining.ShouldBe(before);
        forge.TakeRequests().ShouldBe(
        [
            "repos/acme/web/branches?per_page=100 304", "repos/acme/web/branches?per_page=100&page=2 304", "repos/acme/web/branches?per_page=100&page=3 304",
            "repos/acme/web/tags?per_page=100 304",
        ]);
    }

    [Fact]
    public async Task Without_a_token_even_unchanged_answers_count()
    {
        forge.Add("acme/web").Push("main", 1);
        var source = forge.Source(perHour: 60, burst: 4);
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        var before = forge.Remaining;

        await source.LookAsync(first.After(forge.Web()) with { Kinds = [new KindRequest(RefKind.Branch, [], first.Of(RefKind.Branch)!.Validator)] }, Token);

        forge.Remaining.ShouldBe(before - 1);
        (await source.FailureOf(forge.Web())).Error.ShouldBe(RefSourceError.RateLimited);
    }

    [Fact]
    public async Task A_change_of_a_small_repository_costs_one_request()
    {
        var repository = forge.Add("acme/web").Push("main", 1);
        var source = forge.Source();
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        forge.TakeRequests();
        repository.Push("main", 2);

        var second = await source.LookAsync(first.After(forge.Web()), Token);

        second.Of(RefKind.Branch)!.Refs.ShouldBe([new GitRef("refs/heads/main", FakeRepository.Sha(2))]);
        second.Of(RefKind.Tag).ShouldBeNull();
        forge.TakeRequests().ShouldBe(["repos/acme/web/branches?per_page=100 200", "repos/acme/web/tags?per_page=100 304"]);
    }

    [Theory]
    [InlineData("b0000")]
    [InlineData("b0150")]
    [InlineData("b0249")]
    public async Task A_change_on_any_page_is_seen_with_all_the_other_pages(string branch)
    {
        var repository = forge.Add("acme/web").PushMany(250);
        var source = forge.Source();
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        repository.Push(branch, 9999);

        var second = (await source.LookAsync(first.After(forge.Web()), Token)).Of(RefKind.Branch)!;

        second.Refs.Count.ShouldBe(250);
        second.Refs.Single(item => item.ShortName == branch).CommitId.ShouldBe(FakeRepository.Sha(9999));
        (await source.LookAsync(Looks.At(forge.Web(), second.Validator), Token)).Of(RefKind.Branch).ShouldBeNull();
    }

    [Fact]
    public async Task A_branch_behind_a_full_page_is_seen()
    {
        var repository = forge.Add("acme/web").PushMany(100);
        var source = forge.Source();
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        repository.Push("z", 1);

        (await source.LookAsync(first.After(forge.Web()), Token)).Names().ShouldContain("z");
    }

    [Fact]
    public async Task No_branch_seems_deleted_because_pages_shifted_while_they_were_read()
    {
        var repository = forge.Add("acme/web").PushMany(250);
        forge.Answered = target =>
        {
            if (target.EndsWith("branches?per_page=100", StringComparison.Ordinal))
            {
                forge.Answered = null;
                repository.Delete("b0050"); // b0100 moves to the page that was already read
            }
        };

        var look = await forge.Source().LookAsync(Looks.At(forge.Web()), Token);

        look.Names().Length.ShouldBe(249);
        look.Names().ShouldContain("b0100");
        look.Names().ShouldNotContain("b0050");
    }

    [Fact]
    public async Task A_list_that_keeps_moving_is_no_complete_look()
    {
        var repository = forge.Add("acme/web").PushMany(150);
        var pushed = 0;
        forge.Answered = target => repository.Push($"a{pushed++:0000}", 1);

        var failure = await forge.Source().FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("kept changing");
    }

    [Fact]
    public async Task Half_a_million_refs_are_left_to_Git_after_one_request_each_look()
    {
        forge.Add("acme/web").PushMany(10_001);
        var source = forge.Source();

        var failure = await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.RetryAfter.ShouldBe(TimeSpan.Zero);
        forge.TakeRequests().ShouldBe(["repos/acme/web 200", "repos/acme/web/branches?per_page=100 200"]);
    }

    [Fact]
    public async Task Without_entity_tags_every_look_is_a_whole_one()
    {
        forge.HasETags = false;
        forge.Add("acme/web").PushMany(150);
        var source = forge.Source();

        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        var second = await source.LookAsync(first.After(forge.Web()), Token);

        first.Of(RefKind.Branch)!.Validator.ShouldBeNull();
        second.Names().Length.ShouldBe(150);
    }

    [Theory]
    [InlineData("{\"p\":\"gitlab\",\"v\":1,\"pages\":[{\"q\":\"?x\",\"e\":\"y\"}]}")]
    [InlineData("{\"p\":\"github\",\"v\":99,\"pages\":[{\"q\":\"?x\",\"e\":\"y\"}]}")]
    [InlineData("{\"p\":\"github\",\"v\":1,\"pages\":[{}]}")]
    [InlineData("0123456789abcdef")]
    [InlineData("{")]
    public async Task The_validator_of_another_source_asks_for_everything(string validator)
    {
        forge.Add("acme/web").Push("main", 1);

        (await forge.Source().LookAsync(Looks.At(forge.Web(), validator, validator), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_by_its_id()
    {
        forge.Add("acme/old").Push("main", 1);
        forge.Rename("acme/old", "acme/new");
        var source = forge.Source();

        var look = await source.LookAsync(Looks.At(forge.Web("acme/old")), Token);

        look.Names().ShouldBe(["main"]);
        look.ForgeId.ShouldBe("1");
        forge.TakeRequests().ShouldBe(["repos/acme/old 301", "repositories/1 200", "repositories/1/branches?per_page=100 200", "repositories/1/tags?per_page=100 200"]);
    }

    [Fact]
    public async Task A_repository_renamed_between_two_looks_is_followed_too()
    {
        forge.Add("acme/old").Push("main", 1);
        var source = forge.Source();
        var first = await source.LookAsync(Looks.At(forge.Web("acme/old")), Token);
        forge.Rename("acme/old", "acme/new");
        forge.Repositories["acme/new"].Push("main", 2);

        var second = await source.LookAsync(first.After(forge.Web("acme/old")), Token);
        var third = await source.LookAsync(Looks.At(forge.Web("acme/old")), Token);

        second.Of(RefKind.Branch)!.Refs.Single().CommitId.ShouldBe(FakeRepository.Sha(2));
        third.ForgeId.ShouldBe("1");
        forge.TakeRequests()[^2..].ShouldAllBe(request => request.StartsWith("repositories/1/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_renamed_repository_is_followed_although_another_has_taken_its_name()
    {
        forge.Add("acme/old").Push("main", 1);
        forge.Rename("acme/old", "acme/new");
        forge.Repositories["acme/old"] = new FakeRepository("acme/old", 77).Push("main", 9);
        var request = Looks.At(forge.Web("acme/old"));

        var look = await forge.Source().LookAsync(request with { ForgeId = "1" }, Token);
        var stranger = await forge.Source().LookAsync(request, Token);

        look.Of(RefKind.Branch)!.Refs.Single().CommitId.ShouldBe(FakeRepository.Sha(1));
        (look.ForgeId, look.MovedTo?.AbsoluteUri).ShouldBe(("1", "https://github.example/acme/new"));
        (stranger.ForgeId, stranger.MovedTo).ShouldBe(("77", null));
    }

    [Fact]
    public async Task A_repository_made_anew_under_its_old_name_is_what_the_url_means()
    {
        forge.Add("acme/web").Push("main", 1).IsArchived = true;
        var look = await forge.Source().LookAsync(Looks.At(forge.Web()) with { ForgeId = "4711" }, Token);
        (look.ForgeId, look.MovedTo, look.Archived).ShouldBe(("1", null, true));
    }

    [Fact]
    public async Task The_default_branch_is_asked_for_every_ten_minutes_only()
    {
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider(TimeProvider.System.GetUtcNow());
        forge.Clock = time.GetUtcNow;
        var repository = forge.Add("acme/web").Push("main", 1);
        var source = forge.Source(time: time);
        await source.LookAsync(Looks.At(forge.Web()), Token);
        repository.DefaultBranch = "trunk";

        time.Advance(TimeSpan.FromMinutes(9));
        var before = await source.LookAsync(Looks.At(forge.Web()), Token);
        time.Advance(TimeSpan.FromMinutes(1));
        var after = await source.LookAsync(Looks.At(forge.Web()), Token);

        before.DefaultBranch.ShouldBe("refs/heads/main");
        after.DefaultBranch.ShouldBe("refs/heads/trunk");
        forge.TakeRequests().Count(request => request.StartsWith("repos/acme/web ", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public async Task The_token_goes_to_its_own_forge_only()
    {
        await using var other = await FakeGitHub.StartNewAsync();
        other.Token = "t0ken-canary";
        other.Add("acme/web").Push("main", 1);
        var request = Looks.At(other.Web()) with { ApiBaseUrl = new Uri(other.Root, "api/v3") };

        var failure = await Should.ThrowAsync<RefSourceException>(() => forge.Source("t0ken-canary").LookAsync(request, Token));

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldContain("was not sent");
    }

    [Fact]
    public async Task The_api_base_of_a_repository_wins()
    {
        await using var other = await FakeGitHub.StartNewAsync();
        other.Add("acme/web").Push("elsewhere", 1);
        var request = Looks.At(forge.Web()) with { ApiBaseUrl = new Uri(other.Root, "api/v3/") };

        (await forge.Source().LookAsync(request, Token)).Names().ShouldBe(["elsewhere"]);
    }
}
