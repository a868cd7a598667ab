using Dapper;
using RepoSentry.Storage;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

/// <summary>What every engine must do, whatever it is.</summary>
public abstract class DatabaseContract : IAsyncLifetime
{
    private protected IDatabase Database { get; private set; } = null!;

    private protected abstract Task<IDatabase> OpenAsync();

    public async ValueTask InitializeAsync() => Database = await OpenAsync();

    public virtual async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task What_fails_is_undone_and_its_mates_are_kept()
    {
        var writes = Enumerable.Range(0, 50).Select(number => Database.WriteAsync(
            async scope =>
            {
                await scope.Connection.ExecuteAsync("INSERT INTO shards (name, epoch) VALUES (@name, 1)", new { name = $"s{number}" }, scope.Transaction);
                return number % 5 == 0 ? throw new StaleOwnerException($"s{number}", 1) : number;
            },
            TestContext.Current.CancellationToken)).ToList();
        foreach (var write in writes)
        {
            await Record.ExceptionAsync(() => write);
        }

        writes.Count(write => write.IsFaulted).ShouldBe(10);
        var rows = await Database.ReadAsync(connection => connection.QueryAsync<string>("SELECT name FROM shards"), TestContext.Current.CancellationToken);
        rows.Count().ShouldBe(40);
    }

    [Fact]
    public async Task A_read_sees_what_was_committed_before_it()
    {
        await Database.WriteAsync(scope => scope.Connection.ExecuteAsync("INSERT INTO shards (name, epoch) VALUES ('one', 7)", transaction: scope.Transaction), TestContext.Current.CancellationToken);
        var epoch = await Database.ReadAsync(connection => connection.ExecuteScalarAsync<long>("SELECT epoch FROM shards WHERE name = 'one'"), TestContext.Current.CancellationToken);
        epoch.ShouldBe(7);
    }

    [Fact]
    public async Task Numbers_are_given_in_a_row_to_many_writers()
    {
        var taken = await Task.WhenAll(Enumerable.Range(1, 100).Select(count => Database.WriteAsync(
            async scope => (First: await Sequence.TakeAsync(scope, "events", (count % 3) + 1), Count: (count % 3) + 1), TestContext.Current.CancellationToken)));
        var numbers = taken.SelectMany(range => Enumerable.Range((int)range.First, range.Count)).Order().ToList();
        numbers.ShouldBe(Enumerable.Range(1, numbers.Count));
    }
}
