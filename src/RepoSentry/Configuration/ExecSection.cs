using System.Text.RegularExpressions;
using RepoSentry.Abstractions;

namespace RepoSentry.Configuration;

/// <summary>The keys of an <c>exec</c> trigger: a program, what it finds in its environment, and where it runs.</summary>
internal static partial class ExecSection
{
    private const string OwnPrefix = "REPOSENTRY_";

    /// <returns>Null where there is no command.</returns>
    public static TriggerConfig? Read(SectionReader section, TriggerConfig trigger)
    {
        var command = Command(section);
        var environment = Environment(section.Section("env"));
        var directory = Directory(section);
        return command.Count == 0 ? null : trigger with { Exec = new ExecConfig(command, environment, directory) };
    }

    private static IReadOnlyList<string> Command(SectionReader section)
    {
        var command = section.Texts("command");
        if (command.Count == 0 || command[0].Length == 0)
        {
            section.Error("command", "must name a program", "such as command: [/usr/local/bin/on-change, --fast]");
            return [];
        }

        if (command.Count == 1 && command[0].Contains(' ', StringComparison.Ordinal))
        {
            section.Error("command", "is one text with blanks, and no shell reads it", "write the program and each argument as items of a list: command: [ls, -l]");
        }

        if (command.Any(section.Load.IsFromVariable))
        {
            section.Error("command", "variables are refused here: every user of the machine sees the arguments of its processes", "hand them over in env");
        }

        // A path is one of a file beside the configuration, as everywhere; a bare name is looked up in PATH.
        return command[0].Contains('/', StringComparison.Ordinal) ? [section.Load.Beside(command[0]), .. command.Skip(1)] : command;
    }

    private static Dictionary<string, Secret> Environment(SectionReader section)
    {
        var variables = new Dictionary<string, Secret>(StringComparer.Ordinal);
        foreach (var name in section.Keys)
        {
            variables[name] = section.Secret(name, manyLines: true, literalIsFine: !HttpKeys.IsSensitive(name)) ?? new Secret("");
            if (!VariableName.IsMatch(name))
            {
                section.Error(name, $"{Wording.Quote(name)} is not a name for a variable", "letters, digits and \"_\", no digit first");
            }
            else if (name.StartsWith(OwnPrefix, StringComparison.Ordinal))
            {
                section.Error(name, $"variables that begin with {OwnPrefix} tell of the event", "choose another name");
            }
        }

        return variables;
    }

    private static string Directory(SectionReader section)
    {
        var text = section.Text("working_directory");
        if (text.Length == 0)
        {
            return "";
        }

        var folder = section.Load.Beside(text);
        if (!System.IO.Directory.Exists(folder))
        {
            section.Error("working_directory", $"the folder {section.Load.Quote(text)} does not exist", "paths stand relative to the configuration file");
        }

        return folder;
    }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]{0,127}\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex VariableName { get; }
}
