using System.Net;
using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Api;

public sealed class ApiTests
{
    private static readonly string[] Metrics =
    [
        "reposentry_polls_total", "reposentry_poll_duration_seconds", "reposentry_poll_lateness_seconds", "reposentry_events_total", "reposentry_delivery_backlog",
        "reposentry_oldest_undelivered_seconds", "reposentry_repositories", "reposentry_build_info",
    ];

    [Fact]
    public async Task Pages_follow_each_other_without_gap_or_repetition()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(25);
        var ids = new List<string>();
        var path = "/api/v1/events?limit=10&repository=web";
        while (path.Length > 0)
        {
            var page = await host.JsonAsync(path);
            ids.AddRange(page.GetProperty("items").EnumerateArray().Select(item => item.GetProperty("branch_name").GetString()!));
            path = page.GetProperty("next_cursor").GetString() is { } cursor ? $"/api/v1/events?limit=10&repository=web&cursor={cursor}" : "";
        }

        ids.ShouldBe(Enumerable.Range(1, 25).Reverse().Select(number => $"b{number}"));
    }

    [Fact]
    public async Task The_link_header_leads_to_the_next_page()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(3);
        using var response = await host.SendAsync("/api/v1/events?limit=2&type=branch_updated");
        var link = response.Headers.GetValues("Link").Single();
        link.ShouldEndWith("; rel=\"next\"");
        (await host.JsonAsync(link[1..link.IndexOf('>', StringComparison.Ordinal)])).GetProperty("items").GetArrayLength().ShouldBe(1);
    }

    [Fact]
    public async Task An_event_shows_what_the_contract_names()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        var item = (await host.JsonAsync("/api/v1/events")).GetProperty("items")[0];
        foreach (var name in "id type repository ref branch_name before commit_sha status metadata error_message created_at processed_at deliveries".Split(' '))
        {
            item.TryGetProperty(name, out _).ShouldBeTrue(name);
        }

        (await host.JsonAsync("/api/v1/events/" + item.GetProperty("id").GetString())).GetProperty("type").GetString().ShouldBe("branch_updated");
        item = (await host.JsonAsync("/api/v1/repositories/web")).Clone();
        foreach (var name in "name url provider status source last_checked last_changed next_poll_at interval_seconds last_commit_sha branch_count error labels".Split(' '))
        {
            item.TryGetProperty(name, out _).ShouldBeTrue(name);
        }
    }

    [Theory]
    [InlineData("/api/v1/events?limit=0", 400)]
    [InlineData("/api/v1/events?limit=101", 400)]
    [InlineData("/api/v1/events?limit=x", 400)]
    [InlineData("/api/v1/events?cursor=%21%21", 400)]
    [InlineData("/api/v1/events?cursor=aGVsbG8", 400)]
    [InlineData("/api/v1/events?status=lost", 400)]
    [InlineData("/api/v1/events?since=yesterday", 400)]
    [InlineData("/api/v1/events/nope", 404)]
    [InlineData("/api/v1/repositories/nope", 404)]
    [InlineData("/api/v1/repositories/nope/refs", 404)]
    [InlineData("/api/v1/deliveries/99", 404)]
    [InlineData("/api/v1/deliveries/abc", 404)]
    [InlineData("/nothing/here", 404)]
    public async Task What_cannot_be_answered_is_a_problem_by_rfc_9457(string path, int status)
    {
        await using var host = await RunningHost.StartAsync();
        using var response = await host.SendAsync(path);
        ((int)response.StatusCode).ShouldBe(status);
        response.Content.Headers.ContentType?.MediaType.ShouldBe("application/problem+json");
        var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement;
        problem.GetProperty("status").GetInt32().ShouldBe(status);
        problem.GetProperty("type").GetString().ShouldNotBeNullOrEmpty();
    }

    [Fact]
    public async Task A_repository_whose_name_holds_a_slash_is_found()
    {
        await using var host = await RunningHost.StartAsync();
        (await host.JsonAsync("/api/v1/repositories/group%2Fapi")).GetProperty("name").GetString().ShouldBe("group/api");
    }

    [Fact]
    public async Task An_unreachable_repository_says_why_at_the_place_where_the_user_looks()
    {
        await using var host = await RunningHost.StartAsync();
        JsonElement item = default;
        await RunningHost.UntilAsync(async () => (item = await host.JsonAsync("/api/v1/repositories/web")).GetProperty("status").GetString() == "error");
        item.GetProperty("error").GetString().ShouldNotBeNull().ShouldContain("127.0.0.1");
        (await host.JsonAsync("/api/v1/repositories/web/polls")).GetProperty("items")[0].GetProperty("outcome").GetString().ShouldBe("unavailable");
        (await host.JsonAsync("/readyz")).GetProperty("status").GetString().ShouldBe("degraded");
    }

    [Fact]
    public async Task A_token_is_asked_for_and_the_probes_stay_open()
    {
        await using var host = await RunningHost.StartAsync(config => config with { Api = config.Api with { Auth = "token", BootstrapToken = new Secret("let-me-in") } });
        using var none = await host.SendAsync("/api/v1/status");
        none.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        none.Headers.WwwAuthenticate.ToString().ShouldContain("Bearer");
        foreach (var path in new[] { "/metrics", "/healthz?verbose", "/openapi/v1.json", "/swagger/index.html", "/version", "/nothing" })
        {
            using var refused = await host.SendAsync(path);
            refused.StatusCode.ShouldBe(HttpStatusCode.Unauthorized, path);
        }

        using var wrong = await host.SendAsync("/api/v1/status", token: "let-me-in-");
        wrong.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
        using var right = await host.SendAsync("/api/v1/status", token: "let-me-in");
        right.StatusCode.ShouldBe(HttpStatusCode.OK);
        foreach (var path in new[] { "/livez", "/readyz", "/healthz", "/health", "/health/live", "/health/ready" })
        {
            using var open = await host.SendAsync(path);
            open.StatusCode.ShouldBe(HttpStatusCode.OK, path);
        }
    }

    [Theory]
    [InlineData("localhost", HttpStatusCode.OK)]
    [InlineData("127.0.0.1", HttpStatusCode.OK)]
    [InlineData("evil.example", HttpStatusCode.MisdirectedRequest)]
    public async Task Without_authentication_only_loopback_names_are_answered(string name, HttpStatusCode status)
    {
        await using var host = await RunningHost.StartAsync();
        using var response = await host.SendAsync("/api/v1/status", host: name);
        response.StatusCode.ShouldBe(status);
    }

    [Theory]
    [InlineData("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "cross-site", HttpStatusCode.Forbidden)]
    [InlineData("Sec-Fetch-Site", "same-origin", HttpStatusCode.Accepted)]
    [InlineData("X-Nothing", "x", HttpStatusCode.Accepted)]
    public async Task A_page_of_another_site_changes_nothing(string header, string value, HttpStatusCode status)
    {
        await using var host = await RunningHost.StartAsync();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri("/api/v1/triggers/tekton/resume", UriKind.Relative));
        request.Headers.Add(header, value);
        using var response = await host.Http.SendAsync(request, TestContext.Current.CancellationToken);
        response.StatusCode.ShouldBe(status);
    }

    [Fact]
    public async Task While_another_poller_holds_the_file_the_service_lives_and_is_not_ready_and_says_who()
    {
        PollerLock? held = null;
        await using var host = await RunningHost.StartAsync(ready: false, before: starting => held = PollerLock.TryTake(starting.DatabasePath, Build.Noon));
        using (held)
        {
            await RunningHost.UntilAsync(async () => (await (await host.SendAsync("/readyz")).Content.ReadAsStringAsync()).Contains("is polled by process", StringComparison.Ordinal));
            using var ready = await host.SendAsync("/readyz");
            ready.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            using var list = await host.SendAsync("/api/v1/events");
            list.StatusCode.ShouldBe(HttpStatusCode.ServiceUnavailable);
            using var live = await host.SendAsync("/livez");
            live.StatusCode.ShouldBe(HttpStatusCode.OK);
        }

        await RunningHost.UntilAsync(async () => (await host.SendAsync("/readyz")).IsSuccessStatusCode);
    }

    [Fact]
    public async Task The_metrics_of_the_contract_are_there()
    {
        await using var host = await RunningHost.StartAsync();
        await host.RecordAsync(1);
        await RunningHost.UntilAsync(async () => (await host.JsonAsync("/api/v1/metrics.json")).GetProperty("error_rate").GetDouble() > 0);
        var text = await host.Http.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken);
        Metrics.Where(name => name is not "reposentry_events_total" && !text.Contains("\n" + name, StringComparison.Ordinal)).ShouldBeEmpty();
        foreach (var name in "uptime_seconds memory_usage_bytes goroutine_count repository_count event_count polling_cycles avg_polling_time_ms api_call_count error_rate github_remaining gitlab_remaining".Split(' '))
        {
            (await host.JsonAsync("/api/v1/metrics.json")).TryGetProperty(name, out _).ShouldBeTrue(name);
        }
    }

    [Fact]
    public async Task Metrics_listen_serves_metrics_and_nothing_else()
    {
        using var free = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        free.Start();
        var port = ((IPEndPoint)free.LocalEndpoint).Port;
        free.Stop();
        await using var host = await RunningHost.StartAsync(config => config with
        {
            Api = config.Api with { Auth = "token", BootstrapToken = new Secret("t"), MetricsListen = $"127.0.0.1:{port}" },
        });
        using var open = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        (await open.GetStringAsync(new Uri("/metrics", UriKind.Relative), TestContext.Current.CancellationToken)).ShouldContain("reposentry_build_info");
        (await open.GetAsync(new Uri("/api/v1/status", UriKind.Relative), TestContext.Current.CancellationToken)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task The_openapi_document_and_its_page_are_served()
    {
        await using var host = await RunningHost.StartAsync();
        var document = await host.JsonAsync("/openapi/v1.json");
        document.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        document.GetProperty("paths").EnumerateObject().Select(path => path.Name).ShouldContain("/api/v1/repositories/{name}/refs");
        document.GetProperty("paths").GetProperty("/api/v1/events").GetProperty("get").GetProperty("parameters").EnumerateArray()
            .Select(parameter => parameter.GetProperty("name").GetString()).ShouldBe(["repository", "ref", "type", "status", "since", "until", "limit", "cursor", "If-None-Match"], ignoreOrder: true);
        using var page = await host.SendAsync("/swagger/index.html");
        page.StatusCode.ShouldBe(HttpStatusCode.OK);
    }
}
