using Spectre.Console;

namespace RepoSentry.Cli.Init;

/// <param name="Text">What is asked.</param>
/// <param name="Default">Taken for an empty answer; null where there is none.</param>
/// <param name="Hint">What an answer looks like.</param>
/// <param name="Complaint">What is wrong with an answer; null for a good one.</param>
internal sealed record Question(string Text, string? Default, string Hint, Func<string, string?> Complaint)
{
    public string WhenUnanswered => $"the input ended before \"{Text}\" was answered";
}

/// <summary>Asks until the answer is good.</summary>
internal interface IQuestions
{
    /// <exception cref="EndOfStreamException">Nobody answers any more.</exception>
    Task<string> AskAsync(Question question, CancellationToken cancellationToken);
}

/// <summary>Plain lines, for answers out of a pipe.</summary>
internal sealed class LineQuestions(TextReader input, TextWriter output) : IQuestions
{
    public async Task<string> AskAsync(Question question, CancellationToken cancellationToken)
    {
        while (true)
        {
            await output.WriteLineAsync($"{question.Text} ({question.Hint}){(question.Default is null ? "" : $" [{question.Default}]")}");
            var line = (await input.ReadLineAsync(cancellationToken) ?? throw new EndOfStreamException(question.WhenUnanswered)).Trim();
            var answer = line.Length == 0 ? question.Default ?? "" : line;
            if (question.Complaint(answer) is not { } complaint)
            {
                return answer;
            }

            await output.WriteLineAsync("  " + Client.Printer.Safe(complaint));
        }
    }
}

/// <summary>On a terminal, with colours where they are wanted.</summary>
internal sealed class TerminalQuestions : IQuestions
{
    private readonly IAnsiConsole terminal = new EndableTerminal(AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));

    public async Task<string> AskAsync(Question question, CancellationToken cancellationToken)
    {
        var prompt = new TextPrompt<string>($"[bold]{Markup.Escape(question.Text)}[/] [dim]({Markup.Escape(question.Hint)})[/]")
        {
            AllowEmpty = true,
            Validator = text => question.Complaint(text.Trim()) is { } complaint ? ValidationResult.Error($"[red]  {Markup.Escape(Client.Printer.Safe(complaint))}[/]") : ValidationResult.Success(),
        };
        try
        {
            return (await terminal.PromptAsync(question.Default is { } usual ? prompt.DefaultValue(usual) : prompt, cancellationToken)).Trim();
        }
        catch (EndOfStreamException end)
        {
            terminal.WriteLine();
            throw new EndOfStreamException(question.WhenUnanswered, end);
        }
    }
}
