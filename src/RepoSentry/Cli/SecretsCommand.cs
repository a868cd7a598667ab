using System.CommandLine;
using System.Text.Json;
using RepoSentry.Api;
using RepoSentry.Cli.Client;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>What is kept sealed in the database: another master key, while the service runs or where it is stopped.</summary>
internal static class SecretsCommand
{
    public static Command Create() => new Command("secrets", "Secrets that are kept in the database, sealed with security.master_key") { Rotate() }.AsClient();

    private static Command Rotate()
    {
        var file = ConfigFile.Option();
        file.Description = "Configuration file: its database is used, which no service may be running on";
        return new Command("rotate", "Seal them all with the first line of the master key; earlier keys stand below it until then") { file }.Orders(async (result, client, printer, token) =>
        {
            var answer = result.GetValue(file) is { } config ? await InDatabaseAsync(config, token) : await client.PostAsync("/api/v1/secrets/rotate", token);
            var dropped = answer.Text("dropped") is not "0" and var count ? $", {count} keys of browser sessions that no line opens are gone" : "";
            printer.Ordered(answer, answer.Text("key"), $"everything is sealed with the key {answer.Text("key")} ({answer.Text("resealed")} were not{dropped}): the lines below it can go");
        });
    }

    private static async Task<JsonElement> InDatabaseAsync(string config, CancellationToken cancellationToken)
    {
        var loaded = ConfigFile.Load(config, Console.Error.WriteLine);
        var entries = loaded.Entries ?? throw new ClientException(ExitCode.Failed, "the configuration has errors");
        var key = entries.Sealing ?? throw new ClientException(ExitCode.Failed, "security.master_key is not set: nothing is sealed");
        try
        {
            await using var opened = OperatorDatabase.Open(SqliteStorage.Choose(Path.GetFullPath(loaded.Config!.Storage.SqlitePath)), create: false, TimeProvider.System.GetUtcNow());
            if (opened.IsShared)
            {
                throw new ClientException(ExitCode.Conflict, "a service runs on this database: let it do it, without -c");
            }

            var written = await new RepositoryStore(opened.Database, TimeProvider.System).LoadEntriesAsync(cancellationToken);
            if (entries.Unopened(written) is { } problem)
            {
                throw new ClientException(ExitCode.Failed, problem.ToString());
            }

            var anew = entries.Resealed(written);
            var sessions = await new SealedStore(opened.Database, TimeProvider.System).ResealAsync(key, anew, cancellationToken);
            return JsonSerializer.SerializeToElement(new RotateAnswer(key.CurrentId, anew.Count + sessions.Resealed, sessions.Dropped), ApiJson.Default.RotateAnswer);
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            var (code, words) = DatabaseFile.Explain(e);
            throw new ClientException(code, words);
        }
    }
}
