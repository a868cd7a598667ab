using Dapper;
using RepoSentry.Events;
using RepoSentry.Storage;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Storage;

/// <summary>Each list, with each combination of its filters, is read by an index in the order of its pages.</summary>
public sealed class ListPlanTests
{
    private static readonly DateTimeOffset?[] Times = [null, Build.Noon];

    [Fact]
    public async Task No_list_scans_a_table_or_sorts_one()
    {
        using var file = new SqliteFile();
        await using var database = await file.OpenAsync();
        var statements = Events().Concat(Deliveries()).Concat(Audit()).Concat(Others()).Distinct(StringComparer.Ordinal).ToList();
        statements.Count.ShouldBeGreaterThan(80);
        var bad = new List<string>();
        foreach (var sql in statements)
        {
            var plan = await database.ReadAsync(async connection => (await connection.QueryAsync<(long, long, long, string Detail)>("EXPLAIN QUERY PLAN " + sql, Parameters)).AsList(), TestContext.Current.CancellationToken);
            bad.AddRange(plan.Select(row => row.Detail).Where(IsSlow).Select(detail => $"{detail}: {sql}"));
        }

        bad.ShouldBeEmpty();
    }

    private static object Parameters => new
    {
        Before = 1L,
        From = 1L,
        To = 1L,
        Since = Build.Noon,
        Until = Build.Noon,
        Repository = "a",
        Branch = "a",
        Ref = "a",
        Status = "a",
        Type = "a",
        Event = "a",
        RepositoryId = 1L,
        Trigger = "a",
        Actor = "a",
        Action = "a",
        Outcome = "a",
        after = "",
        status = "a",
        limit = 1,
        repositoryId = 1L,
        before = 1L,
        kind = "branch",
    };

    private static bool IsSlow(string detail) => (detail.StartsWith("SCAN ", StringComparison.Ordinal) && detail is not "SCAN w") || detail.Contains("TEMP B-TREE", StringComparison.Ordinal);

    private static IEnumerable<string> Events() =>
        from repository in Texts("web")
        from gitRef in Texts("main").Append("refs/heads/main")
        from type in Texts("branch_updated")
        from status in Texts("failed")
        from since in Times
        from until in Times
        select EventLog.ScanOf(new EventQuery(50) { Repository = repository, Ref = gitRef, Type = type, Status = status, Since = since, Until = until }).Sql(50);

    private static IEnumerable<string> Deliveries() =>
        from trigger in Texts("tekton")
        from status in Texts("dead")
        from repository in Texts("web")
        from change in Texts("id")
        select EventLog.ScanOf(new DeliveryQuery(50) { Trigger = trigger, Status = status, Repository = repository, Event = change }).Sql(50);

    private static IEnumerable<string> Audit() =>
        from actor in Texts("ci")
        from action in Texts("repository.poll")
        from outcome in Texts("done")
        from since in Times
        from until in Times
        select AuditLog.ScanOf(new AuditQuery(50) { Actor = actor, Action = action, Outcome = outcome, Since = since, Until = until }).Sql(50);

    private static IEnumerable<string> Others() =>
    [
        RepositoryLog.ListSql(null), RepositoryLog.ListSql("error"), RepositoryLog.PollsSql, RepositoryLog.RefsSql,
        BoundedScan.SinceBound("events", "seq", "created_at"), BoundedScan.UntilBound("events", "seq", "created_at"),
        BoundedScan.SinceBound("audit_log", "id", "started_at"), BoundedScan.UntilBound("audit_log", "id", "started_at"),
    ];

    private static IEnumerable<string?> Texts(string value) => [null, value];
}
