using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Bench;

/// <summary>Every list of the API on a large database, page after page, and pages of the dashboard: 10,000 watched repositories, 1,000,000 events with a delivery each.</summary>
internal static class ApiBench
{
    private const int Repositories = 10_000;
    private const int Events = 1_000_000;
    private const int Looks = 500_000;
    private const int AuditRows = 200_000;
    private const int MostPages = 2_000;

    private static readonly (string Name, string Path)[] Lists =
    [
        ("repositories", "/api/v1/repositories?"),
        ("repositories, status=active", "/api/v1/repositories?status=active&"),
        ("events", "/api/v1/events?"),
        ("events, one repository", "/api/v1/events?repository=r77&"),
        ("events, status=failed (1 %)", "/api/v1/events?status=failed&"),
        ("events, type=branch_updated", "/api/v1/events?type=branch_updated&"),
        ("events, ref=main", "/api/v1/events?ref=main&"),
        ("events, ref and status", "/api/v1/events?ref=topic-3&status=failed&"),
        ("events, since and until", "/api/v1/events?since=2026-05-01T00:00:00Z&until=2026-05-20T00:00:00Z&"),
        ("deliveries", "/api/v1/deliveries?"),
        ("deliveries, status=dead (1 %)", "/api/v1/deliveries?status=dead&"),
        ("deliveries, one trigger", "/api/v1/deliveries?trigger=tekton&"),
        ("deliveries, one repository", "/api/v1/deliveries?repository=r77&"),
        ("looks of a repository", "/api/v1/repositories/r77/polls?"),
        ("refs of a repository", "/api/v1/repositories/r77/refs?"),
        ("audit log", "/api/v1/audit?"),
        ("audit log, one actor", "/api/v1/audit?actor=ci-3&"),
        ("tokens", "/api/v1/tokens?"),
        ("triggers", "/api/v1/triggers?"),
    ];

    private static readonly string[] Pages = ["/", "/repositories", "/repositories?sort=changed", "/repositories?q=r9999", "/repositories?status=paused", "/repositories/r77", "/events", "/events?q=status:failed", "/triggers", "/budget", "/system"];

    public static async Task RunAsync(string executable)
    {
        await using var forge = await new Forge().StartAsync();
        var yaml = new StringBuilder("polling: { strategy: fixed, interval: 10m }\n").AppendLine("tekton: { event_listener_url: \"http://127.0.0.1:9\" }")
            .AppendLine(CultureInfo.InvariantCulture, $"providers: [{{ name: forge, type: git, url: \"{forge.Url}\" }}]").AppendLine("repositories:");
        for (var number = 0; number < Repositories; number++)
        {
            yaml.AppendLine(CultureInfo.InvariantCulture, $"  - {{ name: r{number}, url: \"{forge.Url}git/r{number}\", provider: forge, labels: {{ team: team-{number % 50} }} }}");
        }

        await using var service = new MeasuredService(executable, yaml.ToString(), config => Fill(executable, config));
        await service.ReadyAsync();
        await service.WatchingAsync(Repositories);
        await service.WalkAsync("/api/v1/events?limit=100", 50); // the code is compiled as it is used
        foreach (var (_, path) in Lists)
        {
            await service.WalkAsync(path + "limit=100", 20);
        }

        var lines = new List<(string, string)>();
        foreach (var (name, path) in Lists)
        {
            var (times, sizes, items) = await service.WalkAsync(path + "limit=100", MostPages);
            var sorted = times.Order().ToArray();
            lines.Add((name, string.Create(CultureInfo.InvariantCulture, $"{times.Count,5} pages, {items,6} items: p50 {sorted[sorted.Length / 2],5:0.0} ms, p99 {sorted[(int)(0.99 * (sorted.Length - 1))],5:0.0} ms, longest {sorted[^1],5:0.0} ms, largest {sizes.Max() / 1024.0,5:0} KiB")));
        }

        foreach (var path in Pages)
        {
            var size = (await service.BytesAsync(path)).Length;
            var sorted = (await service.TimeAsync(path, 50)).Order().ToArray();
            lines.Add(("page " + path, string.Create(CultureInfo.InvariantCulture, $"{size / 1000.0,5:0} kB: p50 {sorted[25],5:0.0} ms, longest {sorted[^1],5:0.0} ms (target 100 kB, 100 ms)")));
        }

        lines.Add(("resident memory afterwards", $"{service.Megabytes:0} MB"));
        ServiceBench.Report($"Lists of the API: {Repositories} watched repositories, {Events} events, each page of 100 in turn (target p99 10 ms, 256 KiB)", [.. lines]);
    }

    private static void Fill(string executable, string config)
    {
        using (var make = Process.Start(new ProcessStartInfo(executable, ["token", "create", "bench", "--role", "viewer", "-c", config]) { UseShellExecute = false })!)
        {
            make.WaitForExit();
        }

        var clock = Stopwatch.GetTimestamp();
        using var connection = new SqliteConnection($"Data Source={Path.GetDirectoryName(config)}/data/reposentry.db;Pooling=False");
        connection.Open();
        Execute(connection, "PRAGMA synchronous=OFF; PRAGMA foreign_keys=OFF");
        Execute(connection, $"""
            BEGIN;
            CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {Events}) SELECT i FROM n;
            INSERT INTO repository_states (id, name, url, provider) SELECT i, 'r' || (i - 1), 'http://127.0.0.1:9/' || i, 'forge' FROM n WHERE i <= {Repositories};
            INSERT INTO events (id, seq, repository_name, event_type, ref, branch_name, before_sha, commit_sha, status, metadata, created_at, processed_at)
                SELECT printf('%08x-%04x-7%03x-8%03x-%012x', i / 4096, i % 4096, i % 4096, i % 1000, i), i, 'r' || (i * 7919 % {Repositories}),
                    CASE i % 50 WHEN 0 THEN 'tag_created' WHEN 1 THEN 'branch_created' WHEN 2 THEN 'branch_deleted' ELSE 'branch_updated' END,
                    'refs/heads/' || CASE WHEN i % 3 = 0 THEN 'main' ELSE 'topic-' || (i % 40) END, CASE WHEN i % 3 = 0 THEN 'main' ELSE 'topic-' || (i % 40) END,
                    printf('%040x', i), printf('%040x', i + 1), CASE WHEN i % 100 = 0 THEN 'failed' ELSE 'delivered' END,
                    json_object('forced', 'unknown', 'commits', 1, 'message', 'Change number ' || i || ' of the service, as somebody wrote it', 'author_name', 'Someone ' || (i % 200), 'author_email', 'someone' || (i % 200) || '@example.org', 'compare_url', 'https://git.example/acme/compare/' || printf('%040x...%040x', i, i + 1), 'changed_files', json_array('src/a.cs', 'src/b.cs', 'docs/c.md')),
                    strftime('%Y-%m-%d %H:%M:%f', 1764000000 + i * 30, 'unixepoch'), strftime('%Y-%m-%d %H:%M:%f', 1764000001 + i * 30, 'unixepoch') FROM n;
            INSERT INTO deliveries (id, event_id, trigger_name, status, attempts, receipt_id, last_status, last_error, created_at, finished_at, repository_id)
                SELECT seq, id, 'tekton', CASE status WHEN 'failed' THEN 'dead' ELSE 'delivered' END, 1, 'receipt-' || seq, CASE status WHEN 'failed' THEN 400 ELSE 202 END, CASE status WHEN 'failed' THEN 'answered 400' END, created_at, processed_at, 1 + seq * 7919 % {Repositories} FROM events;
            INSERT INTO delivery_attempts (delivery_id, number, started_at, duration_ms, outcome, http_status) SELECT id, 1, created_at, 12.5, status, last_status FROM deliveries;
            INSERT INTO poll_outcomes (repository_id, started_at, duration_ms, outcome, source, changes) SELECT 1 + i * 31 % {Repositories}, strftime('%Y-%m-%d %H:%M:%f', 1764000000 + i * 60, 'unixepoch'), 8.5, 'changed', 'git', 1 FROM n WHERE i <= {Looks};
            INSERT INTO audit_log (started_at, actor, role, address, action, object, outcome, status, request_id) SELECT strftime('%Y-%m-%d %H:%M:%f', 1764000000 + i * 100, 'unixepoch'), 'ci-' || (i % 7), 'operator', '10.0.0.1', 'repository.poll', 'r' || (i % {Repositories}), 'done', 202, 'req-' || i FROM n WHERE i <= {AuditRows};
            INSERT INTO api_tokens (name, prefix, digest, role, created_at, created_by) SELECT 'token-' || i, printf('rst_%08d', i), printf('%064x', i), 'viewer', '2026-01-01 00:00:00.000', 'root' FROM n WHERE i <= 500;
            UPDATE sequences SET value = {Events} WHERE name IN ('events', 'deliveries');
            COMMIT;
            """);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"filled in {Stopwatch.GetElapsedTime(clock).TotalSeconds:0} s, {new FileInfo(connection.DataSource).Length / 1e6:0} MB"));
    }

    private static void Execute(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.CommandTimeout = 600;
        command.ExecuteNonQuery();
    }

    private static async Task<(List<double> Times, List<int> Sizes, int Items)> WalkAsync(this MeasuredService service, string path, int most)
    {
        var (times, sizes, items) = (new List<double>(), new List<int>(), 0);
        for (string? next = path; next is not null && times.Count < most;)
        {
            var clock = Stopwatch.GetTimestamp();
            var body = await service.BytesAsync(next);
            times.Add(Stopwatch.GetElapsedTime(clock).TotalMilliseconds);
            sizes.Add(body.Length);
            using var page = JsonDocument.Parse(body);
            items += page.RootElement.GetProperty("items").GetArrayLength();
            next = page.RootElement.GetProperty("next_cursor").GetString() is { } cursor ? $"{path}&cursor={cursor}" : null;
        }

        return (times, sizes, items);
    }
}
