using FluentMigrator;
using FluentMigrator.Infrastructure;
using FluentMigrator.Runner;
using FluentMigrator.Runner.VersionTableInfo;
using Microsoft.Data.Sqlite;

namespace RepoSentry.Storage.Migrations;

/// <summary>Brings a database file to the schema of this executable, or says why it cannot.</summary>
internal static class SchemaMigrator
{
    private const string VersionTable = "reposentry_schema";

    // An explicit table, since the scanning loader sees public types only.
    private static readonly SortedList<long, Func<Migration>> Known = new()
    {
        [M0001InitialSchema.Number] = () => new M0001InitialSchema(),
        [M0002OperatorsAndHolds.Number] = () => new M0002OperatorsAndHolds(),
        [M0003Messages.Number] = () => new M0003Messages(),
        [M0004Access.Number] = () => new M0004Access(),
        [M0005RunTimeRepositories.Number] = () => new M0005RunTimeRepositories(),
        [M0006TektonOutcomes.Number] = () => new M0006TektonOutcomes(),
        [M0007Api.Number] = () => new M0007Api(),
        [M0008Policy.Number] = () => new M0008Policy(),
        [M0009Sessions.Number] = () => new M0009Sessions(),
        [M0010Listings.Number] = () => new M0010Listings(),
    };

    public static long Newest => Known.Keys[^1];

    /// <summary>Version of the schema in the file; 0 for an empty one.</summary>
    /// <exception cref="StorageException">The file belongs to somebody else.</exception>
    public static long Read(SqliteConnection connection)
    {
        try
        {
            if (HasTable(connection, VersionTable))
            {
                return (long)(Scalar(connection, $"SELECT COALESCE(MAX(version), 0) FROM {VersionTable}") ?? 0L);
            }

            return Scalar(connection, "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table'") is 0L
                ? 0
                : throw new StorageException($"{connection.DataSource} is a database of another program: choose another storage.sqlite.path");
        }
        catch (SqliteException e) when (e.SqliteErrorCode is 11 or 26)
        {
            throw new StorageException($"{connection.DataSource} is corrupt or no SQLite database: restore a backup, or choose another storage.sqlite.path", e);
        }
    }

    /// <summary>True for a file of the Go original, which is left alone.</summary>
    public static bool IsGoOriginal(SqliteConnection connection) =>
        HasTable(connection, "schema_migrations") || (HasTable(connection, "repository_states") && !HasTable(connection, VersionTable));

    /// <summary>Migrates up. Only the holder of the poller lock may call it. The runner is loaded only when the schema is behind.</summary>
    public static void MigrateUp(string path, SqliteConnection connection)
    {
        var version = Read(connection);
        if (version > Newest)
        {
            throw new StorageException(
                $"{path} has schema {version}, this executable knows {Newest}: it was written by a newer version; run that one, or restore a backup made before the upgrade");
        }

        if (version < Newest)
        {
            Run(path, runner => runner.MigrateUp());
        }
    }

    /// <summary>Makes the schema of an earlier version, as an upgrade finds it.</summary>
    internal static void MigrateTo(string path, long version) => Run(path, runner => runner.MigrateUp(version));

    /// <summary>Migrates down to a version; what newer versions stored beyond it is dropped.</summary>
    public static void MigrateDown(string path, long version) => Run(path, runner => runner.MigrateDown(version));

    private static void Run(string path, Action<IMigrationRunner> run)
    {
        using var services = new ServiceCollection()
            .AddFluentMigratorCore()
            .ConfigureRunner(builder => builder.AddSQLite().WithGlobalConnectionString($"Data Source={path};Pooling=False;Default Timeout=10"))
            .AddSingleton<IMigrationInformationLoader>(new KnownMigrations())
            .AddScoped<IVersionTableMetaData, VersionTableNames>()
            .BuildServiceProvider();
        using var scope = services.CreateScope();
        run(scope.ServiceProvider.GetRequiredService<IMigrationRunner>());
    }

    private static bool HasTable(SqliteConnection connection, string table) =>
        Scalar(connection, $"SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = '{table}'") is 1L;

    private static object? Scalar(SqliteConnection connection, string sql)
    {
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // constants only
        command.CommandText = sql;
#pragma warning restore CA2100
        return command.ExecuteScalar();
    }

    private sealed class KnownMigrations : IMigrationInformationLoader
    {
        public SortedList<long, IMigrationInfo> LoadMigrations()
        {
            var migrations = new SortedList<long, IMigrationInfo>();
            foreach (var (number, create) in Known)
            {
                migrations.Add(number, new MigrationInfo(number, TransactionBehavior.Default, create()));
            }

            return migrations;
        }
    }

    private sealed class VersionTableNames : IVersionTableMetaData
    {
        public bool OwnsSchema => false;
        public string SchemaName => "";
        public string TableName => VersionTable;
        public string ColumnName => "version";
        public string DescriptionColumnName => "description";
        public string UniqueIndexName => "uc_reposentry_schema";
        public string AppliedOnColumnName => "applied_at";
        public bool CreateWithPrimaryKey => false;
    }
}
