using Dapper;
using Microsoft.Data.Sqlite;
using RepoSentry.Storage;
using RepoSentry.Storage.Migrations;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

public sealed class SqliteMaintenanceTests : IDisposable
{
    private readonly SqliteFile file = new();

    public void Dispose() => file.Dispose();

    [Fact]
    public async Task An_older_schema_is_migrated_and_keeps_what_it_held()
    {
        await MakeAsync(events: 20);
        SqliteMaintenance.Rollback(file.Path, 1, Build.Noon).ShouldBe((SchemaMigrator.Newest, 1));
        Scalar<long>("SELECT COUNT(*) FROM pragma_table_info('deliveries') WHERE name = 'out_of_order'").ShouldBe(0);
        Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(20);

        await using (await file.OpenAsync())
        {
            Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(20);
            Scalar<long>("SELECT SUM(out_of_order) FROM deliveries").ShouldBe(0);
        }

        file.Unlock();
        SqliteMaintenance.Migrate(file.Path, Build.Noon).ShouldBe((SchemaMigrator.Newest, SchemaMigrator.Newest));
    }

    [Fact]
    public async Task Every_schema_goes_up_and_down_alike()
    {
        await MakeAsync(events: 1);
        var newest = Schema();
        for (var version = SchemaMigrator.Newest - 1; version >= 1; version--)
        {
            SqliteMaintenance.Rollback(file.Path, version, Build.Noon);
            SqliteMaintenance.Migrate(file.Path, Build.Noon).ShouldBe((version, SchemaMigrator.Newest));
            Schema().ShouldBe(newest);
        }
    }

    [Fact]
    public async Task A_backup_is_one_consistent_state_while_the_service_writes()
    {
        await using var database = await file.OpenAsync();
        using var stop = new CancellationTokenSource();
        var writing = Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                await database.WriteAsync(
                    async scope =>
                    {
                        var number = await Sequence.TakeAsync(scope, "events", 1);
                        await scope.Connection.ExecuteAsync("INSERT INTO shards (name, epoch) VALUES (@name, @number)", new { name = $"s{number}", number }, scope.Transaction);
                    },
                    CancellationToken.None);
            }
        }, TestContext.Current.CancellationToken);
        foreach (var round in Enumerable.Range(0, 5))
        {
            var target = Path.Combine(file.Folder, $"backup{round}.db");
            SqliteMaintenance.Backup(file.Path, target, overwrite: false).ShouldBeGreaterThan(0);
            using var copy = SqliteDatabase.Connect(target, SqliteOpenMode.ReadOnly);
            copy.ExecuteScalar<long>("SELECT COUNT(*) FROM shards").ShouldBe(copy.ExecuteScalar<long>("SELECT value FROM sequences WHERE name = 'events'"));
            (File.GetUnixFileMode(target) & (UnixFileMode.GroupRead | UnixFileMode.OtherRead)).ShouldBe((UnixFileMode)0);
        }

        await stop.CancelAsync();
        await writing;
        Should.Throw<StorageException>(() => SqliteMaintenance.Backup(file.Path, Path.Combine(file.Folder, "backup0.db"), overwrite: false)).Message.ShouldContain("exists");
        Directory.GetFiles(file.Folder, "*.part").ShouldBeEmpty();
    }

    [Fact]
    public async Task A_backup_never_stands_in_the_place_of_the_database_or_of_a_device()
    {
        await using var database = await file.OpenAsync();
        var link = Path.Combine(file.Folder, "link.db");
        File.CreateSymbolicLink(link, file.Path);
        var folderLink = Path.Combine(Path.GetTempPath(), "reposentry-link-" + Guid.NewGuid().ToString("N"));
        Directory.CreateSymbolicLink(folderLink, file.Folder);
        string[] refused = [file.Path, file.Path + "-wal", file.Path + "-shm", file.Path + ".lock", file.Path + ".holder", link, Path.Combine(folderLink, "reposentry.db"), "/dev/null", file.Folder, "/nosuch/folder/x.db"];
        foreach (var target in refused)
        {
            Should.Throw<StorageException>(() => SqliteMaintenance.Backup(file.Path, target, overwrite: true), target);
        }

        Directory.Delete(folderLink);
        SqliteMaintenance.Status(file.Path, check: true).Integrity.ShouldBe("ok");
        Should.Throw<StorageException>(() => SqliteMaintenance.Rollback(file.Path, 0, Build.Noon));
    }

    [Fact]
    public async Task Two_restores_in_one_second_keep_both_databases_of_before()
    {
        await MakeAsync(events: 3);
        var backup = Path.Combine(file.Folder, "backup.db");
        SqliteMaintenance.Backup(file.Path, backup, overwrite: false);
        await MakeAsync(events: 4);
        var first = SqliteMaintenance.Restore(file.Path, backup, Build.Noon)!;
        var second = SqliteMaintenance.Restore(file.Path, backup, Build.Noon)!;
        second.ShouldNotBe(first);
        using var before = SqliteDatabase.Connect(first, SqliteOpenMode.ReadOnly);
        before.ExecuteScalar<long>("SELECT COUNT(*) FROM events").ShouldBe(7);
    }

    [Fact]
    public async Task A_restore_brings_the_backup_back_and_keeps_what_stood_there()
    {
        await MakeAsync(events: 3);
        var backup = Path.Combine(file.Folder, "backup.db");
        SqliteMaintenance.Backup(file.Path, backup, overwrite: false);
        await MakeAsync(events: 4);
        Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(7);

        var kept = SqliteMaintenance.Restore(file.Path, backup, Build.Noon)!;

        Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(3);
        using var before = SqliteDatabase.Connect(kept, SqliteOpenMode.ReadOnly);
        before.ExecuteScalar<long>("SELECT COUNT(*) FROM events").ShouldBe(7);
        await using var opened = await file.OpenAsync();
        (await opened.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM events"), TestContext.Current.CancellationToken)).ShouldBe(3);
    }

    [Fact]
    public async Task A_damaged_database_is_replaced_by_a_backup()
    {
        await MakeAsync(events: 3);
        var backup = Path.Combine(file.Folder, "backup.db");
        SqliteMaintenance.Backup(file.Path, backup, overwrite: false);
        await File.WriteAllBytesAsync(file.Path, new byte[8192], TestContext.Current.CancellationToken);
        SqliteMaintenance.Restore(file.Path, backup, Build.Noon).ShouldNotBeNull();
        SqliteMaintenance.Status(file.Path, check: true).Integrity.ShouldBe("ok");
        Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(3);
    }

    [Fact]
    public async Task A_damaged_or_foreign_backup_is_refused_and_the_database_stays()
    {
        await MakeAsync(events: 3);
        var (damaged, foreign, empty) = (Path.Combine(file.Folder, "damaged"), Path.Combine(file.Folder, "foreign"), Path.Combine(file.Folder, "empty"));
        SqliteMaintenance.Backup(file.Path, damaged, overwrite: false);
        var bytes = await File.ReadAllBytesAsync(damaged, TestContext.Current.CancellationToken);
        Array.Fill(bytes, (byte)0x55, 3 * 4096, 4096);
        await File.WriteAllBytesAsync(damaged, bytes, TestContext.Current.CancellationToken);
        using (var other = new SqliteConnection($"Data Source={foreign};Pooling=False"))
        {
            other.Open();
            other.Execute("CREATE TABLE theirs (id INTEGER)");
        }

        await File.WriteAllTextAsync(empty, "", TestContext.Current.CancellationToken);
        Should.Throw<StorageException>(() => SqliteMaintenance.Restore(file.Path, damaged, Build.Noon)).Message.ShouldContain("damaged");
        Should.Throw<StorageException>(() => SqliteMaintenance.Restore(file.Path, foreign, Build.Noon)).Message.ShouldContain("another program");
        Should.Throw<StorageException>(() => SqliteMaintenance.Restore(file.Path, empty, Build.Noon)).Message.ShouldContain("empty");
        Should.Throw<StorageException>(() => SqliteMaintenance.Restore(file.Path, file.Path + ".none", Build.Noon)).Message.ShouldContain("does not exist");
        Scalar<long>("SELECT COUNT(*) FROM events").ShouldBe(3);
    }

    [Fact]
    public async Task What_the_service_uses_is_neither_migrated_nor_restored_but_looked_at_and_backed_up()
    {
        await using var database = await file.OpenAsync();
        var backup = Path.Combine(file.Folder, "backup.db");
        SqliteMaintenance.Backup(file.Path, backup, overwrite: false);
        var status = SqliteMaintenance.Status(file.Path, check: true);
        (status.Schema, status.Integrity, status.Holder).ShouldBe((SchemaMigrator.Newest, "ok", status.Holder));
        status.Holder!.ShouldContain($"process {Environment.ProcessId}");
        Should.Throw<StorageException>(() => SqliteMaintenance.Migrate(file.Path, Build.Noon)).Trouble.ShouldBe(StorageTrouble.InUse);
        Should.Throw<StorageException>(() => SqliteMaintenance.Restore(file.Path, backup, Build.Noon)).Trouble.ShouldBe(StorageTrouble.InUse);
        Should.Throw<StorageException>(() => SqliteMaintenance.Rollback(file.Path, 1, Build.Noon)).Trouble.ShouldBe(StorageTrouble.InUse);
    }

    [Theory]
    [InlineData("/data/reposentry.db", "ext4")]
    [InlineData("/data/share/db/reposentry.db", "nfs4")]
    [InlineData("/data/shared/reposentry.db", "ext4")]
    [InlineData("/data/my disk/reposentry.db", "fuse.sshfs")]
    [InlineData("/data/over/reposentry.db", "tmpfs")]
    [InlineData("/elsewhere", "overlay")]
    public void The_file_system_of_a_path_is_that_of_the_deepest_last_mount(string path, string type)
    {
        string[] table =
        [
            "1 0 8:1 / / rw - overlay overlay rw",
            "2 1 8:1 / /data rw,relatime shared:1 - ext4 /dev/sda1 rw",
            "3 2 0:40 / /data/share rw - nfs4 server:/export rw",
            @"4 2 0:41 / /data/my\040disk rw - fuse.sshfs user@host: rw",
            "5 2 0:42 / /data/over rw - nfs server:/x rw",
            "6 5 0:43 / /data/over rw - tmpfs tmpfs rw",
            "broken line",
        ];
        MountTable.TypeOf(path, table).ShouldBe(type);
    }

    private async Task MakeAsync(int events)
    {
        await using (var database = await file.OpenAsync())
        {
            var ownership = new Ownership(database, TimeProvider.System);
            var repository = (await new RepositoryStore(database, TimeProvider.System).ApplyAsync([Build.Repository()], CancellationToken.None))[0];
            await ownership.TakeAsync("node", ["git/1"], "test", CancellationToken.None);
            await new PollStore(database, new Outbox()).CommitAsync(
                new PollCommit
                {
                    Fence = ownership.Claim("git/1"),
                    RepositoryId = repository.Stored.Id,
                    Kinds = [],
                    Events = [.. Enumerable.Range(0, events).Select(_ => new RoutedEvent(Build.Event() with { Id = Guid.CreateVersion7() }, ["tekton"]))],
                    Outcome = new PollOutcome(Build.Noon, TimeSpan.Zero, "changed", "git", events),
                },
                CancellationToken.None);
        }

        file.Unlock();
    }

    private T Scalar<T>(string sql)
    {
        using var connection = SqliteDatabase.Connect(file.Path, SqliteOpenMode.ReadOnly);
        return connection.ExecuteScalar<T>(sql)!;
    }

    private string Schema()
    {
        using var connection = SqliteDatabase.Connect(file.Path, SqliteOpenMode.ReadOnly);
        return string.Join('\n', connection.Query<string>("SELECT m.name || ': ' || GROUP_CONCAT(c.name) FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' GROUP BY m.name ORDER BY m.name"));
    }
}
