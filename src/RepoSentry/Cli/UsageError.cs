using System.CommandLine;
using System.CommandLine.Invocation;
using System.Text.RegularExpressions;
using RepoSentry.Configuration;

namespace RepoSentry.Cli;

/// <summary>What cannot be typed so: said in sentences on standard error, with where to look. Nothing goes to standard output, for a pipe may hang on it.</summary>
internal static partial class UsageError
{
    /// <returns>Whether there is anything to tell.</returns>
    public static bool Tell(ParseResult parsed, TextWriter errors)
    {
        if (parsed.Action is not ParseErrorAction || parsed.Errors.Count == 0)
        {
            return false;
        }

        var command = parsed.CommandResult.Command;
        var unknown = parsed.UnmatchedTokens is [var first, ..] ? first : null;
        if (command.Subcommands.Count > 0 && unknown is not null && !unknown.StartsWith('-'))
        {
            var hint = Wording.DidYouMean(unknown, command.Subcommands.Select(inner => inner.Name));
            errors.WriteLine($"there is no command {Path(parsed)} {unknown}{(hint is null ? "" : $" ({hint})")}");
        }
        else if (command.Subcommands.Count > 0 && unknown is null)
        {
            errors.WriteLine($"name a command after {Path(parsed)}: {string.Join(", ", command.Subcommands.Select(inner => inner.Name))}");
        }
        else
        {
            foreach (var error in parsed.Errors)
            {
                errors.WriteLine(Reworded(error.Message));
            }
        }

        errors.WriteLine($"see {Path(parsed)} --help");
        return true;
    }

    private static string Reworded(string message)
    {
        var text = NoValue.Replace(message, match => $"{match.Groups["option"].Value} takes {Kind(match.Groups["type"].Value)}, not {match.Groups["value"].Value}");
        text = NotAmong.Replace(text, match => $"{match.Groups["value"].Value} is none of:");
        return string.Join(", ", text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => line is ['\'', .., '\''] ? line.Trim('\'') : line)).Replace(":, ", ": ", StringComparison.Ordinal);
    }

    private static string Kind(string type) => type.Contains("Int", StringComparison.Ordinal) ? "a whole number" : type.Contains("Double", StringComparison.Ordinal) ? "a number" : type.Contains("Boolean", StringComparison.Ordinal) ? "true or false" : "another kind of value";

    private static string Path(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult command; at = command.Parent)
        {
            names.Insert(0, command.Command is RootCommand ? "reposentry" : command.Command.Name);
        }

        return string.Join(' ', names);
    }

    [GeneratedRegex(@"Cannot parse argument '(?<value>[^']*)' (for (option|command) '(?<option>[^']*)' )?as expected type '(?<type>.*)'\.?", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NoValue { get; }

    [GeneratedRegex(@"Argument '(?<value>[^']*)' not recognized\. Must be one of:", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex NotAmong { get; }
}
