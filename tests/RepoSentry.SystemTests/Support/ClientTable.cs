using System.CommandLine;
using RepoSentry.Cli;
using RepoSentry.Cli.Client;

namespace RepoSentry.SystemTests.Support;

/// <summary>The commands that speak to a service, read off the table of commands.</summary>
internal static class ClientTable
{
    /// <summary>All of them, as a user types them.</summary>
    public static IReadOnlyList<(string Path, Command Command)> All { get; } = [.. RootCli.Create().Subcommands.Where(top => top.Options.Contains(ClientOptions.Server)).SelectMany(top => Walk(top.Name, top))];

    /// <summary>Those that change something.</summary>
    public static IEnumerable<string> Orders => All.Where(pair => !pair.Command.Options.Contains(ClientOptions.Watch)).Select(pair => pair.Path);

    private static IEnumerable<(string Path, Command Command)> Walk(string path, Command command) =>
        command.Subcommands.Count == 0 ? [(path, command)] : command.Subcommands.SelectMany(inner => Walk($"{path} {inner.Name}", inner));
}
