using System.CommandLine;
using System.Text.Json;
using RepoSentry.Cli.Checks;
using RepoSentry.Configuration;

namespace RepoSentry.Cli;

/// <summary>Everything that the service will need, asked for at the same time, with a line for each failure that says what to do.</summary>
internal static class CheckCommand
{
    // Five seconds in all, with the start of the executable.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(4);

    public static Command Create()
    {
        var file = ConfigFile.Option();
        var before = new Option<bool>("--pre") { Description = "Before installing: no database is expected yet" };
        var output = new Option<string>("--output", "-o") { Description = "Form of the output: text or json", DefaultValueFactory = _ => "text" };
        output.AcceptOnlyFromAmong("text", "json");
        var command = new Command("check", "Configuration, tokens, budgets, names, certificates, clock, disk, database, triggers: what fails, and what to do") { file, before, output };
        command.Aliases.Add("doctor");
        command.SetAction(async (result, token) =>
        {
            var findings = await FindAsync(result.GetValue(file), result.GetValue(before), token);
            var failed = findings.Any(finding => finding.Status == Finding.Failed);
            if (result.GetValue(output) == "json")
            {
                Console.WriteLine(JsonSerializer.Serialize(new CheckReport(failed ? Finding.Failed : Finding.Ok, findings), CheckJson.Default.CheckReport));
            }
            else
            {
                Print(findings);
            }

            return failed ? ExitCode.Failed : ExitCode.Ok;
        });
        return command;
    }

    private static async Task<IReadOnlyList<Finding>> FindAsync(string? file, bool before, CancellationToken cancellationToken)
    {
        var loaded = ConfigLoader.Load(ConfigFile.PathOf(file));
        List<Finding> findings =
        [
            .. loaded.Errors.Select(error => Finding.Bad("config", $"{error.Place}: {error.Message}", error.Hint ?? "mend it there")),
            .. loaded.Warnings.Select(warning => Finding.Warn("config", $"{warning.Place}: {warning.Message}", warning.Hint ?? "it works as it is")),
        ];
        if (loaded.Config is not { } config)
        {
            return findings;
        }

        var now = TimeProvider.System.GetUtcNow();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        end.CancelAfter(Limit);
        var used = config.Repositories.Select(repository => repository.Provider).Concat(config.Discovery.Select(discovery => discovery.Provider)).ToHashSet(StringComparer.Ordinal);
        List<Task<IReadOnlyList<Finding>>> running =
        [
            .. config.Providers.Where(provider => provider.HasCredential || used.Contains(provider.Name))
                .Select(provider => InTimeAsync("token " + provider.Name, token => ForgeChecks.ProviderAsync(provider, config, now, token), end.Token)),
            .. config.Discovery.Select(discovery => InTimeAsync("discovery " + discovery.Key, token => RemoteChecks.DiscoveryAsync(discovery, config, token), end.Token)),
            .. config.Triggers.Select(trigger => InTimeAsync("trigger " + trigger.Name, token => RemoteChecks.TriggerAsync(trigger, config, now, token), end.Token)),
        ];
        findings.Add(Finding.Good("config", $"{config.Repositories.Count} repositories, {config.Triggers.Count} triggers, {config.Providers.Count} providers"));
        findings.AddRange(MachineChecks.Disk(config));
        findings.Add(MachineChecks.Database(config, before));
        findings.AddRange(MachineChecks.Sealed(config, loaded.Entries!));
        foreach (var several in await Task.WhenAll(running))
        {
            findings.AddRange(several);
        }

        return [.. findings.DistinctBy(finding => (finding.Check, finding.Message))];
    }

    // What does not listen to its token, such as a name server, is not waited for either.
    private static async Task<IReadOnlyList<Finding>> InTimeAsync(string check, Func<CancellationToken, Task<IReadOnlyList<Finding>>> find, CancellationToken end)
    {
        try
        {
            return await Task.Run(() => find(end), end).WaitAsync(end);
        }
        catch (OperationCanceledException)
        {
            return [Finding.Bad(check, $"no answer within {Limit.TotalSeconds:0} s", "check the network, firewalls and DNS between this machine and there")];
        }
    }

    private static void Print(IReadOnlyList<Finding> findings)
    {
        var width = findings.Max(finding => finding.Check.Length) + 2;
        foreach (var finding in findings)
        {
            Console.WriteLine($"{finding.Status,-9}{finding.Check.PadRight(width)}{Client.Printer.Safe(finding.Message)}");
            if (finding.Fix is not null)
            {
                Console.WriteLine($"{"",-9}{"".PadRight(width)}fix: {Client.Printer.Safe(finding.Fix)}");
            }
        }
    }
}
