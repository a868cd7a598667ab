using System.Data.Common;
using Dapper;
using RepoSentry.Abstractions;

namespace RepoSentry.Storage;

/// <summary>Deletions that are not believed yet: the refs stay in the snapshot.</summary>
/// <param name="Missing">Full names, sorted.</param>
/// <param name="Known">How many refs the kind had before.</param>
/// <param name="Looks">Complete looks in a row that lacked exactly these.</param>
/// <param name="Since">The first of them.</param>
/// <param name="LastLookAt">The last of them.</param>
internal sealed record HeldDrop(RefKind Kind, IReadOnlyList<string> Missing, int Known, int Looks, DateTimeOffset Since, DateTimeOffset LastLookAt)
{
    /// <summary>When an operator said that they are really gone; null while nobody did.</summary>
    public DateTimeOffset? ReleasedAt { get; init; }

    /// <summary>One sentence for the status of the repository.</summary>
    public string Explain(string repository)
    {
        var word = Kind.Words();
        return $"{Missing.Count} of {Known} {word} are missing since {SqlTime.Text(Since)[..16]}Z: their deletions are held until three equal looks over ten minutes, or `reposentry repo release {repository}`";
    }
}

/// <summary>The rows of <c>held_drops</c>.</summary>
internal static class HeldDropRows
{
    public static async Task<ILookup<long, HeldDrop>> LoadAsync(WriteScope scope) =>
        (await scope.Connection.QueryAsync<Row>("SELECT * FROM held_drops", transaction: scope.Transaction)).ToLookup(row => row.RepositoryId, row => row.ToDrop());

    public static async Task<IReadOnlyList<HeldDrop>> ReadAsync(DbConnection connection, long repositoryId) =>
        [.. (await connection.QueryAsync<Row>("SELECT * FROM held_drops WHERE repository_id = @repositoryId", new { repositoryId })).Select(row => row.ToDrop())];

    /// <summary>Leaves a release by an operator as it is: it may come while a look is under way.</summary>
    public static Task<int> WriteAsync(WriteScope scope, long repositoryId, HeldDrop drop) =>
        scope.Connection.ExecuteAsync(
            """
            INSERT INTO held_drops (repository_id, kind, missing, missing_count, known_count, looks, since, last_look_at)
            VALUES (@repositoryId, @Kind, @Missing, @Count, @Known, @Looks, @Since, @LastLookAt)
            ON CONFLICT (repository_id, kind) DO UPDATE SET missing = excluded.missing, missing_count = excluded.missing_count, known_count = excluded.known_count,
                looks = excluded.looks, since = excluded.since, last_look_at = excluded.last_look_at,
                released_at = CASE WHEN excluded.since = held_drops.since THEN held_drops.released_at END
            """,
            new { repositoryId, Kind = drop.Kind.Name(), Missing = PackedRefs.Pack([.. drop.Missing.Select(name => new GitRef(name, ""))]), drop.Missing.Count, drop.Known, drop.Looks, drop.Since, drop.LastLookAt },
            scope.Transaction);

    public static Task<int> DeleteAsync(WriteScope scope, long repositoryId, RefKind kind) =>
        scope.Connection.ExecuteAsync(
            "DELETE FROM held_drops WHERE repository_id = @repositoryId AND kind = @kind", new { repositoryId, kind = kind.Name() }, scope.Transaction);

    private sealed record Row
    {
        public long RepositoryId { get; init; }
        public string Kind { get; init; } = "";
        public byte[] Missing { get; init; } = [];
        public int KnownCount { get; init; }
        public int Looks { get; init; }
        public DateTimeOffset Since { get; init; }
        public DateTimeOffset LastLookAt { get; init; }
        public DateTimeOffset? ReleasedAt { get; init; }

        public HeldDrop ToDrop() => new(RefKinds.Parse(Kind), [.. PackedRefs.Unpack(Missing).Select(item => item.Name)], KnownCount, Looks, Since, LastLookAt) { ReleasedAt = ReleasedAt };
    }
}
