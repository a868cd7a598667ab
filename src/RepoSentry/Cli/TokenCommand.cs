using System.CommandLine;
using System.Text.Json;
using RepoSentry.Api;
using RepoSentry.Cli.Client;
using RepoSentry.Cli.Completion;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Cli;

/// <summary>Tokens of the API: through the running service, or in its database where nobody has a token yet.</summary>
internal static class TokenCommand
{
    private static readonly Option<string?> Config = ConfigFile.Option();
    private static readonly Option<string?> Database = new Option<string?>("--database") { Description = "The database file itself, in place of the service", HelpName = "FILE", Recursive = true }.Files();

    public static Command Create()
    {
        Config.Description = "Configuration file: its database is used in place of the service, which may run or not";
        Config.Recursive = true;
        return new Command("token", "Tokens of the API: through --server, or on this machine in the database (-c FILE or --database FILE)")
        {
            CreateOne(),
            List(),
            Revoke(),
            Config,
            Database,
        }.AsClient();
    }

    private static Command CreateOne()
    {
        var name = new Argument<string>("name") { Description = "What it is called, in the audit log too" };
        var role = new Option<string>("--role") { Description = string.Join(", ", Roles.All), Required = true };
        role.AcceptOnlyFromAmong([.. Roles.All]);
        var expires = new Option<string?>("--expires") { Description = "How long it is good, such as 90d (default: for ever)" };
        return new Command("create", "Make a token; it is shown once") { name, role, expires }.Orders(async (result, client, printer, token) =>
        {
            var (called, life) = (result.GetValue(name)!, result.GetValue(expires));
            var created = await ThroughDatabaseAsync(result, create: true, database => MakeAsync(database, called, result.GetValue(role)!, life, token))
                ?? await client.PostAsync("/api/v1/tokens", [("name", called), ("role", result.GetValue(role)), ("expires_in", life)], token);
            if (printer.IsData)
            {
                printer.Data(created);
                return;
            }

            printer.Line(created.Text("token"));
            await Console.Error.WriteLineAsync($"{called} is {created.Text("role")}{(created.Text("expires_at") is { Length: > 0 } end ? $" until {end}" : "")}. The token is not shown again: export REPOSENTRY_TOKEN");
        });
    }

    private static Command List() => new Command("list", "Tokens in use, without their secrets").Does(async (result, client, printer, token) => printer.List(
        await ThroughDatabaseAsync(result, create: false, async database => JsonSerializer.SerializeToElement(await ViewsAsync(database, token), ApiJson.Default.ListAnswerTokenView)) is { } answer
            ? [.. answer.GetProperty("items").EnumerateArray()]
            : await client.ListAsync("/api/v1/tokens", [], int.MaxValue, token),
        item => item.Text("name"),
        new Column("ID", item => item.Text("id"), Wide: true),
        new Column("NAME", item => item.Text("name")),
        new Column("ROLE", item => item.Text("role")),
        new Column("STATUS", item => item.Text("status")),
        new Column("PREFIX", item => item.Text("prefix")),
        new Column("AGE", item => item.Ago("created_at")),
        new Column("EXPIRES", item => item.Ago("expires_at")),
        new Column("USED", item => item.Ago("last_used_at")),
        new Column("FROM", item => item.Text("last_used_from"), Wide: true),
        new Column("BY", item => item.Text("created_by"), Wide: true)));

    private static Command Revoke()
    {
        var name = new Argument<string>("name") { Description = "Name or id of a token in use" }.Names("tokens");
        return new Command("revoke", "End a token: nothing takes it any more within a second") { name }.Orders(async (result, client, printer, token) =>
        {
            var called = result.GetValue(name)!;
            var ended = await ThroughDatabaseAsync(result, create: false, database => EndAsync(database, called, token)) ?? await EndAsync(client, called, printer.IsData, token);
            printer.Ordered(ended, called, $"{called} is revoked");
        });
    }

    private static async Task<JsonElement> MakeAsync(SqliteDatabase database, string name, string role, string? life, CancellationToken cancellationToken)
    {
        if (TokenStore.NameProblem(name) is { } problem)
        {
            throw new ClientException(ExitCode.Usage, problem);
        }

        var span = TimeSpan.Zero;
        if (life is not null && (!Durations.TryParse(life, out span) || span <= TimeSpan.Zero))
        {
            throw new ClientException(ExitCode.Usage, $"--expires {life} is no duration (90d, 12h)");
        }

        var granted = Enum.GetValues<Role>().Single(one => one.Name() == role);
        var secret = TokenSecret.Create();
        DateTimeOffset? end = life is null ? null : TimeProvider.System.GetUtcNow() + span;
        return await AuditedAsync(database, "token.create", name, async () =>
            await new TokenStore(database, TimeProvider.System).CreateAsync(name, secret, granted, end, "local", cancellationToken) is { } created
                ? JsonSerializer.SerializeToElement(CreatedToken.Of(created, secret), ApiJson.Default.CreatedToken)
                : throw new ClientException(ExitCode.Conflict, $"a token {name} is in use: revoke it first, or choose another name"));
    }

    private static Task<JsonElement> EndAsync(SqliteDatabase database, string name, CancellationToken cancellationToken) => AuditedAsync(database, "token.revoke", name, async () =>
        await new TokenStore(database, TimeProvider.System).RevokeAsync(name, cancellationToken) is { } ended
            ? JsonSerializer.SerializeToElement(TokenView.Of(ended, TimeProvider.System.GetUtcNow()), ApiJson.Default.TokenView)
            : throw new ClientException(ExitCode.NotFound, $"no token in use is called {name}"));

    private static async Task<JsonElement> EndAsync(ApiClient client, string name, bool show, CancellationToken cancellationToken)
    {
        // Who ends the token that it asks with cannot ask any more afterwards.
        var known = show ? await client.ListAsync("/api/v1/tokens", [], int.MaxValue, cancellationToken) : [];
        await client.DeleteAsync($"/api/v1/tokens/{Uri.EscapeDataString(name)}", cancellationToken);
        var ended = known.FirstOrDefault(item => item.Text("name") == name || item.Text("id") == name);
        return ended.ValueKind == JsonValueKind.Undefined
            ? default
            : JsonSerializer.SerializeToElement(ended.EnumerateObject().ToDictionary(
                property => property.Name,
                property => property.Name switch { "status" => JsonSerializer.SerializeToElement("revoked"), "revoked_at" => JsonSerializer.SerializeToElement(TimeProvider.System.GetUtcNow()), _ => property.Value }));
    }

    private static async Task<ListAnswer<TokenView>> ViewsAsync(SqliteDatabase database, CancellationToken cancellationToken) =>
        new([.. (await new TokenStore(database, TimeProvider.System).ListAsync(0, revoked: false, int.MaxValue, cancellationToken)).Select(row => TokenView.Of(row, TimeProvider.System.GetUtcNow()))], null);

    // Whoever can write the file can do this: the log says which user it was.
    private static async Task<JsonElement> AuditedAsync(SqliteDatabase database, string action, string name, Func<Task<JsonElement>> act)
    {
        var log = new AuditLog(database, TimeProvider.System);
        var row = await log.BeginAsync(
            new AuditEntry("local", action) { Role = Role.Admin.Name(), Object = name, Detail = $"by {Environment.UserName} on {Environment.MachineName}, in the database" }, CancellationToken.None);
        var outcome = AuditOutcome.Failed;
        try
        {
            var result = await act();
            outcome = AuditOutcome.Done;
            return result;
        }
        finally
        {
            await log.FinishAsync(row, outcome, status: null, about: null, CancellationToken.None);
        }
    }

    /// <returns>Null if the command is to go through the service.</returns>
    private static async Task<JsonElement?> ThroughDatabaseAsync(ParseResult result, bool create, Func<SqliteDatabase, Task<JsonElement>> act)
    {
        var (config, file) = (result.GetValue(Config), result.GetValue(Database));
        if (config is null && file is null)
        {
            return null;
        }

        if (result.GetResult(ClientOptions.Server) is { Implicit: false })
        {
            throw new ClientException(ExitCode.Usage, "either --server, or the database by -c or --database");
        }

        try
        {
            var path = DatabaseFile.PathOf(config, file) ?? throw new ClientException(ExitCode.Failed, "the configuration has errors");
            await using var opened = OperatorDatabase.Open(path, create && file is null, TimeProvider.System.GetUtcNow());
            return await act(opened.Database);
        }
        catch (Exception e) when (DatabaseFile.Explains(e))
        {
            var (code, words) = DatabaseFile.Explain(e);
            throw new ClientException(code, words);
        }
    }
}
