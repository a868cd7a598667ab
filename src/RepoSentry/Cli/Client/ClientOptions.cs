using System.CommandLine;

namespace RepoSentry.Cli.Client;

/// <summary>The options that every client command shares.</summary>
internal static class ClientOptions
{
    public const string DefaultServer = "http://127.0.0.1:8080";

    public static Option<string> Server { get; } = new("--server")
    {
        Description = "Address of the service, http or https (or REPOSENTRY_SERVER)",
        Recursive = true,
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("REPOSENTRY_SERVER") is { Length: > 0 } server ? server : DefaultServer,
    };

    public static Option<string> Output { get; } = new("--output", "-o")
    {
        Description = "Form of the output: table, wide (all columns), json, yaml or name",
        Recursive = true,
        DefaultValueFactory = _ => "table",
    };

    public static Option<bool> NoHeaders { get; } = new("--no-headers") { Description = "Leave the header line of tables out", Recursive = true };

    public static Option<bool> Watch { get; } = new("--watch", "-w") { Description = "Show it again every 2 s, until Ctrl-C" };

    static ClientOptions() => Output.AcceptOnlyFromAmong("table", "text", "wide", "json", "yaml", "name");

    /// <summary>Gives a command the shared options and the error handling of a client.</summary>
    public static Command AsClient(this Command command)
    {
        command.Options.Add(Server);
        command.Options.Add(Output);
        command.Options.Add(NoHeaders);
        return command;
    }

    /// <summary>A command that only looks: it may be repeated.</summary>
    public static Command Does(this Command command, Func<ParseResult, ApiClient, Printer, CancellationToken, Task> action)
    {
        command.Options.Add(Watch);
        return command.Orders(action);
    }

    /// <summary>A command that changes something: it is done once.</summary>
    public static Command Orders(this Command command, Func<ParseResult, ApiClient, Printer, CancellationToken, Task> action)
    {
        command.SetAction(async (result, token) =>
        {
            if (!TryServer(result, out var server))
            {
                await Console.Error.WriteLineAsync($"--server {result.GetValue(Server)} is no http(s) address");
                return ExitCode.Usage;
            }

            var printer = new Printer(Console.Out, result.GetValue(Output)!, result.GetValue(NoHeaders));
            try
            {
                using var client = new ApiClient(server);
                return await RepeatAsync(result.CommandResult.Command.Options.Contains(Watch) && result.GetValue(Watch), () => action(result, client, printer, token), token);
            }
            catch (ClientException e)
            {
                await Console.Error.WriteLineAsync(e.Message);
                return e.ExitCode;
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                return ExitCode.Ok;
            }
        });
        return command;
    }

    public static bool TryServer(ParseResult result, out Uri server) =>
        Uri.TryCreate(result.GetValue(Server), UriKind.Absolute, out server!) && server.Scheme is "http" or "https";

    private static async Task<int> RepeatAsync(bool watch, Func<Task> show, CancellationToken cancellationToken)
    {
        await show();
        while (watch)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), cancellationToken);
            if (!Console.IsOutputRedirected)
            {
                await Console.Out.WriteAsync("\e[H\e[2J");
            }

            await show();
        }

        return ExitCode.Ok;
    }
}
