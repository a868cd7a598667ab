using System.CommandLine;

namespace RepoSentry.Cli;

/// <summary>The table of commands.</summary>
internal static class RootCli
{
    // Each command ends by itself after a signal, the service within app.shutdown_timeout; this only stops what hangs.
    private static readonly TimeSpan TermLimit = TimeSpan.FromMinutes(10);

    public static async Task<int> InvokeAsync(string[] arguments)
    {
        var parsed = Create().Parse(arguments);
        if (UsageError.Tell(parsed, Console.Error))
        {
            return ExitCode.Usage;
        }

        var code = await parsed.InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = TermLimit });
        return parsed.Errors.Count > 0 ? ExitCode.Usage : code;
    }

    internal static RootCommand Create() => new("RepoSentry watches Git repositories by polling and fires the webhooks that their forges would have sent")
    {
        DemoCommand.Create(),
        WatchCommand.Create(),
        ListenCommand.Create(),
        InitCommand.Create(),
        RunCommand.Create(),
        ValidateCommand.Create(),
        CheckCommand.Create(),
        PlanCommand.Create(),
        StatusCommand.Create(),
        RepoCommand.Create(),
        EventCommand.Create(),
        DeliveryCommand.Create(),
        TriggerCommand.Create(),
        TraceCommand.Create(),
        TokenCommand.Create(),
        SecretsCommand.Create(),
        DbCommand.Create(),
        MigrateCommand.Create(),
        ConfigCommand.Create(),
        SupportCommand.Create(),
        CompletionCommand.Create(),
        VersionCommand.Create(),
    };
}
