using System.Data.Common;
using Dapper;

namespace RepoSentry.Storage;

/// <summary>
/// A page of a long list, newest first: one condition has an index in the order of the pages and drives; of what it yields so many rows are looked at, and
/// the others choose among them. A rare combination answers short pages with a place to go on from, never slowly.
/// </summary>
/// <param name="Table">Where the rows are.</param>
/// <param name="Key">Column that orders them.</param>
/// <param name="Driving">What the index answers: one equality at most, and bounds of the key.</param>
/// <param name="Rest">What is judged row by row.</param>
internal sealed record BoundedScan(string Table, string Key, IReadOnlyList<string> Driving, IReadOnlyList<string> Rest)
{
    private const int Window = 1_000;

    public string Sql(int limit)
    {
        var window = $"SELECT {Key} AS place FROM {Table} WHERE {string.Join(" AND ", [$"{Key} < @Before", .. Driving])} ORDER BY {Key} DESC LIMIT {(Rest.Count == 0 ? limit + 1 : Window)}";
        return Rest.Count == 0 ? window.Replace("AS place", "AS place, 1 AS matches", StringComparison.Ordinal)
            : $"SELECT w.place, {string.Join(" AND ", Rest)} AS matches FROM ({window}) w CROSS JOIN {Table} t WHERE t.{Key} = w.place";
    }

    /// <param name="parameters">With <c>Before</c> as the place that the page before ended with.</param>
    public async Task<(IReadOnlyList<long> Places, long? Next)> ReadAsync(DbConnection connection, int limit, object parameters)
    {
        var seen = (await connection.QueryAsync<(long Place, bool Matches)>(Sql(limit), parameters)).OrderByDescending(row => row.Place).ToList();
        var matching = seen.Where(row => row.Matches).Select(row => row.Place).Take(limit + 1).ToList();
        return matching.Count > limit ? (matching[..limit], matching[limit - 1])
            : (matching, Rest.Count > 0 && seen.Count == Window ? seen[^1].Place : null);
    }

    /// <summary>Bounds of the key for a span of time, by an index on the time. Both are in the same order but for what was under way at once.</summary>
    public static string SinceBound(string table, string key, string time) =>
        $"SELECT MIN(place) FROM (SELECT {key} AS place FROM {table} WHERE {time} >= @Since ORDER BY {time} LIMIT 2000) w";

    public static string UntilBound(string table, string key, string time) =>
        $"SELECT MAX(place) FROM (SELECT {key} AS place FROM {table} WHERE {time} < @Until ORDER BY {time} DESC LIMIT 2000) w";
}
