using System.Net;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Api.Access;
using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

public sealed class FailureLimiterTests
{
    private readonly FakeTimeProvider time = new();
    private readonly FailureLimiter limiter;

    public FailureLimiterTests() => limiter = new FailureLimiter(time);

    [Fact]
    public void Ten_failures_in_any_minute_are_tried_and_no_more()
    {
        var tried = 0;
        foreach (var _ in Enumerable.Range(0, 600))
        {
            tried += limiter.Record("a") is null ? 1 : 0;
            time.Advance(TimeSpan.FromSeconds(1));
        }

        tried.ShouldBe(100);
        limiter.Record("b").ShouldBeNull("others are not touched");
    }

    [Fact]
    public void The_wait_that_is_told_is_the_wait_that_helps()
    {
        foreach (var _ in Enumerable.Range(0, FailureLimiter.Allowed))
        {
            limiter.Record("a").ShouldBeNull();
            time.Advance(TimeSpan.FromSeconds(2));
        }

        var wait = limiter.Wait("a").ShouldNotBeNull();
        time.Advance(wait - TimeSpan.FromMilliseconds(1));
        limiter.Wait("a").ShouldNotBeNull();
        time.Advance(TimeSpan.FromMilliseconds(1));
        limiter.Wait("a").ShouldBeNull();
    }

    [Fact]
    public void A_million_addresses_take_no_more_memory_than_ten_thousand()
    {
        var refused = 0;
        foreach (var number in Enumerable.Range(0, FailureLimiter.MostKeys + 2_000))
        {
            refused += limiter.Record(FailureLimiter.Key(new IPAddress(number), null)) is null ? 0 : 1;
        }

        refused.ShouldBe(0);
        limiter.Count.ShouldBe(FailureLimiter.MostKeys);
    }

    [Fact]
    public void One_customer_of_ipv6_is_one_address() =>
        FailureLimiter.Key(IPAddress.Parse("2001:db8:1:2::1"), null).ShouldBe(FailureLimiter.Key(IPAddress.Parse("2001:db8:1:2:ffff::9"), null));

    [Fact]
    public async Task Guesses_are_stopped_and_lock_out_no_token_that_is_good()
    {
        await using var story = await AccessStory.StartAsync();
        var good = await story.CreateAsync("ci", Role.Viewer);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", good)).ShouldBe(200);
        var answers = new List<int>();
        foreach (var _ in Enumerable.Range(0, 200))
        {
            answers.Add(await story.StatusAsync(HttpMethod.Get, "/api/v1/status", TokenSecret.Create()));
        }

        answers.CountBy(status => status).ToDictionary().ShouldBe(new Dictionary<int, int> { [401] = 10, [429] = 190 }, ignoreOrder: true);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", good)).ShouldBe(200);
        using var refused = await story.SendAsync(HttpMethod.Get, "/api/v1/status", "guess");
        refused.Headers.RetryAfter!.Delta!.Value.TotalSeconds.ShouldBeInRange(1, 60);
        refused.Content.Headers.ContentType!.MediaType.ShouldBe("application/problem+json");
        (await story.StatusAsync(HttpMethod.Get, "/livez", "guess")).ShouldBe(200);
    }

    [Fact]
    public async Task A_token_made_while_its_address_is_stopped_is_good_there()
    {
        await using var story = await AccessStory.StartAsync();
        foreach (var _ in Enumerable.Range(0, 20))
        {
            await story.StatusAsync(HttpMethod.Get, "/api/v1/status", "guess");
        }

        var made = await story.CreateAsync("ci", Role.Viewer);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", made)).ShouldBe(200);
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", AccessStory.Bootstrap)).ShouldBe(429);
    }

    [Fact]
    public async Task Guesses_behind_a_trusted_proxy_stop_their_own_address_only()
    {
        await using var story = await AccessStory.StartAsync(api => api with { TrustedProxies = [IPNetwork.Parse("127.0.0.0/8")] });
        foreach (var _ in Enumerable.Range(0, 20))
        {
            using var guess = await story.SendAsync(HttpMethod.Get, "/api/v1/status", "guess", null, ("X-Forwarded-For", "203.0.113.9"));
        }

        using var stopped = await story.SendAsync(HttpMethod.Get, "/api/v1/status", AccessStory.Bootstrap, null, ("X-Forwarded-For", "203.0.113.9"));
        stopped.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        using var other = await story.SendAsync(HttpMethod.Get, "/api/v1/status", AccessStory.Bootstrap, null, ("X-Forwarded-For", "203.0.113.10"));
        other.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
