using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.SystemTests.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitLab;

/// <summary>What is GitLab's own: subgroups, keyset pages, relative roots, limits of a minute.</summary>
public sealed class LookTests : IAsyncLifetime
{
    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private FakeGitLab forge = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        forge = await FakeGitLab.StartNewAsync();
        forge.Clock = time.GetUtcNow;
    }

    public ValueTask DisposeAsync() => forge.DisposeAsync();

    [Fact]
    public async Task A_project_in_a_subgroup_is_asked_for_by_its_whole_path()
    {
        forge.Add("acme/shop/web").Push("main", 1).Tag("v1", 1, tagObject: 7);
        forge.Token = "glpat-1";

        var look = await forge.Source("glpat-1").LookAsync(Looks.At(forge.Web("acme/shop/web.git")), Token);

        look.Of(RefKind.Tag)!.Refs.ShouldBe([new GitRef("refs/tags/v1", FakeRepository.Sha(1), FakeRepository.Sha(7))]);
        forge.TakeRequests().ShouldBe(
        [
            "projects/acme%2Fshop%2Fweb 200",
            "projects/acme%2Fshop%2Fweb/repository/branches?per_page=100&pagination=keyset 200",
            "projects/acme%2Fshop%2Fweb/repository/tags?per_page=100&pagination=keyset&order_by=name&sort=asc 200",
        ]);
    }

    [Fact]
    public async Task An_instance_below_a_path_is_asked_there()
    {
        await using var below = await FakeGitLab.StartNewAsync("/gitlab");
        below.Add("acme/web").Push("main", 1);

        (await below.Source(root: "/gitlab").LookAsync(Looks.At(below.Web("gitlab/acme/web")), Token)).Names().ShouldBe(["main"]);
        var named = Looks.At(forge.Web("gitlab/acme/web")) with { ApiBaseUrl = new Uri(below.Root, "gitlab/api/v4") };
        (await forge.Source().LookAsync(named, Token)).Names().ShouldBe(["main"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_change_on_any_page_is_seen_with_all_the_other_pages(bool keysets)
    {
        forge.HasKeysets = keysets;
        var repository = forge.Add("acme/web").PushMany(250);
        var source = forge.Source();
        var first = await source.LookAsync(Looks.At(forge.Web()), Token);
        (await source.LookAsync(first.After(forge.Web()), Token)).Of(RefKind.Branch).ShouldBeNull();
        repository.Push("b0150", 9999).Delete("b0249");

        var second = await source.LookAsync(first.After(forge.Web()), Token);

        second.Names().Length.ShouldBe(249);
        second.Of(RefKind.Branch)!.Refs.Single(item => item.ShortName == "b0150").CommitId.ShouldBe(FakeRepository.Sha(9999));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task No_branch_seems_deleted_because_pages_shifted_while_they_were_read(bool keysets)
    {
        forge.HasKeysets = keysets;
        var repository = forge.Add("acme/web").PushMany(250);
        forge.Answered = target =>
        {
            if (target.Contains("branches", StringComparison.Ordinal))
            {
                forge.Answered = null;
                repository.Delete("b0050");
            }
        };

        var look = await forge.Source().LookAsync(Looks.At(forge.Web()), Token);

        look.Names().ShouldContain("b0100");
    }

    [Fact]
    public async Task A_project_without_a_push_whose_lists_are_missing_is_a_complete_look()
    {
        forge.Add("acme/web");
        forge.Next("branches", 404, "{\"message\":\"404 Repository Not Found\"}");

        (await forge.Source().LookAsync(Looks.At(forge.Web()), Token)).Of(RefKind.Branch)!.Refs.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_moved_project_is_followed_by_its_id()
    {
        forge.Add("acme/old").Push("main", 1);
        forge.Rename("acme/old", "acme/new");

        var look = await forge.Source().LookAsync(Looks.At(forge.Web("acme/old")), Token);

        look.Names().ShouldBe(["main"]);
        forge.TakeRequests()[1].ShouldBe("projects/1 200");
    }

    [Fact]
    public async Task A_renamed_project_is_followed_although_another_has_taken_its_name()
    {
        forge.Add("acme/old").Push("main", 1).IsArchived = true;
        forge.Rename("acme/old", "acme/new");
        forge.Repositories["acme/old"] = new FakeRepository("acme/old", 77).Push("main", 9);
        var request = Looks.At(forge.Web("acme/old"));

        var look = await forge.Source().LookAsync(request with { ForgeId = "1" }, Token);
        var stranger = await forge.Source().LookAsync(request, Token);

        look.Of(RefKind.Branch)!.Refs.Single().CommitId.ShouldBe(FakeRepository.Sha(1));
        (look.ForgeId, look.MovedTo?.AbsoluteUri, look.Archived).ShouldBe(("1", "https://gitlab.example/acme/new", true));
        (stranger.ForgeId, stranger.MovedTo).ShouldBe(("77", null));
    }

    [Theory]
    [InlineData(401, RefSourceError.Unauthorized, "has not expired")]
    [InlineData(403, RefSourceError.Unauthorized, "read_api")]
    [InlineData(404, RefSourceError.NotFound, "or the token may not see it")]
    [InlineData(400, RefSourceError.Malformed, "400")]
    [InlineData(503, RefSourceError.Unavailable, "fails")]
    public async Task A_status_says_what_it_means_and_what_to_do(int status, RefSourceError expected, string advice)
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Next("branches", status, "canary-body", "text/html");

        var failure = await forge.Source("t0ken-canary", time).FailureOf(forge.Web());

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(advice);
        failure.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public async Task A_login_page_is_no_list()
    {
        forge.Add("acme/web");
        forge.Next("branches", 302, "", "text/html", ("Location", "/users/sign_in"));
        forge.Next("sign_in", 200, "<html>", "text/html");

        var failure = await forge.Source().FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("login page");
    }

    [Fact]
    public async Task A_spent_minute_is_waited_out_without_another_request()
    {
        forge.Add("acme/web").Push("main", 1);
        forge.Remaining = 0;
        var source = forge.Source(time: time);

        var failure = await source.FailureOf(forge.Web());
        await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.RateLimited);
        failure.RetryAfter.ShouldBe(TimeSpan.FromSeconds(40));
        forge.TakeRequests().Length.ShouldBe(1);
        forge.Remaining = 2000;
        time.Advance(TimeSpan.FromSeconds(41));
        (await source.LookAsync(Looks.At(forge.Web()), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task Unchanged_answers_are_not_free_here()
    {
        forge.Add("acme/web").Push("main", 1);
        var source = forge.Source(time: time, perHour: 3600, burst: 5);
        var look = await source.LookAsync(Looks.At(forge.Web()), Token);
        await source.LookAsync(look.After(forge.Web()), Token);

        (await source.FailureOf(forge.Web())).Message.ShouldContain("requests_per_minute");
    }
}
