using System.Text;

namespace RepoSentry.Tests.Documentation;

/// <summary>The simple commands of a piece of shell: pipes, lists, substitutions and here-documents taken apart, quotes and comments removed.</summary>
internal sealed class ShellText
{
    private static readonly string[] Keywords = ["until", "while", "do", "done", "if", "then", "fi", "!"];

    private readonly string text;
    private readonly List<string[]> commands = [];
    private readonly List<string> words = [];
    private readonly StringBuilder word = new();
    private bool quoted;
    private int at;

    private ShellText(string text) => this.text = text;

    public static IReadOnlyList<string[]> Commands(IEnumerable<string> lines) => new ShellText(string.Join('\n', WithoutDocuments(lines)).Replace("\\\n", " ", StringComparison.Ordinal)).Read();

    private static IEnumerable<string> WithoutDocuments(IEnumerable<string> lines)
    {
        string? end = null;
        foreach (var line in lines)
        {
            if (end is null)
            {
                yield return line;
                end = line.Split("<<") is [_, var mark] ? mark.Trim().Trim('\'', '"') : null;
            }
            else if (line == end)
            {
                end = null;
            }
        }
    }

    private List<string[]> Read()
    {
        for (; at < text.Length; at++)
        {
            Take(text[at]);
        }

        EndCommand();
        return commands;
    }

    private void Take(char letter)
    {
        switch (letter)
        {
            case '\'':
                Quote(text[(at + 1)..(at = text.IndexOf('\'', at + 1))]);
                break;
            case '"':
                var end = text.IndexOf('"', at + 1);
                Quote(text[(at + 1)..end]);
                Substitutions(text[(at + 1)..end]);
                at = end;
                break;
            case '$' when text.AsSpan(at).StartsWith("$("):
                var closing = text.IndexOf(')', at);
                Substitutions(text[at..(closing + 1)]);
                word.Append(text[at..(closing + 1)]);
                at = closing;
                break;
            case '#' when word.Length == 0 && !quoted:
                at = text.IndexOf('\n', at) is var line and >= 0 ? line - 1 : text.Length;
                break;
            case '&' when word.Length > 0 && word[^1] == '>':
                word.Append(letter);
                break;
            case '|' or ';' or '&' or '\n':
                EndCommand();
                break;
            case ' ':
                EndWord();
                break;
            default:
                word.Append(letter);
                break;
        }
    }

    private void Quote(string part)
    {
        quoted = true;
        word.Append(part);
    }

    private void Substitutions(string part)
    {
        for (var from = part.IndexOf("$(", StringComparison.Ordinal); from >= 0; from = part.IndexOf("$(", from + 2, StringComparison.Ordinal))
        {
            commands.AddRange(Commands([part[(from + 2)..part.IndexOf(')', from)]]));
        }
    }

    private void EndWord()
    {
        if (word.Length > 0 || quoted)
        {
            words.Add(word.ToString());
        }

        word.Clear();
        quoted = false;
    }

    private void EndCommand()
    {
        EndWord();
        var command = words.SkipWhile(first => Keywords.Contains(first, StringComparer.Ordinal) || IsAssignment(first)).ToList();
        for (var from = command.FindIndex(IsRedirection); from >= 0; from = command.FindIndex(IsRedirection))
        {
            command.RemoveRange(from, Math.Min(command.Count - from, command[from] is ">" or ">>" or "<" or "2>" ? 2 : 1));
        }

        if (command.Count > 0)
        {
            commands.Add([.. command]);
        }

        words.Clear();
    }

    private static bool IsAssignment(string first) => first.IndexOf('=', StringComparison.Ordinal) is > 0 and var sign && first[..sign].All(letter => char.IsAsciiLetterUpper(letter) || letter == '_');

    private static bool IsRedirection(string one) => one.StartsWith('>') || one.StartsWith("2>", StringComparison.Ordinal) || one.StartsWith('<');
}
