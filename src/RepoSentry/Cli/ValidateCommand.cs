using System.CommandLine;

namespace RepoSentry.Cli;

/// <summary>Every problem of a configuration at once.</summary>
internal static class ValidateCommand
{
    public static Command Create()
    {
        var file = ConfigFile.Option();
        var command = new Command("validate", "Check a configuration: every problem at once, as file:line:col: message (hint)") { file };
        command.SetAction(result =>
        {
            var loaded = ConfigFile.Load(result.GetValue(file), Console.Out.WriteLine, offline: true);
            Console.Error.WriteLine(loaded.Config is { } config
                ? $"valid: {config.Repositories.Count} repositories, {(config.Discovery.Count > 0 ? $"{config.Discovery.Count} discoveries, " : "")}{config.Triggers.Count} triggers, {config.Providers.Count} providers"
                : $"invalid: {loaded.Errors.Count} {(loaded.Errors.Count == 1 ? "error" : "errors")}");
            return loaded.Config is null ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }
}
