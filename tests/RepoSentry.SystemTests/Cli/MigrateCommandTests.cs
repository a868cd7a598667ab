using Microsoft.Data.Sqlite;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Cli;

/// <summary>From the Go original to this service, with its configuration, its database file and real repositories.</summary>
public sealed class MigrateCommandTests : IAsyncDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly Service service = new("");
    private readonly TestRepository web;

    public MigrateCommandTests()
    {
        web = TestRepository.Create(Path.Combine(folder.Path, "web.git"));
        foreach (var branch in (string[])["equal", "moved", "gone", "unknown"])
        {
            web.Push(branch, "first on " + branch);
        }
    }

    private string Original => Path.Combine(folder.Path, "config.yaml");

    private string GoFile => Path.Combine(folder.Path, "sentry.db");

    [Fact]
    public async Task Equal_heads_are_silent_moved_and_deleted_ones_fire_once_and_unknown_ones_are_a_baseline()
    {
        await using var receiver = await new Receiver().StartAsync();
        WriteOriginal(receiver.Url);
        WriteHeads("equal", "moved", "gone");
        var (before, moved) = (await File.ReadAllBytesAsync(GoFile, TestContext.Current.CancellationToken), web.Push("moved", "second"));
        web.Delete("refs/heads/gone");

        var (code, _, errors) = await MigrateAsync("--force");
        code.ShouldBe(0, errors);
        await service.StartReadyAsync();
        await service.WatchingAsync();

        (await EventsAsync()).ShouldBe(["branch_deleted gone", $"branch_updated moved {moved}"], ignoreOrder: true);
        await receiver.UntilAsync(arrivals => arrivals.Count == 2, TimeSpan.FromMinutes(1));
        receiver.Arrivals.ShouldAllBe(arrival => arrival.Headers.ContainsKey("Ce-Id"));

        var later = web.Push("unknown", "known by now");
        await service.UntilAsync(async () => (await EventsAsync()).Contains($"branch_updated unknown {later}"), "seeing the push to the branch of the baseline");
        (await EventsAsync()).Count.ShouldBe(3);
        (await File.ReadAllBytesAsync(GoFile, TestContext.Current.CancellationToken)).ShouldBe(before);
    }

    [Fact]
    public async Task Migrating_twice_changes_nothing_and_a_database_in_use_or_with_heads_of_its_own_is_refused()
    {
        WriteOriginal("http://127.0.0.1:9");
        WriteHeads("equal", "moved");
        (await MigrateAsync("--force")).Code.ShouldBe(0);
        var (code, _, errors) = await MigrateAsync();
        code.ShouldBe(0, errors);
        errors.ShouldContain("heads of 0 repositories taken over, 1 had them already");

        await service.StartReadyAsync();
        await service.WatchingAsync();
        (await MigrateAsync()).Code.ShouldBe(6);
        (await service.StopAsync()).ShouldBe(0);

        (code, _, errors) = await MigrateAsync();
        code.ShouldBe(1);
        errors.ShouldContain("web: the database has a snapshot already");
        (await MigrateAsync("--replace")).Code.ShouldBe(0);
    }

    [Fact]
    public async Task Replacing_puts_the_originals_heads_back_so_that_what_moved_since_fires_again()
    {
        WriteOriginal("http://127.0.0.1:9");
        WriteHeads("equal", "moved");
        (await MigrateAsync("--force")).Code.ShouldBe(0);
        var moved = web.Push("moved", "second");
        await service.StartReadyAsync();
        await service.UntilAsync(async () => (await EventsAsync()).Count == 1, "seeing the moved branch");
        (await service.StopAsync()).ShouldBe(0);

        var (code, _, errors) = await MigrateAsync("--replace");
        code.ShouldBe(0, errors);
        errors.ShouldContain("heads of 1 repositories taken over, 0 had them already");
        await service.StartReadyAsync();
        await service.UntilAsync(async () => (await EventsAsync()).Count == 2, "seeing it once more");
        await service.WatchingAsync();
        (await EventsAsync()).ShouldBe([$"branch_updated moved {moved}", $"branch_updated moved {moved}"]);
    }

    [Fact]
    public async Task The_configuration_keeps_references_has_no_plain_secret_and_is_valid()
    {
        WriteOriginal("http://127.0.0.1:9", "  headers: { Authorization: canary-header, X-Source: \"${SOURCE_KEY:-sentry}\" }\n");
        WriteHeads("equal");
        (await MigrateAsync()).Code.ShouldBe(6, "the file is there and says something else");
        var (code, _, errors) = await MigrateAsync("--force");
        code.ShouldBe(0, errors);
        errors.ShouldContain("set TEKTON_HEADERS_AUTHORIZATION_SECRET");

        var written = await File.ReadAllTextAsync(service.ConfigPath, TestContext.Current.CancellationToken);
        written.ShouldStartWith("# yaml-language-server: $schema=");
        written.ShouldContain("format: cloudevents");
        written.ShouldContain("# ");
        written.ShouldContain("X-Source: \"${SOURCE_KEY:-sentry}\"");
        written.ShouldContain("token: \"${WEB_TOKEN:-none}\"");
        written.ShouldNotContain("canary");
        written.ShouldNotContain("health_check_port:");

        var environment = new Dictionary<string, string> { ["TEKTON_HEADERS_AUTHORIZATION_SECRET"] = "x" };
        var validated = await Service.RunAsync(["validate", "-c", service.ConfigPath], environment);
        validated.Code.ShouldBe(0, validated.Output);
        validated.Output.ShouldNotContain("Go original");
    }

    [Theory]
    [InlineData(1, "--from-go", "/does/not/exist.yaml")]
    [InlineData(2)]
    public async Task Exit_codes_tell_why_nothing_was_taken_over(int expected, params string[] arguments) =>
        (await Service.RunAsync(["migrate", .. arguments])).Code.ShouldBe(expected);

    public async ValueTask DisposeAsync()
    {
        await service.DisposeAsync();
        folder.Dispose();
    }

    private Task<(int Code, string Output, string Errors)> MigrateAsync(params string[] more) =>
        Service.RunAsync(["migrate", "--from-go", Original, "-o", service.ConfigPath, .. more]);

    private void WriteOriginal(string listener, string tekton = "") => File.WriteAllText(Original, $$"""
        app: { name: sentry, data_dir: "{{folder.Path}}", health_check_port: 8081 }
        api: { enabled: true, port: {{service.Port}} }
        polling: { interval: 1s, min_interval: 1s, batch_size: 10 }
        storage: { type: sqlite, sqlite: { path: "{{GoFile}}", max_connections: 10 } }
        tekton:
          event_listener_url: "{{listener}}"
          retry_attempts: 3
        {{tekton}}
        repositories:
          - { name: web, url: "{{web.Url}}", provider: git, token: "${WEB_TOKEN:-none}", branch_regex: "^[a-z]+$", enabled: true }
        """);

    private void WriteHeads(params string[] branches)
    {
        using var connection = new SqliteConnection($"Data Source={GoFile};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = """
            CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, applied_at DATETIME);
            INSERT INTO schema_migrations VALUES (1, CURRENT_TIMESTAMP);
            CREATE TABLE repository_states (id INTEGER PRIMARY KEY AUTOINCREMENT, repository TEXT NOT NULL, branch TEXT NOT NULL, commit_sha TEXT NOT NULL,
                last_checked DATETIME, created_at DATETIME, updated_at DATETIME, UNIQUE (repository, branch));
            """ + string.Concat(branches.Select(branch =>
                $"INSERT INTO repository_states (repository, branch, commit_sha, last_checked) VALUES ('web', '{branch}', '{web.Resolve("refs/heads/" + branch)}', '2026-11-24 12:00:00.5 +0000 UTC');"));
        command.ExecuteNonQuery();
    }

    private async Task<List<string>> EventsAsync() => [.. (await service.GetAsync("/api/v1/events")).GetProperty("items").EnumerateArray()
        .Select(item => $"{item.GetProperty("type").GetString()} {item.GetProperty("branch_name").GetString()} {item.GetProperty("commit_sha")}".Trim())];
}
