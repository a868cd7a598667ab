using System.CommandLine;
using RepoSentry.Abstractions;
using RepoSentry.Cli.Receiver;

namespace RepoSentry.Cli;

/// <summary>A local receiver: prints what arrives, and whether an EventListener's interceptors would let it pass.</summary>
internal static class ListenCommand
{
    private const int DefaultPort = 8081;
    private const string EnvironmentPrefix = "env:";

    public static Command Create()
    {
        var port = new Option<int>("--port") { Description = "Port on 127.0.0.1; 0 takes a free one", DefaultValueFactory = _ => DefaultPort };
        var secret = new Option<string?>("--secret") { Description = "What senders sign with, or env:NAME to read it from a variable" };
        var fail = new Option<double>("--fail") { Description = "Share of requests, 0 to 1, that are answered 503", HelpName = "RATE" };
        var body = new Option<bool>("--body") { Description = "Print the bodies as well" };
        var output = new Option<string>("-o", "--output") { Description = "text, or json: one object a line", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("listen", "Receive webhooks as a Tekton EventListener would, print and verify them") { port, secret, fail, body, output };
        command.SetAction((result, token) =>
        {
            var (number, rate) = (result.GetValue(port), result.GetValue(fail));
            if (number is < 0 or > 65535 || rate is not (>= 0 and <= 1))
            {
                return UsageAsync(number is < 0 or > 65535 ? $"--port {number}: a port is 0 to 65535" : $"--fail {rate}: a share is 0 to 1");
            }

            if (!TryReadSecret(result.GetValue(secret), out var key))
            {
                return UsageAsync($"--secret {result.GetValue(secret)}: that variable is not set, or empty");
            }

            var print = new ArrivalPrint(Console.Out, TimeProvider.System, result.GetValue(body));
            var options = new ReceiverOptions
            {
                Listen = $"127.0.0.1:{number}",
                Secret = key,
                Fail = ReceiverOptions.FailSometimes(rate),
                Received = result.GetValue(output) == "json" ? print.Json : print.Text,
            };
            return RunAsync(options, number, token);
        });
        return command;
    }

    private static async Task<int> RunAsync(ReceiverOptions options, int port, CancellationToken cancellationToken)
    {
        try
        {
            await using var listener = await EventListener.StartAsync(options, cancellationToken);
            await Console.Error.WriteLineAsync($"listening on {listener.Url}; {(options.Secret is null ? "signatures are not checked (--secret)" : "signatures are checked")}; Ctrl-C ends it");
            await listener.WaitForStopAsync(cancellationToken);
            return ExitCode.Ok;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return ExitCode.Ok;
        }
        catch (IOException e)
        {
            var inUse = e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException;
            await Console.Error.WriteLineAsync(inUse ? $"port {port} is in use: choose another one with --port, or --port 0 for a free one" : $"cannot listen on port {port}: {e.Message}");
            return ExitCode.Failed;
        }
        catch (System.Net.Sockets.SocketException e)
        {
            await Console.Error.WriteLineAsync($"cannot listen on port {port}: {e.Message}");
            return ExitCode.Failed;
        }
    }

    private static bool TryReadSecret(string? option, out Secret? secret)
    {
        secret = null;
        if (option is null)
        {
            return true;
        }

        var value = option.StartsWith(EnvironmentPrefix, StringComparison.Ordinal) ? Environment.GetEnvironmentVariable(option[EnvironmentPrefix.Length..]) : option;
        secret = string.IsNullOrEmpty(value) ? null : new Secret(value);
        return secret is not null;
    }

    private static async Task<int> UsageAsync(string message)
    {
        await Console.Error.WriteLineAsync(message);
        return ExitCode.Usage;
    }
}
