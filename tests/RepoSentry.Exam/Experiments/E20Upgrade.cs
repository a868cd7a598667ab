using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RepoSentry.Exam.Checking;
using RepoSentry.Exam.Support;
using RepoSentry.Storage.Migrations;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E20: every earlier schema is brought up by the executable and loses nothing, also when it is killed in the middle; backups made while the service works are
/// whole; after a restore every later change is found; a newer schema is refused.
/// </summary>
internal static class E20Upgrade
{
    public static async Task RunAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        for (var version = 1L; version < SchemaMigrator.Newest; version++)
        {
            await UpgradeAsync(trial, version, Path.Combine(folder.Path, $"v{version}"));
        }

        await RestoreAsync(trial, folder.Path);
        await RefuseAsync(trial, folder.Path);
    }

    private static async Task UpgradeAsync(Trial trial, long version, string folder)
    {
        Directory.CreateDirectory(folder);
        var (original, path) = (Path.Combine(folder, "original.db"), Path.Combine(folder, "reposentry.db"));
        OldDatabase.Make(original, version, trial.Scale(20_000, 6_000));
        var before = OldDatabase.Digest(original);
        File.Copy(original, path);
        var clock = Stopwatch.GetTimestamp();
        var undisturbed = await CommandAsync("db", "migrate", "--database", path);
        var took = Stopwatch.GetElapsedTime(clock);
        trial.Equal($"schema {version}: exit code of db migrate", undisturbed.Code, 0);
        trial.Zero($"schema {version}: rows that differ after the upgrade", Differences(before, OldDatabase.Digest(path)));

        var (killed, torn, halves) = (0, 0, 0);
        for (var attempt = 0; killed < 10 && attempt < 60; attempt++)
        {
            Clear(path);
            File.Copy(original, path);
            if (!await KillAsync(path, took * (0.3 + (0.7 * trial.Random.NextDouble()))))
            {
                took *= 0.8; // it was measured while the machine had more to do
                continue;
            }

            killed++;
            torn += Integrity.Check(path) is null ? 0 : 1;
            var found = OldDatabase.Version(path);
            halves += found >= version && found <= SchemaMigrator.Newest && Differences(before, OldDatabase.Digest(path)) == 0 ? 0 : 1;
        }

        trial.Reaches($"schema {version}: kills in the middle of its migration", killed, 10);
        trial.Zero($"schema {version}: damaged after a kill", torn);
        trial.Zero($"schema {version}: neither old nor new after a kill, or rows lost", halves);
        var last = await CommandAsync("db", "migrate", "--database", path);
        trial.Zero($"schema {version}: rows that differ after kills and an upgrade", last.Code == 0 && OldDatabase.Version(path) == SchemaMigrator.Newest ? Differences(before, OldDatabase.Digest(path)) : 1, last.Text);
    }

    /// <summary>True if it was killed before it had ended.</summary>
    private static async Task<bool> KillAsync(string path, TimeSpan after)
    {
        var process = Children.Start(new ProcessStartInfo(ServiceRun.Executable, ["db", "migrate", "--database", path]) { UseShellExecute = false, RedirectStandardError = true });
        await Task.Delay(after);
        var alive = !process.HasExited;
        await Children.EndAsync(process);
        return alive;
    }

    // Backups while pushes come in; then a restore of one of them, with more pushes made while nobody looked.
    private static async Task RestoreAsync(Trial trial, string folder)
    {
        await using var git = await NginxGitServer.StartAsync();
        var repositories = Enumerable.Range(0, trial.Scale(12, 4)).Select(number => git.CreateRepository($"acme/r{number}.git")).ToList();
        repositories.ForEach(repository => repository.Push("main", "First"));
        await using var receiver = await new LoggedReceiver(folder).StartAsync();
        await using var service = new ServiceRun($$"""
            polling: { strategy: fixed, interval: 1s, min_interval: 1s, retry_attempts: 1 }
            tekton: { event_listener_url: "{{receiver.Url}}/main", secret: "{{Evidence.Secret}}", requests_per_second: 0, max_in_flight: 4 }
            repositories:
            {{string.Concat(repositories.Select((repository, number) => $"  - {{ name: r{number}, url: \"{repository.Url}\" }}\n"))}}
            """);
        await (await service.Start().ReadyAsync()).WatchingAsync(repositories.Count);

        var (damaged, lacking, backups) = (0, 0, new List<string>());
        for (var round = 0; round < trial.Scale(20, 6); round++)
        {
            repositories.ForEach(repository => repository.Push("main", $"Round {round}"));
            var known = await EventsAsync(service);
            var backup = Path.Combine(folder, $"backup{round}.db");
            var made = await CommandAsync("db", "backup", backup, "--database", service.DatabasePath);
            backups.Add(backup);
            damaged += made.Code == 0 && Integrity.CheckFile(backup) is null ? 0 : 1;
            lacking += made.Code == 0 && Count(backup, "SELECT value FROM sequences WHERE name = 'events'") >= known ? 0 : 1;
        }

        trial.Equal("backups made while the service works", backups.Count, trial.Scale(20, 6));
        trial.Zero("backups that are damaged", damaged);
        trial.Zero("backups that lack what was committed before", lacking);
        await service.StopAsync(TimeSpan.FromMinutes(1));
        var heads = repositories.ConvertAll(repository => repository.Push("main", "While nobody looks"));
        await FindAsync(trial, service, receiver, backups[trial.Random.Next(backups.Count)], heads);
    }

    private static async Task FindAsync(Trial trial, ServiceRun service, LoggedReceiver receiver, string backup, List<string> heads)
    {
        var restored = await CommandAsync("db", "restore", backup, "--database", service.DatabasePath);
        trial.Equal("exit code of db restore", restored.Code, 0);
        var found = new HashSet<(string Before, string After)>();
        receiver.Received = (_, body, _) =>
        {
            using var told = JsonDocument.Parse(body);
            lock (found)
            {
                found.Add((told.RootElement.GetProperty("before").GetString()!, told.RootElement.GetProperty("after").GetString()!));
            }
        };
        var stored = Column(backup, "SELECT commit_sha FROM refs WHERE name = 'refs/heads/main'").ToHashSet(StringComparer.Ordinal);
        await service.Start().ReadyAsync();
        var clock = Stopwatch.GetTimestamp();
        int Missing()
        {
            lock (found)
            {
                return heads.Count(head => !found.Any(pair => pair.After == head && stored.Contains(pair.Before)));
            }
        }

        while (Missing() > 0 && Stopwatch.GetElapsedTime(clock) < TimeSpan.FromMinutes(2))
        {
            await Task.Delay(50);
        }

        trial.Zero("changes since the restored heads that are not found", Missing());
        await service.KillAsync();
    }

    private static async Task RefuseAsync(Trial trial, string folder)
    {
        await using var service = new ServiceRun("polling: { strategy: fixed }");
        Directory.CreateDirectory(Path.GetDirectoryName(service.DatabasePath)!);
        OldDatabase.Make(service.DatabasePath, SchemaMigrator.Newest, rows: 0);
        Execute(service.DatabasePath, $"INSERT INTO reposentry_schema (version) VALUES ({SchemaMigrator.Newest + 1})");
        var before = await File.ReadAllBytesAsync(service.DatabasePath);
        var ended = await service.Start().EndsAsync(TimeSpan.FromMinutes(1));
        trial.Zero("an older executable that does not refuse a newer schema", ended && service.ExitCode == 1 && service.Log.Contains($"has schema {SchemaMigrator.Newest + 1}", StringComparison.Ordinal) ? 0 : 1, service.Log);
        var after = await File.ReadAllBytesAsync(service.DatabasePath);
        trial.Zero("bytes that it changed", before.AsSpan().SequenceEqual(after) ? 0 : 1);
        var status = await CommandAsync("db", "restore", service.DatabasePath, "--database", Path.Combine(folder, "other.db"));
        trial.Zero("a backup of a newer schema that is restored", status.Code == 1 && !File.Exists(Path.Combine(folder, "other.db")) ? 0 : 1, status.Text);
    }

    private static async Task<(int Code, string Text)> CommandAsync(params string[] arguments)
    {
        var process = Children.Start(new ProcessStartInfo(ServiceRun.Executable, arguments) { UseShellExecute = false, RedirectStandardError = true });
        var text = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var code = process.ExitCode;
        await Children.EndAsync(process);
        return (code, text);
    }

    private static async Task<long> EventsAsync(ServiceRun service) =>
        (await service.AskAsync("/api/v1/metrics.json")).Json is { } numbers ? numbers.GetProperty("event_count").GetInt64() : 0;

    private static int Differences(IReadOnlyDictionary<string, string> before, IReadOnlyDictionary<string, string> after) =>
        before.Count(pair => after.GetValueOrDefault(pair.Key) != pair.Value);

    private static void Clear(string path)
    {
        foreach (var file in new[] { path, path + "-wal", path + "-shm", path + "-journal" })
        {
            File.Delete(file);
        }
    }

    private static long Count(string path, string sql) => long.Parse(Column(path, sql)[0], CultureInfo.InvariantCulture);

    private static IReadOnlyList<string> Column(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False;Mode=ReadOnly");
        connection.Open();
        return Integrity.Column(connection, sql);
    }

    private static void Execute(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the exam's own text
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    /// <summary>A database as an earlier version left it, and what it holds, whatever its schema is by now.</summary>
    private static class OldDatabase
    {
        private const long MessagesApart = 3;

        public static void Make(string path, long version, int rows)
        {
            File.Delete(path);
            File.WriteAllBytes(path, []);
            Execute(path, "PRAGMA journal_mode=WAL");
            SchemaMigrator.MigrateTo(path, version);
            if (rows > 0)
            {
                Execute(path, $"""
                    INSERT INTO repository_states (name, url, provider, status) VALUES ('web', 'https://git.example/web.git', 'git', 'active');
                    INSERT INTO snapshots (repository_id, kind, digest, filter, ref_count, taken_at) VALUES (1, 'branch', x'00', '["**"]', 1, '2026-11-24 12:00:00.000');
                    INSERT INTO refs (repository_id, kind, name, commit_sha) VALUES (1, 'branch', 'refs/heads/main', '{new string('1', 40)}');
                    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
                    INSERT INTO events (id, seq, repository_name, event_type, ref, branch_name, commit_sha, status, metadata, created_at)
                        SELECT 'e' || i, i, 'web', 'branch_updated', 'refs/heads/b' || i, 'b' || i, hex(randomblob(20)), CASE i % 3 WHEN 0 THEN 'failed' ELSE 'delivered' END, '{"{}"}', '2026-11-24 12:00:00.000' FROM n;
                    INSERT INTO deliveries (id, event_id, trigger_name, status, attempts, created_at)
                        SELECT seq, id, 'tekton', CASE seq % 3 WHEN 0 THEN 'dead' ELSE 'delivered' END, 1, created_at FROM events;
                    {(version < MessagesApart
                        ? "UPDATE deliveries SET headers = '{}', body = randomblob(1500)"
                        : "INSERT INTO delivery_messages (delivery_id, headers, body) SELECT id, '{}', randomblob(1500) FROM deliveries")};
                    INSERT INTO delivery_attempts (delivery_id, number, started_at, outcome, answer) SELECT id, 1, created_at, 'accepted', hex(randomblob(50)) FROM deliveries;
                    UPDATE sequences SET value = {rows};
                    """);
            }
        }

        public static long Version(string path) => Count(path, "SELECT MAX(version) FROM reposentry_schema");

        /// <summary>For each table a digest over what every schema has of it.</summary>
        public static IReadOnlyDictionary<string, string> Digest(string path)
        {
            var messages = Count(path, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'delivery_messages'") == 1
                ? "SELECT delivery_id || headers || hex(body) FROM delivery_messages ORDER BY delivery_id"
                : "SELECT id || headers || hex(body) FROM deliveries WHERE body IS NOT NULL ORDER BY id";
            var digests = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (name, sql) in new[]
            {
                ("repositories", "SELECT id || name || url || status FROM repository_states ORDER BY id"),
                ("refs", "SELECT repository_id || kind || name || commit_sha FROM refs ORDER BY name"),
                ("events", "SELECT id || seq || ref || commit_sha || status FROM events ORDER BY seq"),
                ("deliveries", "SELECT id || event_id || trigger_name || status || attempts FROM deliveries ORDER BY id"),
                ("messages", messages),
                ("attempts", "SELECT id || delivery_id || outcome || answer FROM delivery_attempts ORDER BY id"),
                ("sequences", "SELECT name || value FROM sequences WHERE name IN ('events', 'deliveries', 'commands') ORDER BY name"),
            })
            {
                digests[name] = Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Column(path, sql)))));
            }

            return digests;
        }
    }
}
