using System.CommandLine;
using RepoSentry.Cli.Completion;
using RepoSentry.Configuration;
using RepoSentry.Network;

namespace RepoSentry.Cli;

/// <summary>The configuration file as commands take it.</summary>
internal static class ConfigFile
{
    private static readonly string[] Usual = ["reposentry.yaml", "config.yaml", "/etc/reposentry/config.yaml"];

    public static Option<string?> Option() =>
        new Option<string?>("--config", "-c") { Description = $"Configuration file (default: the first of {string.Join(", ", Usual)})", HelpName = "FILE" }.Files();

    public static string PathOf(string? path) => path ?? Array.Find(Usual, File.Exists) ?? Usual[0];

    /// <summary>Loads it and tells every problem. Null if it has errors.</summary>
    /// <param name="tell">Takes one line for each problem.</param>
    /// <param name="offline">Whether references to Kubernetes and Vault are checked by their form alone.</param>
    public static LoadedConfig Load(string? path, Action<string> tell, IReadOnlyDictionary<string, string>? flags = null, bool offline = false)
    {
        var loaded = ConfigLoader.Load(PathOf(path), new LoadOptions { Flags = flags ?? new Dictionary<string, string>(), Stores = offline ? null : SecretStores.OfTheProcess.Fetch });
        foreach (var error in loaded.Errors)
        {
            tell(error.ToString());
        }

        foreach (var warning in loaded.Warnings)
        {
            tell($"{warning.Place}: warning: {(warning.Hint is null ? warning.Message : $"{warning.Message} ({warning.Hint})")}");
        }

        return loaded;
    }
}
