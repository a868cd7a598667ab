using Microsoft.Data.Sqlite;

namespace RepoSentry.Exam.Support;

/// <summary>Reads a database that nobody uses, by SQLite alone, on a copy: what the service will find at its next start stays as it is.</summary>
internal static class Integrity
{
    /// <returns>What SQLite's integrity check complains of; null if all is well.</returns>
    public static string? Check(string databasePath, Action<SqliteConnection>? also = null)
    {
        var folder = Directory.CreateTempSubdirectory("exam-copy-").FullName;
        try
        {
            var copy = Path.Combine(folder, "copy.db");
            File.Copy(databasePath, copy);
            if (File.Exists(databasePath + "-wal"))
            {
                File.Copy(databasePath + "-wal", copy + "-wal");
            }

            return CheckFile(copy, also);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>The same on the file itself.</summary>
    public static string? CheckFile(string path, Action<SqliteConnection>? also = null)
    {
        try
        {
            using var connection = new SqliteConnection($"Data Source={path};Pooling=False");
            connection.Open();
            using var check = connection.CreateCommand();
            check.CommandText = "PRAGMA integrity_check";
            var said = (string?)check.ExecuteScalar();
            using var foreign = connection.CreateCommand();
            foreign.CommandText = "PRAGMA foreign_key_check";
            var orphan = foreign.ExecuteScalar();
            also?.Invoke(connection);
            return said != "ok" ? said : orphan is not null ? $"a row of {orphan} refers to nothing" : null;
        }
        catch (SqliteException unreadable)
        {
            return unreadable.Message;
        }
    }

    public static IReadOnlyList<string> Column(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        using var reader = command.ExecuteReader();
        var values = new List<string>();
        while (reader.Read())
        {
            values.Add(reader.GetString(0));
        }

        return values;
    }
}
