using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Storage;
using RepoSentry.Storage.Migrations;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public sealed class SqliteStorageTests : IDisposable
{
    private readonly SqliteFile file = new();

    public void Dispose() => file.Dispose();

    [Fact]
    public async Task A_second_poller_waits_says_who_holds_the_file_and_is_refused()
    {
        await using var first = await file.OpenAsync();
        var time = new FakeTimeProvider(Build.Noon);
        var waits = new List<string>();

        var second = new SqliteStorage(time, NullLogger<SqliteStorage>.Instance).OpenAsync(file.Path, waits.Add, TestContext.Current.CancellationToken);
        while (!second.IsCompleted)
        {
            time.Advance(TimeSpan.FromMilliseconds(250));
            await Task.Yield();
        }

        (await Should.ThrowAsync<StorageException>(() => second)).Message.ShouldContain($"process {Environment.ProcessId}");
        waits.ShouldNotBeEmpty();
    }

    [Fact]
    public void A_lock_that_is_given_up_leaves_nothing_behind_and_one_that_was_not_does()
    {
        var held = PollerLock.TryTake(file.Path, Build.Noon).ShouldNotBeNull();
        PollerLock.TryTake(file.Path, Build.Noon).ShouldBeNull();
        File.Exists(file.Path + ".holder").ShouldBeTrue();
        held.Dispose();
        held.Dispose(); // the files of who comes next are not taken away
        using var next = PollerLock.TryTake(file.Path, Build.Noon).ShouldNotBeNull();
        held.Dispose();
        File.Exists(file.Path + ".lock").ShouldBeTrue();
        next.Dispose();

        Directory.GetFiles(Path.GetDirectoryName(file.Path)!, Path.GetFileName(file.Path) + ".*").Where(left => left.EndsWith(".holder", StringComparison.Ordinal) || (OperatingSystem.IsLinux() && left.EndsWith(".lock", StringComparison.Ordinal))).ShouldBeEmpty();
    }

    [Fact]
    public async Task However_many_take_and_give_up_the_lock_only_one_has_it()
    {
        var (holders, most, taken) = (0, 0, 0);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
        {
            for (var round = 0; round < 300; round++)
            {
                using var held = PollerLock.TryTake(file.Path, Build.Noon);
                if (held is null)
                {
                    continue;
                }

                var now = Interlocked.Increment(ref holders);
                InterlockedMax(ref most, now);
                Interlocked.Increment(ref taken);
                Thread.Yield();
                Interlocked.Decrement(ref holders);
            }
        })));

        most.ShouldBe(1);
        taken.ShouldBeGreaterThan(4);

        static void InterlockedMax(ref int target, int value)
        {
            int seen;
            while ((seen = Volatile.Read(ref target)) < value)
            {
                Interlocked.CompareExchange(ref target, value, seen);
            }
        }
    }

    [Fact]
    public async Task A_file_of_the_go_original_is_left_alone()
    {
        Run(file.Path, "CREATE TABLE schema_migrations (version INTEGER); CREATE TABLE repository_states (id INTEGER PRIMARY KEY, repository TEXT)");
        var before = await File.ReadAllBytesAsync(file.Path, TestContext.Current.CancellationToken);

        await using var database = await file.OpenAsync();

        (await File.ReadAllBytesAsync(file.Path, TestContext.Current.CancellationToken)).ShouldBe(before);
        File.Exists(Path.Combine(file.Folder, "reposentry-v2.db")).ShouldBeTrue();
    }

    [Fact]
    public async Task A_newer_schema_is_refused_with_a_reason()
    {
        await (await file.OpenAsync()).DisposeAsync();
        file.Unlock();
        Run(file.Path, "INSERT INTO reposentry_schema (version, applied_at, description) VALUES (999, CURRENT_TIMESTAMP, 'of the future')");

        (await Should.ThrowAsync<StorageException>(() => file.OpenAsync())).Message.ShouldContain("newer version");
    }

    [Theory]
    [InlineData("not a database, but long enough to look like something that might be one")]
    public async Task A_file_that_is_no_database_is_refused_with_a_reason(string content)
    {
        await File.WriteAllTextAsync(file.Path, content, TestContext.Current.CancellationToken);
        (await Should.ThrowAsync<StorageException>(() => file.OpenAsync())).Message.ShouldContain("no SQLite database");
    }

    [Fact]
    public async Task A_database_of_another_program_is_refused()
    {
        Run(file.Path, "CREATE TABLE customers (id INTEGER)");
        (await Should.ThrowAsync<StorageException>(() => file.OpenAsync())).Message.ShouldContain("another program");
    }

    [Fact]
    public async Task Migrations_go_down_and_up_again()
    {
        await (await file.OpenAsync()).DisposeAsync();
        file.Unlock();
        SchemaMigrator.MigrateDown(file.Path, 0);
        Tables().ShouldBe(["reposentry_schema"]);

        await (await file.OpenAsync()).DisposeAsync();
        Tables().ShouldContain("deliveries");
    }

    [Fact]
    public async Task The_file_is_readable_by_its_owner_alone()
    {
        await using var database = await file.OpenAsync();
        File.GetUnixFileMode(file.Path).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    private static void Run(string path, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // the tests' own text
        command.CommandText = sql;
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }

    private List<string> Tables()
    {
        using var connection = new SqliteConnection($"Data Source={file.Path};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name";
        using var reader = command.ExecuteReader();
        var names = new List<string>();
        while (reader.Read())
        {
            names.Add(reader.GetString(0));
        }

        return names;
    }
}
