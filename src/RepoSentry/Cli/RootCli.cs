using System.CommandLine;

namespace RepoSentry.Cli;

/// <summary>The table of commands.</summary>
internal static class RootCli
{
    public static async Task<int> InvokeAsync(string[] arguments)
    {
        var root = new RootCommand("RepoSentry watches Git repositories by polling and fires the webhooks that their forges would have sent")
        {
            DemoCommand.Create(),
            ListenCommand.Create(),
        };
        var result = root.Parse(arguments);
        var code = await result.InvokeAsync();
        return result.Errors.Count > 0 ? ExitCode.Usage : code;
    }
}
