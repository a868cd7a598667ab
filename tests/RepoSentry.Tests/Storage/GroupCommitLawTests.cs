using CsCheck;
using Dapper;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

/// <summary>Many writers at once, some with claims that are no longer theirs, while shards change hands: whatever is committed together, the history is right.</summary>
public sealed class GroupCommitLawTests
{
    private static readonly string[] ShardNames = ["a", "b", "c"];

    [Fact]
    public void No_commit_with_an_old_claim_is_kept_and_no_other_is_lost() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.Int[0, 3]).Array[20, 120].Sample(steps => HoldsAsync(steps).GetAwaiter().GetResult(), iter: 40, threads: 1);

    private static async Task HoldsAsync((int Kind, int Shard, int Age)[] steps)
    {
        using var file = new SqliteFile();
        await using var database = await file.OpenAsync();
        var (ownership, node) = (new Ownership(database, TimeProvider.System), "node");
        await ownership.TakeAsync(node, ShardNames, "test", CancellationToken.None);
        var writes = new List<(Task<long> Done, string Shard, long Epoch)>();
        var takes = new List<Task>();
        foreach (var (kind, number, age) in steps)
        {
            var shard = ShardNames[number];
            if (kind == 0)
            {
                takes.Add(TakeAsync(database, shard));
            }
            else
            {
                // Some writers know the newest epoch, some an old one, some one that does not exist yet.
                var epoch = Math.Max(1, 1 + takes.Count - age);
                writes.Add((WriteAsync(database, new Fence(shard, epoch), fails: kind == 1), shard, epoch));
            }
        }

        await Task.WhenAll(takes);
        var kept = new List<long>();
        foreach (var (done, _, _) in writes)
        {
            try
            {
                kept.Add(await done);
            }
            catch (Exception e) when (e is StaleOwnerException or TimeZoneNotFoundException)
            {
                // refused, or failed by itself: nothing of it may be there
            }
        }

        var rows = (await database.ReadAsync(connection => connection.QueryAsync<(long Seq, string Kind, string Target)>("SELECT seq, kind, target FROM commands ORDER BY seq"), CancellationToken.None)).AsList();
        rows.Where(row => row.Target != "take").Select(row => row.Seq).Order().ShouldBe(kept.Order());
        rows.Select(row => row.Seq).ShouldBe(Enumerable.Range(1, rows.Count).Select(number => (long)number)); // no number is lost with what was undone
        var epochs = ShardNames.ToDictionary(name => name, _ => 1L, StringComparer.Ordinal);
        foreach (var (_, shard, target) in rows)
        {
            if (target == "take")
            {
                epochs[shard]++;
            }
            else
            {
                long.Parse(target, System.Globalization.CultureInfo.InvariantCulture).ShouldBe(epochs[shard]);
            }
        }
    }

    private static Task TakeAsync(SqliteDatabase database, string shard) => database.WriteAsync(
        async scope =>
        {
            scope.Forget();
            await scope.Connection.ExecuteAsync("UPDATE shards SET epoch = epoch + 1 WHERE name = @shard", new { shard }, scope.Transaction);
            await RecordAsync(scope, shard, "take");
        },
        CancellationToken.None);

    private static Task<long> WriteAsync(SqliteDatabase database, Fence fence, bool fails) => database.WriteAsync(
        async scope =>
        {
            await fence.CheckAsync(scope);
            var seq = await RecordAsync(scope, fence.Shard, fence.Epoch.ToString(System.Globalization.CultureInfo.InvariantCulture));
            return fails ? throw new TimeZoneNotFoundException() : seq;
        },
        CancellationToken.None);

    private static async Task<long> RecordAsync(WriteScope scope, string shard, string target)
    {
        var seq = await Sequence.TakeAsync(scope, "commands", 1);
        await scope.Connection.ExecuteAsync("INSERT INTO commands (seq, kind, target, created_at) VALUES (@seq, @shard, @target, '')", new { seq, shard, target }, scope.Transaction);
        return seq;
    }
}
