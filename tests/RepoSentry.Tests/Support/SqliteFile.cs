using Microsoft.Extensions.Logging.Abstractions;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Tests.Support;

/// <summary>A SQLite file in a folder of its own, opened as the service opens it.</summary>
internal sealed class SqliteFile : IDisposable
{
    private readonly List<PollerLock> held = [];

    public SqliteFile() => SqlTime.Register();

    public string Folder { get; } = Directory.CreateTempSubdirectory("reposentry-test-").FullName;

    public string Path => System.IO.Path.Combine(Folder, "reposentry.db");

    public async Task<SqliteDatabase> OpenAsync(TimeProvider? time = null)
    {
        var (database, taken) = await new SqliteStorage(time ?? TimeProvider.System, NullLogger<SqliteStorage>.Instance).OpenAsync(Path, _ => { }, CancellationToken.None);
        held.Add(taken);
        return database;
    }

    public void Unlock()
    {
        held.ForEach(taken => taken.Dispose());
        held.Clear();
    }

    public void Dispose()
    {
        Unlock();
        Directory.Delete(Folder, recursive: true);
    }
}
