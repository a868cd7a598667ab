using System.CommandLine;
using RepoSentry.Cli.Completion;

namespace RepoSentry.Cli;

/// <summary>Scripts by which shells complete words of this executable; each asks the executable itself.</summary>
internal static class CompletionCommand
{
    public static Command Create()
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh, fish or pwsh" };
        shell.AcceptOnlyFromAmong([.. ShellScripts.All.Keys]);
        var command = new Command("completion", "Print a script that completes words in your shell: source <(reposentry completion bash)") { shell };
        command.SetAction(result => Console.Write(ShellScripts.All[result.GetValue(shell)!]));
        return command;
    }
}
