using Dapper;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Configuration;
using RepoSentry.Events;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Events;

public sealed class RetentionWorkerTests
{
    [Fact]
    public async Task What_grows_old_is_forgotten_while_the_service_runs_and_not_before()
    {
        using var file = new SqliteFile();
        await using var database = await file.OpenAsync();
        var time = new FakeTimeProvider(Build.Noon);
        await database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                """
                INSERT INTO repository_states (name, url, provider) VALUES ('web', 'https://git.example/web', 'git');
                INSERT INTO events (id, seq, repository_name, event_type, ref, branch_name, commit_sha, status, created_at) VALUES ('e', 1, 'web', 'branch_updated', 'r', 'r', 'c', 'delivered', '2026-11-24 12:00:00.000');
                """,
                transaction: scope.Transaction),
            TestContext.Current.CancellationToken);
        var config = new StorageConfig { Retention = new RetentionConfig { Events = TimeSpan.FromDays(2) } };
        using var stop = new CancellationTokenSource();
        var running = new RetentionWorker(new CurrentConfig(new SentryConfig { Storage = config }), new RetentionStore(database), time, NullLogger<RetentionWorker>.Instance).RunAsync(stop.Token);

        for (var hour = 0; hour < 47; hour++)
        {
            time.Advance(TimeSpan.FromHours(1));
            await Task.Yield();
        }

        (await CountAsync(database)).ShouldBe(1);
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (await CountAsync(database) == 1)
        {
            limit.IsCancellationRequested.ShouldBeFalse("it was never forgotten");
            time.Advance(TimeSpan.FromHours(1));
        }

        await stop.CancelAsync();
        await running;
    }

    private static Task<long> CountAsync(IDatabase database) =>
        database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM events"), TestContext.Current.CancellationToken);
}
