using System.CommandLine;
using RepoSentry.Cli.Completion;
using RepoSentry.Cli.Init;

namespace RepoSentry.Cli;

/// <summary>A first configuration by question and answer. No secret is asked for: only where it will be found.</summary>
internal static class InitCommand
{
    private const string DefaultFile = "reposentry.yaml";

    public static Command Create()
    {
        var file = new Option<string>("--config", "-c") { Description = "Configuration file to write", HelpName = "FILE", DefaultValueFactory = _ => DefaultFile }.Files();
        var defaults = new Option<bool>("--defaults") { Description = "Ask nothing: write an example to change by hand" };
        var force = new Option<bool>("--force") { Description = "Write over an existing file without asking" };
        var command = new Command("init", "Write a first configuration, commented, by question and answer") { file, defaults, force };
        command.SetAction(async (result, token) =>
        {
            var path = result.GetValue(file)!;
            IQuestions questions = Console.IsInputRedirected || Console.IsErrorRedirected ? new LineQuestions(Console.In, Console.Error) : new TerminalQuestions();
            try
            {
                return await RunAsync(path, result.GetValue(defaults), result.GetValue(force), questions, token);
            }
            catch (EndOfStreamException e)
            {
                await Console.Error.WriteLineAsync($"{e.Message}: {path} was not written (--defaults asks nothing)");
                return ExitCode.Usage;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                await Console.Error.WriteLineAsync($"{path} cannot be written: {e.Message} Name another file with -c");
                return ExitCode.Failed;
            }
            catch (OperationCanceledException) when (token.IsCancellationRequested)
            {
                return ExitCode.Failed;
            }
        });
        return command;
    }

    private static async Task<int> RunAsync(string path, bool defaults, bool force, IQuestions questions, CancellationToken cancellationToken)
    {
        if (File.Exists(path) && !force && (defaults || !await MayReplaceAsync(path, questions, cancellationToken)))
        {
            await Console.Error.WriteLineAsync($"{path} exists and stays as it is: name another file with -c, or --force to write over it");
            return ExitCode.Conflict;
        }

        var answers = defaults ? InitAnswers.Example : await InitInterview.AskAsync(path, questions, cancellationToken);
        await File.WriteAllTextAsync(path, InitText.Of(answers), cancellationToken);
        await TellAsync(path, answers);
        return ExitCode.Ok;
    }

    private static async Task<bool> MayReplaceAsync(string path, IQuestions questions, CancellationToken cancellationToken)
    {
        var answer = await questions.AskAsync(new Question($"{path} exists. Write over it?", "no", "yes or no", text => IsYes(text) || IsNo(text) ? null : "yes or no"), cancellationToken);
        return IsYes(answer);
    }

    private static bool IsYes(string text) => text.Equals("yes", StringComparison.OrdinalIgnoreCase) || text.Equals("y", StringComparison.OrdinalIgnoreCase);

    private static bool IsNo(string text) => text.Equals("no", StringComparison.OrdinalIgnoreCase) || text.Equals("n", StringComparison.OrdinalIgnoreCase);

    private static async Task TellAsync(string path, InitAnswers answers)
    {
        await Console.Error.WriteLineAsync($"{path} is written.");
        foreach (var variable in answers.Variables.Where(variable => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable.Name))))
        {
            await Console.Error.WriteLineAsync($"Set {variable.Name} first: {variable.Holds}.");
        }

        var option = path == DefaultFile ? "" : " -c " + path;
        await Console.Error.WriteLineAsync($"Next:\n  reposentry check{option}\n  reposentry run{option}");
    }
}
