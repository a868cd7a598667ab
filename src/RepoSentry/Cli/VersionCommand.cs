using System.CommandLine;
using RepoSentry.Telemetry;

namespace RepoSentry.Cli;

/// <summary>Which build this is.</summary>
internal static class VersionCommand
{
    public static Command Create()
    {
        var command = new Command("version", "Version of this executable");
        command.SetAction(_ => Console.WriteLine(ProductVersion.Text));
        return command;
    }
}
