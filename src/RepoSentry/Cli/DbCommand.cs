using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Cli.Completion;
using RepoSentry.Storage.Migrations;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>The database file: its schema, backups while the service runs, restores while it does not.</summary>
internal static class DbCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create() => new("db", "The database of the service on this machine")
    {
        Status(),
        Migrate(),
        Rollback(),
        Backup(),
        Restore(),
    };

    private static Command Status()
    {
        var check = new Option<bool>("--check") { Description = "Read every page and say whether the file is sound" };
        var output = new Option<string>("--output", "-o") { Description = "Form of the output: text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        return OnDatabase(new Command("status", "Schema, size, who uses it") { check, output }, (result, path) =>
        {
            var status = SqliteMaintenance.Status(path, result.GetValue(check));
            Console.WriteLine(result.GetValue(output) == "json" ? JsonSerializer.Serialize(status, Json) : Text(status));
            return status.Integrity is null or "ok" ? ExitCode.Ok : ExitCode.Unhealthy;
        });
    }

    private static Command Migrate() => OnDatabase(new Command("migrate", "Bring the schema to that of this executable; the service does so at its start"), (_, path) =>
    {
        var (before, after) = SqliteMaintenance.Migrate(path, TimeProvider.System.GetUtcNow());
        Console.Error.WriteLine(before == after ? $"schema {after} is the newest" : $"schema {before} is now {after}");
        return ExitCode.Ok;
    });

    private static Command Rollback()
    {
        var to = new Option<long?>("--to") { Description = "Schema to go back to (default: one back)" };
        var yes = new Option<bool>("--yes") { Description = "What the newer schema stored beyond the older one is lost: yes" };
        return OnDatabase(new Command("rollback", "Take the schema back, for an older executable") { to, yes }, (result, path) =>
        {
            var current = SqliteMaintenance.Status(path, check: false).Schema;
            var target = result.GetValue(to) ?? current - 1;
            if (!result.GetValue(yes))
            {
                Console.Error.WriteLine($"schema {current} would become {target}, and what only schema {current} can store would be lost: make a backup (db backup FILE), then say --yes");
                return ExitCode.Usage;
            }

            var (before, after) = SqliteMaintenance.Rollback(path, target, TimeProvider.System.GetUtcNow());
            Console.Error.WriteLine($"schema {before} is now {after}: start the executable that knows {after} (this one would migrate to {SchemaMigrator.Newest} again)");
            return ExitCode.Ok;
        });
    }

    private static Command Backup()
    {
        var target = new Argument<string>("file") { Description = "Where the backup goes" }.Files();
        var force = new Option<bool>("--force") { Description = "Replace an existing file" };
        return OnDatabase(new Command("backup", "Write one consistent copy, also while the service runs") { target, force }, (result, path) =>
        {
            var file = Path.GetFullPath(result.GetValue(target)!);
            var bytes = SqliteMaintenance.Backup(path, file, result.GetValue(force));
            Console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{file}: {bytes} bytes, checked"));
            return ExitCode.Ok;
        });
    }

    private static Command Restore()
    {
        var source = new Argument<string>("file") { Description = "A backup" }.Files();
        return OnDatabase(new Command("restore", "Put a backup in the place of the database; the service must not run") { source }, (result, path) =>
        {
            var kept = SqliteMaintenance.Restore(path, Path.GetFullPath(result.GetValue(source)!), TimeProvider.System.GetUtcNow());
            Console.Error.WriteLine($"{path} is restored{(kept is null ? "" : $"; what stood there is {kept}")}. At its next start the service fires whatever moved since the backup");
            return ExitCode.Ok;
        });
    }

    private static Command OnDatabase(Command command, Func<ParseResult, string, int> act)
    {
        var file = ConfigFile.Option();
        var database = new Option<string?>("--database") { Description = "The database file (default: storage.sqlite.path of the configuration)", HelpName = "FILE" }.Files();
        command.Options.Add(file);
        command.Options.Add(database);
        command.SetAction(result =>
        {
            try
            {
                return DatabaseFile.PathOf(result.GetValue(file), result.GetValue(database)) is { } path ? act(result, path) : ExitCode.Failed;
            }
            catch (Exception e) when (DatabaseFile.Explains(e))
            {
                var (code, words) = DatabaseFile.Explain(e);
                Console.Error.WriteLine(words);
                return code;
            }
        });
        return command;
    }

    private static string Text(DatabaseStatus status)
    {
        var lines = new List<(string Name, string Value)>
        {
            ("Database", status.Path),
            ("Size", string.Create(CultureInfo.InvariantCulture, $"{status.Bytes} bytes, {status.WalBytes} in the log")),
            ("Schema", status.Schema == status.Newest ? $"{status.Schema}, the newest" : status.Schema < status.Newest ? $"{status.Schema}; {status.Newest} after the next start or `db migrate`" : $"{status.Schema}: newer than this executable, which knows {status.Newest}"),
            ("Used by", status.Holder ?? "nobody"),
        };
        lines.AddRange(status.Rows.Select(pair => (pair.Key, pair.Value.ToString(CultureInfo.InvariantCulture))));
        if (status.Integrity is not null)
        {
            lines.Add(("Integrity", status.Integrity));
        }

        return string.Join('\n', lines.Select(line => line.Name.PadRight(20) + line.Value));
    }
}
