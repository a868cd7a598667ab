using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Storage.Sqlite;

/// <summary>The database file of the Go original: what it knew of branches. It is only read.</summary>
internal static class GoDatabase
{
    private const string Table = "repository_states";

    /// <exception cref="StorageException">It is not what it should be; the message says why and what to do.</exception>
    public static IReadOnlyList<GoHead> ReadHeads(string path)
    {
        if (!File.Exists(path))
        {
            throw new StorageException($"{path} does not exist: name the Go original's file with --database") { Trouble = StorageTrouble.Missing };
        }

        try
        {
            using var connection = SqliteDatabase.Connect(path, SqliteOpenMode.ReadOnly);
            var columns = connection.Query<string>($"SELECT name FROM pragma_table_info('{Table}')").ToHashSet(StringComparer.OrdinalIgnoreCase);
            var (repository, branch, commit) = (Among(columns, "repository", "repository_name"), Among(columns, "branch", "branch_name"), Among(columns, "commit_sha", "last_commit_sha"));
            if (repository is null || branch is null || commit is null)
            {
                throw new StorageException($"{path} has no heads by branch ({Table} with repository, branch, commit_sha): without --database the first looks are a silent baseline");
            }

            var at = Among(columns, "last_checked", "updated_at", "created_at") ?? "NULL";
            return [.. connection.Query<(string? Repository, string? Branch, string? Commit, string? At)>(
                    $"SELECT CAST({repository} AS TEXT), CAST({branch} AS TEXT), CAST({commit} AS TEXT), CAST({at} AS TEXT) FROM {Table}")
                .Where(row => row is { Repository.Length: > 0, Branch.Length: > 0 } && IsCommit(row.Commit))
                .Select(row => new GoHead(row.Repository!, FullName(row.Branch!), row.Commit!.ToLowerInvariant(), Time(row.At)))];
        }
        catch (SqliteException e)
        {
            throw new StorageException($"{path} cannot be read ({e.Message}): is it the Go original's database, and may this user read it?", e);
        }
    }

    private static string? Among(HashSet<string> columns, params string[] names) => Array.Find(names, columns.Contains);

    private static string FullName(string branch) => branch.StartsWith("refs/", StringComparison.Ordinal) ? branch : "refs/heads/" + branch;

    private static bool IsCommit(string? text) => text is { Length: 40 or 64 } && text.All(char.IsAsciiHexDigit);

    // Go writes "2026-11-24 12:00:00.123 +0000 UTC m=+1"; the zone is UTC in all that it stores.
    private static DateTimeOffset? Time(string? text) =>
        text is { Length: >= 19 } && DateTimeOffset.TryParse(text[..19], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) ? time : null;
}

/// <param name="Repository">Its name.</param>
/// <param name="Ref">Full name of the branch.</param>
/// <param name="CommitId">Where it stood.</param>
/// <param name="At">When that was last known.</param>
internal sealed record GoHead(string Repository, string Ref, string CommitId, DateTimeOffset? At);
