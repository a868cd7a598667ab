using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Delivery;
using RepoSentry.Storage;
using RepoSentry.Tests.Delivery;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Regressions;

public sealed class PauseRegressions
{
    [Fact]
    public async Task A_pause_that_the_disk_does_not_take_is_written_as_soon_as_it_does()
    {
        using var file = new SqliteFile();
        await using var database = await file.OpenAsync();
        var disk = new FailingDatabase(database);
        var time = new FakeTimeProvider(Build.Noon);
        var (config, ownership) = (Build.Trigger(), new Ownership(disk, time));
        await ownership.TakeAsync("node", [Shards.Trigger(config.Name)], "test", CancellationToken.None);
        var store = new DeliveryStore(disk, time);
        var runner = new AttemptRunner(config, new FakeReceiver(), store, new LiveFeed(), time, NullLogger<AttemptRunner>.Instance);
        using var worker = new DeliveryWorker(config, runner, store, new TriggerHaltStore(disk, time), new Outbox(), ownership, time, NullLogger<DeliveryWorker>.Instance);
        using var stop = new CancellationTokenSource();
        var running = worker.RunAsync(stop.Token);
        await UntilAsync(() => disk.Writes == 2, time); // the shard is taken, and what is owed taken over

        disk.IsFull = true;
        _ = worker.PauseAsync();
        await UntilAsync(() => worker.View.State == "paused" && disk.Refused > 2, time);
        var before = disk.Writes;
        disk.IsFull = false;
        await UntilAsync(() => disk.Writes > before, time);
        await stop.CancelAsync();
        await running;
        await worker.DrainAsync(CancellationToken.None);

        var stored = await database.ReadAsync(connection => connection.QueryAsync<string>("SELECT kind || reason FROM trigger_halts WHERE ended_at IS NULL"), TestContext.Current.CancellationToken);
        stored.ShouldBe(["pausepaused by an operator"]);
    }

    private static async Task UntilAsync(Func<bool> holds, FakeTimeProvider time)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!holds())
        {
            limit.IsCancellationRequested.ShouldBeFalse("it never came to that");
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(5, TestContext.Current.CancellationToken);
        }
    }

    private sealed class FailingDatabase(IDatabase inner) : IDatabase
    {
        private int writes;
        private int refused;

        public bool IsFull { get; set; }
        public int Writes => Volatile.Read(ref writes);
        public int Refused => Volatile.Read(ref refused);
        public Task<Exception> Broken => inner.Broken;

        public Task<T> WriteAsync<T>(Func<WriteScope, Task<T>> work, CancellationToken cancellationToken)
        {
            if (IsFull)
            {
                Interlocked.Increment(ref refused);
                throw new StorageException("the disk is full");
            }

            Interlocked.Increment(ref writes);
            return inner.WriteAsync(work, cancellationToken);
        }

        public Task<T> ReadAsync<T>(Func<System.Data.Common.DbConnection, Task<T>> work, CancellationToken cancellationToken) => inner.ReadAsync(work, cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
