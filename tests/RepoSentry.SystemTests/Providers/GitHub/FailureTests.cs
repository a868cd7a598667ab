using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Providers.GitHub;
using RepoSentry.SystemTests.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.GitHub;

/// <summary>Each way to fail has its own kind, and none of them is a short list.</summary>
public sealed class FailureTests : IAsyncLifetime
{
    private const string Html = "<html>canary-body</html>";

    private readonly FakeTimeProvider time = new(new DateTimeOffset(2026, 11, 24, 12, 0, 0, TimeSpan.Zero));
    private FakeGitHub forge = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        forge = await FakeGitHub.StartNewAsync();
        forge.Clock = time.GetUtcNow;
        forge.Add("acme/web").Push("main", 1);
    }

    public ValueTask DisposeAsync() => forge.DisposeAsync();

    [Theory]
    [InlineData(401, RefSourceError.Unauthorized, "has not expired")]
    [InlineData(403, RefSourceError.Unauthorized, "may read this repository")]
    [InlineData(404, RefSourceError.NotFound, "or the token may not see it")]
    [InlineData(410, RefSourceError.NotFound, "gone")]
    [InlineData(451, RefSourceError.NotFound, "blocked")]
    [InlineData(422, RefSourceError.Malformed, "422")]
    [InlineData(429, RefSourceError.RateLimited, "rate limit")]
    [InlineData(500, RefSourceError.Unavailable, "fails")]
    [InlineData(502, RefSourceError.Unavailable, "fails")]
    public async Task A_status_says_what_it_means_and_what_to_do(int status, RefSourceError expected, string advice)
    {
        forge.Next("branches", status, Html, "text/html");

        var failure = await forge.Source("t0ken-canary", time).FailureOf(forge.Web());

        failure.Error.ShouldBe(expected);
        failure.Message.ShouldContain(advice);
        failure.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public async Task Single_sign_on_is_named_without_its_address()
    {
        forge.Next("branches", 403, "{}", "application/json", ("X-GitHub-SSO", "required; url=https://github.com/orgs/acme/sso?authorization_request=canary"));

        var failure = await forge.Source("t0ken", time).FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldContain("single sign-on");
        failure.Message.ShouldNotContain("canary");
    }

    [Theory]
    [InlineData("text/html", Html)]
    [InlineData("application/json", "[{\"name\":\"main\",\"com")]
    [InlineData("application/json", "{\"message\":\"canary\"}")]
    [InlineData("application/json", "null")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "[null]")]
    [InlineData("application/json", "[{\"name\":\"main\"}]")]
    [InlineData("application/json", "[{\"name\":\"main\",\"commit\":{\"sha\":\"canary\"}}]")]
    [InlineData("application/json", "[{\"commit\":{\"sha\":\"1111111111111111111111111111111111111111\"}}]")]
    [InlineData("application/json", "[{\"name\":\"a\",\"commit\":{\"sha\":\"1111111111111111111111111111111111111111\"}},{\"name\":\"a\",\"commit\":{\"sha\":\"1111111111111111111111111111111111111111\"}}]")]
    public async Task An_answer_of_another_shape_is_no_empty_list(string type, string body)
    {
        forge.Next("branches", 200, body, type);

        var failure = await forge.Source(time: time).FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.ToString().ShouldNotContain("canary");
    }

    [Fact]
    public async Task A_body_that_is_cut_off_on_the_wire_is_no_short_list()
    {
        forge.Next("branches", async context =>
        {
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 500;
            await context.Response.WriteAsync("[]");
            context.Abort();
        });

        (await forge.Source(time: time).FailureOf(forge.Web())).Error.ShouldBeOneOf(RefSourceError.Malformed, RefSourceError.Unavailable);
    }

    [Fact]
    public async Task A_compressed_answer_is_read_and_a_bomb_is_not()
    {
        forge.Next("branches", context => GzipAsync(context, "[{\"name\":\"packed\",\"commit\":{\"sha\":\"1111111111111111111111111111111111111111\"}}]", 0));
        (await forge.Source(time: time).LookAsync(Looks.At(forge.Web()), Token)).Names().ShouldBe(["packed"]);

        forge.Next("branches", context => GzipAsync(context, "[", 64));
        var failure = await forge.Source(time: time).FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Malformed);
        failure.Message.ShouldContain("more than a look may take");
    }

    [Fact]
    public async Task An_empty_repository_that_is_refused_as_empty_is_a_complete_look()
    {
        forge.Next("branches", 409, "{\"message\":\"Git Repository is empty.\"}");

        (await forge.Source(time: time).LookAsync(Looks.At(forge.Web()), Token)).Of(RefKind.Branch)!.Refs.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("https://evil.example/api/v3/repos/acme/web", "another server")]
    [InlineData("/api/v3/repos/acme/web", "more than 3 times")]
    public async Task A_redirect_is_followed_on_the_same_server_and_not_for_ever(string location, string told)
    {
        for (var turn = 0; turn < 4; turn++)
        {
            forge.Next("repos/acme/web", 301, "{}", "application/json", ("Location", location));
        }

        var failure = await forge.Source("t0ken-canary", time).FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain(told);
    }

    [Fact]
    public async Task A_page_on_another_server_is_never_asked_for()
    {
        forge.Next("branches", 200, "[]", "application/json", ("Link", "<https://evil.example/repos/acme/web/branches?page=2>; rel=\"next\""));

        (await forge.Source(time: time).FailureOf(forge.Web())).Message.ShouldContain("another server");
    }

    [Fact]
    public async Task A_hung_answer_is_given_up()
    {
        var reached = new TaskCompletionSource();
        forge.Next("branches", context =>
        {
            reached.SetResult();
            return Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
        });

        var look = forge.Source(time: time).FailureOf(forge.Web());
        await reached.Task;
        time.Advance(TimeSpan.FromSeconds(20));

        (await look).Message.ShouldContain("within 20 s");
    }

    [Fact]
    public async Task A_forge_that_is_down_is_unavailable()
    {
        var options = new GitHubOptions { Provider = "forge", ApiBase = new Uri("http://127.0.0.1:1/api/v3") };
        var source = new GitHubRefSource(options, RepoSentry.Network.OutboundHttp.CreateClient(new()), time);

        var failure = await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.Unavailable);
        failure.Message.ShouldContain("refused");
    }

    [Fact]
    public async Task The_primary_limit_is_waited_out_until_its_reset_by_the_forges_own_clock()
    {
        forge.Remaining = 0;
        forge.UntilReset = TimeSpan.FromMinutes(10);
        forge.Clock = () => time.GetUtcNow() + TimeSpan.FromHours(3);
        var source = forge.Source(time: time);

        var failure = await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.RateLimited);
        failure.RetryAfter.ShouldBe(TimeSpan.FromSeconds(601));
        source.Current!.Remaining.ShouldBe(0);
        source.Current.ResetsAt.ShouldBe(time.GetUtcNow() + TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task A_spent_limit_is_no_storm_of_refused_requests()
    {
        forge.Remaining = 0;
        var source = forge.Source(time: time);
        await source.FailureOf(forge.Web());
        forge.TakeRequests();

        for (var look = 0; look < 50; look++)
        {
            (await source.FailureOf(forge.Web())).Error.ShouldBe(RefSourceError.RateLimited);
        }

        forge.TakeRequests().ShouldBeEmpty();
        forge.Remaining = 5000;
        time.Advance(TimeSpan.FromMinutes(31));
        (await source.LookAsync(Looks.At(forge.Web()), Token)).Names().ShouldBe(["main"]);
    }

    [Fact]
    public async Task The_reserve_is_left_to_others()
    {
        forge.Remaining = 252;
        var source = forge.Source(time: time);

        var failure = await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.RateLimited);
        failure.RetryAfter!.Value.ShouldBe(TimeSpan.FromMinutes(30), TimeSpan.FromSeconds(2));
        forge.Remaining.ShouldBe(250);
    }

    [Theory]
    [InlineData(403, "Retry-After", "17", "{}", 17)]
    [InlineData(429, "Retry-After", "17", "{}", 17)]
    [InlineData(403, "X-None", "", "{\"message\":\"You have exceeded a secondary rate limit.\"}", 60)]
    [InlineData(403, "X-None", "", "{\"message\":\"You have triggered an abuse detection mechanism.\"}", 60)]
    [InlineData(429, "X-None", "", "{}", 60)]
    public async Task A_secondary_limit_is_told_from_a_missing_right(int status, string header, string value, string body, int seconds)
    {
        forge.Next("repos", status, body, "application/json", (header, value));

        var failure = await forge.Source(time: time).FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.RateLimited);
        failure.RetryAfter.ShouldBe(TimeSpan.FromSeconds(seconds));
    }

    [Fact]
    public async Task A_secondary_limit_that_comes_again_is_given_more_time()
    {
        var source = forge.Source(time: time);
        var waits = new List<double>();
        for (var turn = 0; turn < 3; turn++)
        {
            forge.Next("repos", 403, "{\"message\":\"secondary rate limit\"}");
            var failure = await source.FailureOf(forge.Web());
            waits.Add(failure.RetryAfter!.Value.TotalSeconds);
            time.Advance(failure.RetryAfter.Value);
        }

        waits.ShouldBe([60, 120, 240]);
    }

    [Fact]
    public async Task The_configured_budget_holds_and_unchanged_answers_are_outside_it()
    {
        var source = forge.Source("t0ken", time, perHour: 3600, burst: 3);
        var look = await source.LookAsync(Looks.At(forge.Web()), Token);
        time.Advance(TimeSpan.FromSeconds(1));
        for (var turn = 0; turn < 20; turn++)
        {
            (await source.LookAsync(look.After(forge.Web()), Token)).Of(RefKind.Branch).ShouldBeNull();
        }

        forge.Repositories["acme/web"].Push("main", 2).Tag("v1", 2);
        var failure = await source.FailureOf(forge.Web());

        failure.Error.ShouldBe(RefSourceError.RateLimited);
        failure.RetryAfter!.Value.ShouldBe(TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(100));
        failure.Message.ShouldContain("requests_per_hour");
        time.Advance(failure.RetryAfter.Value);
        await Should.ThrowAsync<RefSourceException>(() => source.LookAsync(Looks.At(forge.Web()), Token));
        time.Advance(TimeSpan.FromSeconds(3));
        (await source.LookAsync(Looks.At(forge.Web()), Token)).Names().ShouldBe(["main"]);
    }

    private static async Task GzipAsync(HttpContext context, string text, int paddingMiB)
    {
        context.Response.ContentType = "application/json";
        context.Response.Headers.ContentEncoding = "gzip";
        await using var stream = new System.IO.Compression.GZipStream(context.Response.Body, System.IO.Compression.CompressionLevel.Fastest);
        await stream.WriteAsync(System.Text.Encoding.UTF8.GetBytes(text));
        var padding = new byte[1024 * 1024];
        Array.Fill(padding, (byte)' ');
        for (var part = 0; part < paddingMiB; part++)
        {
            await stream.WriteAsync(padding);
        }
    }
}
