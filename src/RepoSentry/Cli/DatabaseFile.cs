using Microsoft.Data.Sqlite;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>The database file as commands find it, and what they say when it cannot be used.</summary>
internal static class DatabaseFile
{
    /// <summary>Null if the configuration has errors, which have been told.</summary>
    public static string? PathOf(string? config, string? database) =>
        database is not null ? Path.GetFullPath(database)
        : ConfigFile.Load(config, Console.Error.WriteLine).Config is { } loaded ? SqliteStorage.Choose(Path.GetFullPath(loaded.Storage.SqlitePath))
        : null;

    public static bool Explains(Exception e) => e is StorageException or SqliteException or IOException or UnauthorizedAccessException;

    public static (int Code, string Words) Explain(Exception e) => e is StorageException { Trouble: var trouble }
        ? (trouble switch { StorageTrouble.InUse or StorageTrouble.Exists => ExitCode.Conflict, StorageTrouble.Missing => ExitCode.NotFound, _ => ExitCode.Failed }, e.Message)
        : (ExitCode.Failed, $"the database cannot be used: {e.Message}");
}
