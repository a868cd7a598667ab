using System.Net;
using RepoSentry.Cli.Client;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api.Access;

/// <summary>What every answer carries, and what is refused whoever asks.</summary>
public sealed class AnswerTests
{
    private static readonly string[] Always = ["X-Content-Type-Options", "X-Frame-Options", "Content-Security-Policy", "Referrer-Policy", "Cross-Origin-Resource-Policy", "X-Request-Id"];

    [Theory]
    [InlineData("/api/v1/repositories", true)]
    [InlineData("/api/v1/repositories", false)]
    [InlineData("/api/v1/repositories/nobody", true)]
    [InlineData("/api/v1/events?limit=0", true)]
    [InlineData("/nothing", true)]
    [InlineData("/livez", false)]
    [InlineData("/healthz", false)]
    [InlineData("/metrics", true)]
    [InlineData("/openapi/v1.json", true)]
    [InlineData("/swagger/index.html", true)]
    [InlineData("/swagger/swagger-ui-bundle.js", true)]
    public async Task Every_answer_tells_browsers_to_be_careful(string path, bool authenticated)
    {
        await using var story = await AccessStory.StartAsync();
        using var response = await story.SendAsync(HttpMethod.Get, path, authenticated ? AccessStory.Bootstrap : null);
        Always.Where(name => !response.Headers.Contains(name)).ShouldBeEmpty();
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldContain("frame-ancestors 'none'");
        response.Headers.GetValues("Content-Security-Policy").Single().ShouldNotContain("script-src 'self' 'unsafe-inline'");
        response.Headers.Contains("Strict-Transport-Security").ShouldBeFalse("only under TLS");
        if (path.StartsWith("/api", StringComparison.Ordinal))
        {
            response.Headers.CacheControl!.NoStore.ShouldBeTrue();
        }
    }

    [Fact]
    public async Task The_page_of_the_api_has_no_script_in_it_that_its_policy_would_stop()
    {
        await using var host = await RunningHost.StartAsync();
        var page = await host.Http.GetStringAsync(new Uri("/swagger/index.html", UriKind.Relative), TestContext.Current.CancellationToken);
        var scripts = page.Split("<script").Skip(1).Select(rest => rest[..rest.IndexOf("</script>", StringComparison.Ordinal)]).ToList();
        scripts.Count.ShouldBeGreaterThan(1);
        scripts.ShouldAllBe(script => script.Contains("src=", StringComparison.Ordinal) && script.TrimEnd().EndsWith('>'));
    }

    [Fact]
    public async Task A_token_has_so_many_requests_and_is_told_how_many_are_left()
    {
        await using var story = await AccessStory.StartAsync(api => api with { RateLimit = new RequestRate(3, TimeSpan.FromHours(1)) });
        var (mine, other) = (await story.CreateAsync("mine", Role.Viewer), await story.CreateAsync("other", Role.Viewer));
        foreach (var left in (int[])[2, 1, 0])
        {
            using var response = await story.SendAsync(HttpMethod.Get, "/api/v1/status", mine);
            response.StatusCode.ShouldBe(HttpStatusCode.OK);
            Header(response, "RateLimit-Limit").ShouldBe("3");
            Header(response, "RateLimit-Remaining").ShouldBe($"{left}");
            Header(response, "RateLimit-Policy").ShouldBe("3;w=3600");
            int.Parse(Header(response, "RateLimit-Reset"), System.Globalization.CultureInfo.InvariantCulture).ShouldBeInRange((3 - left) * 1190, (3 - left) * 1200);
        }

        using var refused = await story.SendAsync(HttpMethod.Get, "/api/v1/status", mine);
        refused.StatusCode.ShouldBe(HttpStatusCode.TooManyRequests);
        refused.Headers.RetryAfter!.Delta.ShouldBe(TimeSpan.FromMinutes(20));
        (await story.StatusAsync(HttpMethod.Get, "/api/v1/status", other)).ShouldBe(200);
        (await story.StatusAsync(HttpMethod.Get, "/livez", mine)).ShouldBe(200);
        (await story.StatusAsync(HttpMethod.Get, "/metrics", mine)).ShouldBe(200);
    }

    [Fact]
    public async Task Without_authentication_an_address_has_so_many_requests()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Api = config.Api with { RateLimit = new RequestRate(2, TimeSpan.FromHours(1)) } });
        var answers = new List<HttpStatusCode>();
        foreach (var _ in Enumerable.Range(0, 3))
        {
            using var response = await host.SendAsync("/api/v1/status");
            answers.Add(response.StatusCode);
        }

        answers.ShouldBe([HttpStatusCode.OK, HttpStatusCode.OK, HttpStatusCode.TooManyRequests]);
    }

    [Fact]
    public async Task A_command_that_asks_faster_than_it_may_waits_as_it_is_told()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Api = config.Api with { RateLimit = new RequestRate(3, TimeSpan.FromSeconds(1)) } });
        using var client = new ApiClient(host.Http.BaseAddress!);
        foreach (var _ in Enumerable.Range(0, 6))
        {
            (await client.GetAsync("/api/v1/status", TestContext.Current.CancellationToken)).GetProperty("state").GetString().ShouldBe("Running");
        }
    }

    [Theory]
    [InlineData("Origin", "https://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Sec-Fetch-Site", "cross-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-site", 403)]
    [InlineData("Sec-Fetch-Site", "same-origin", 202)]
    [InlineData("Origin", "https://reposentry.corp", 202)]
    public async Task A_write_from_a_page_of_another_site_is_refused_with_a_good_token_too(string header, string value, int status)
    {
        await using var story = await AccessStory.StartAsync(api => api with { PublicUrl = "https://reposentry.corp" });
        using var response = await story.SendAsync(HttpMethod.Post, "/api/v1/triggers/tekton/resume", AccessStory.Bootstrap, null, (header, value));
        ((int)response.StatusCode).ShouldBe(status);
        (await story.AuditAsync()).Single().GetProperty("outcome").GetString().ShouldBe(status == 202 ? "done" : "refused");
    }

    [Theory]
    [InlineData("127.0.0.0/8", "203.0.113.9, 127.0.0.9", "203.0.113.9")]
    [InlineData("127.0.0.1/32", "198.51.100.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "203.0.113.9", "127.0.0.1")]
    [InlineData(null, "203.0.113.9", "127.0.0.1")]
    public async Task The_address_in_the_audit_log_is_the_clients_as_trusted_proxies_tell_it(string? trusted, string forwarded, string seen)
    {
        await using var story = await AccessStory.StartAsync(api => api with { TrustedProxies = trusted is null ? [] : [IPNetwork.Parse(trusted)] });
        using var response = await story.SendAsync(HttpMethod.Post, "/api/v1/triggers/tekton/resume", AccessStory.Bootstrap, null, ("X-Forwarded-For", forwarded));
        (await story.AuditAsync()).Single().GetProperty("address").GetString().ShouldBe(seen);
    }

    private static string Header(HttpResponseMessage response, string name) => response.Headers.GetValues(name).Single();
}
