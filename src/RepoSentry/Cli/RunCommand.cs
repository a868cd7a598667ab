using System.CommandLine;
using System.Security.Cryptography;
using RepoSentry.Configuration;
using RepoSentry.Hosting;
using RepoSentry.Network;

namespace RepoSentry.Cli;

/// <summary>The service.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        var file = ConfigFile.Option();
        var listen = new Option<string?>("--listen") { Description = "Address of the API, host:port (default: api.listen of the configuration)" };
        var logLevel = new Option<string?>("--log-level") { HelpName = "log-level", Description = "trace, debug, info, warn or error (default: app.log_level of the configuration)" };
        logLevel.Validators.Add(given =>
        {
            if (given.GetValue(logLevel) is { } level && !AppConfig.LogLevels.Contains(level, StringComparer.Ordinal))
            {
                given.AddError($"'{level}' is not a log level: use {string.Join(", ", AppConfig.LogLevels)}");
            }
        });
        logLevel.CompletionSources.Add([.. AppConfig.LogLevels]);
        var dataDir = new Option<string?>("--data-dir") { Description = "Folder of the data (default: app.data_dir of the configuration)" };
        var role = new Option<string>("--role") { Description = "Roles of this process: all", DefaultValueFactory = _ => "all" };
        role.AcceptOnlyFromAmong("all");
        var command = new Command("run", "Run the service until SIGTERM or Ctrl-C") { file, listen, logLevel, dataDir, role };
        command.SetAction((result, token) =>
        {
            var flags = new Dictionary<string, string>(StringComparer.Ordinal);
            Override(flags, "api.listen", result.GetValue(listen));
            Override(flags, "app.log_level", result.GetValue(logLevel));
            Override(flags, "app.data_dir", result.GetValue(dataDir));
            return RunAsync(result.GetValue(file), flags, token);
        });
        return command;
    }

    private static async Task<int> RunAsync(string? file, Dictionary<string, string> flags, CancellationToken cancellationToken)
    {
        if (DescriptorLimit.Problem() is { } problem)
        {
            await Console.Error.WriteLineAsync(problem);
            return ExitCode.Failed;
        }

        _ = Task.Run(() => SHA256.HashData([])); // OpenSSL is loaded while the file is read
        var loaded = ConfigFile.Load(file, Console.Error.WriteLine, flags);
        if (loaded.Config is null)
        {
            return ExitCode.Failed;
        }

        try
        {
            return await SentryHost.RunAsync(new StartedWith(loaded, new ConfigSource(ConfigFile.PathOf(file), flags, SecretStores.OfTheProcess.Fetch)), cancellationToken);
        }
        catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
        {
            await Console.Error.WriteLineAsync($"{e.Message.TrimEnd('.')}: another RepoSentry, or something else, listens there (api.listen, api.metrics_listen)");
            return ExitCode.Failed;
        }
    }

    private static void Override(Dictionary<string, string> flags, string key, string? value)
    {
        if (value is not null)
        {
            flags[key] = value;
        }
    }
}
