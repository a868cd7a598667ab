using System.Diagnostics;
using System.Text.Json;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>A real Prometheus scrapes the running executable, and a real Alertmanager hears of a trigger that is down.</summary>
public sealed class MonitoringTests
{
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromMinutes(1) };

    [Fact]
    public async Task A_trigger_that_is_down_reaches_Alertmanager_with_its_runbook()
    {
        var (prometheus, alertmanager) = (TestGit.Find("prometheus"), TestGit.Find("prometheus-alertmanager"));
        Assert.SkipWhen(prometheus is null || alertmanager is null, "prometheus or prometheus-alertmanager is not installed (tests/apt-packages.txt)");
        using var folder = new TemporaryFolder();
        var repository = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        repository.Push("main", "First");
        var token = Path.Combine(folder.Path, "token");
        File.WriteAllText(token, "token-of-the-scraper");
        await using var service = new Service($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s }
            tekton: { event_listener_url: "http://127.0.0.1:{{ServerProcess.FreePort()}}", secret: "env:RECEIVER_SECRET" }
            repositories:
              - { name: web, url: "{{repository.Url}}" }
            """);
        File.WriteAllText(service.ConfigPath, File.ReadAllText(service.ConfigPath).Replace("api: { ", $"api: {{ auth: token, bootstrap_token: \"file:{token}\", ", StringComparison.Ordinal));
        await service.StartReadyAsync();
        var alerts = new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}/");
        var scrapes = new Uri($"http://127.0.0.1:{ServerProcess.FreePort()}/");
        using var hears = StartAlertmanager(alertmanager!, folder.Path, alerts);
        using var asks = StartPrometheus(prometheus!, folder.Path, scrapes, alerts, service.Port, token);
        try
        {
            await UntilAsync(new Uri(scrapes, "api/v1/query?query=reposentry_repositories{status=\"active\"}>0"), text => text.Contains("\"value\":[", StringComparison.Ordinal), "scraping");
            repository.Push("main", "Second");
            var heard = await UntilAsync(new Uri(alerts, "api/v2/alerts"), text => text.Contains("RepoSentryDeliveriesStuck", StringComparison.Ordinal), "alerting");

            var alert = JsonDocument.Parse(heard).RootElement.EnumerateArray().Single(one => one.GetProperty("labels").GetProperty("alertname").GetString() == "RepoSentryDeliveriesStuck");
            alert.GetProperty("labels").GetProperty("trigger").GetString().ShouldBe("tekton");
            alert.GetProperty("labels").GetProperty("severity").GetString().ShouldBe("critical");
            alert.GetProperty("annotations").GetProperty("summary").GetString().ShouldBe("Trigger tekton takes nothing");
            alert.GetProperty("annotations").GetProperty("runbook_url").GetString().ShouldEndWith("runbooks.md#reposentrydeliveriesstuck");
        }
        finally
        {
            await ServerProcess.EndAsync(asks);
            await ServerProcess.EndAsync(hears);
        }
    }

    private static Process StartAlertmanager(string program, string folder, Uri address)
    {
        File.WriteAllText(Path.Combine(folder, "alertmanager.yml"), "route: { receiver: nobody }\nreceivers: [{ name: nobody }]\n");
        return ServerProcess.Start(program, folder, "--config.file=alertmanager.yml", "--storage.path=alerts", "--web.listen-address=" + address.Authority, "--cluster.listen-address=");
    }

    // The shipped rules, but for their patience.
    private static Process StartPrometheus(string program, string folder, Uri address, Uri alerts, int port, string token)
    {
        var rules = File.ReadAllText(Alerts.File);
        var hasty = rules.Replace("reposentry_oldest_undelivered_seconds > 300\n        for: 5m", "reposentry_oldest_undelivered_seconds > 1\n        for: 1s", StringComparison.Ordinal);
        hasty.ShouldNotBe(rules);
        File.WriteAllText(Path.Combine(folder, "alerts.yaml"), hasty);
        File.WriteAllText(Path.Combine(folder, "prometheus.yml"), $$"""
            global: { scrape_interval: 2s, scrape_timeout: 2s, evaluation_interval: 500ms }
            rule_files: [alerts.yaml]
            alerting: { alertmanagers: [{ static_configs: [{ targets: ["{{alerts.Authority}}"] }] }] }
            scrape_configs:
              - job_name: reposentry
                authorization: { credentials_file: "{{token}}" }
                static_configs: [{ targets: ["127.0.0.1:{{port}}"] }]
            """);
        return ServerProcess.Start(program, folder, "--config.file=prometheus.yml", "--storage.tsdb.path=metrics", "--web.listen-address=" + address.Authority);
    }

    private static async Task<string> UntilAsync(Uri address, Func<string, bool> holds, string what)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        var last = "nothing";
        while (true)
        {
            try
            {
                last = await Http.GetStringAsync(address, CancellationToken.None);
                if (holds(last))
                {
                    return last;
                }
            }
            catch (HttpRequestException)
            {
                // not listening yet
            }

            limit.IsCancellationRequested.ShouldBeFalse($"never was {what}: {last}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, CancellationToken.None);
        }
    }
}
