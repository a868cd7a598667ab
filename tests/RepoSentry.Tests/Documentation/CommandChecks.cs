using System.CommandLine;
using System.Text.Json;
using System.Text.RegularExpressions;
using RepoSentry.Cli;

namespace RepoSentry.Tests.Documentation;

/// <summary>What must be true of a command that a document shows, by its program. A program that is not in the table is one that nobody checks.</summary>
internal sealed partial class CommandChecks
{
    private static readonly string[] Trusted =
    [
        "bash", "cat", "cd", "chmod", "cp", "dotnet", "echo", "eval", "export", "git", "grep", "jq", "kill", "ls", "mkdir", "mv", "npm", "openssl", "pidof", "ps", "rm", "sed", "sha256sum", "skopeo", "sleep", "source", "sqlite3", "sudoedit", "tail", "wait",
    ];

    private readonly RootCommand root = RootCli.Create();
    private readonly OpenApi api = OpenApi.Read();

    public static bool Knows(string program) =>
        program is "reposentry" or "curl" or "helm" or "kubectl" or "docker" or "systemctl" or "journalctl" or "sudo" or "timeout" || program.StartsWith("./", StringComparison.Ordinal) || Trusted.Contains(program, StringComparer.Ordinal);

    /// <returns>What is wrong, nothing if all is right.</returns>
    public IEnumerable<string> Problems(string[] command) => ProblemsOf(command).Concat(Files(command)).Select(problem => $"{string.Join(' ', command)}: {problem}");

    private IEnumerable<string> ProblemsOf(string[] command) => command switch
    {
        ["reposentry" or "./run", .. var arguments] => root.Parse(arguments.Length == 0 && command[0] == "./run" ? ["demo"] : arguments).Errors.Select(error => error.Message),
        ["sudo", .. var rest] => ProblemsOf(rest),
        ["timeout", _, "sh", "-c", var inner] => ShellText.Commands([inner]).SelectMany(Problems),
        ["curl", ..] => Curl(command),
        ["helm", ..] => Helm(command),
        ["docker", ..] => Docker(command),
        ["systemctl" or "journalctl", ..] => Units(command),
        ["kubectl", ..] => [],
        _ when command[0].StartsWith("./", StringComparison.Ordinal) || command[0].Contains('/', StringComparison.Ordinal) => Path.Exists(Path.Combine(Document.Root, Built(command[0]))) ? [] : ["there is no such script"],
        _ => Knows(command[0]) ? [] : ["nobody checks this program: CommandChecks is the table"],
    };

    // What a build makes need not be there: its project must.
    private static string Built(string program) => program.Split("/bin/")[0];

    private IEnumerable<string> Curl(string[] command)
    {
        var address = command.FirstOrDefault(word => word.Contains("$API", StringComparison.Ordinal) || word.StartsWith("http", StringComparison.Ordinal));
        if (address is null)
        {
            yield return "asks no address";
            yield break;
        }

        var method = After(command, "-X").FirstOrDefault() ?? (command.Contains("-d") ? "POST" : "GET");
        if (api.Problem(method, Host.Replace(address, "")) is { } problem)
        {
            yield return problem;
        }

        foreach (var body in After(command, "-d").Where(body => !IsJson(body)))
        {
            yield return $"{body} is no JSON";
        }
    }

    private static IEnumerable<string> Helm(string[] command)
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Document.Root, "deploy/helm/reposentry/values.schema.json")));
        foreach (var key in After(command, "--set").Select(pair => pair.Split('=')[0]))
        {
            var at = schema.RootElement;
            if (!key.Split('.').All(part => at.TryGetProperty("properties", out var known) && known.TryGetProperty(part, out at)))
            {
                yield return $"{key} is no value of the chart";
            }
        }
    }

    private static IEnumerable<string> Docker(string[] command)
    {
        var file = After(command, "-f").FirstOrDefault();
        var text = file is null ? "" : File.ReadAllText(Path.Combine(Document.Root, file));
        return After(command, "--build-arg").Select(pair => pair.Split('=')[0]).Where(name => !text.Contains($"ARG {name}", StringComparison.Ordinal)).Select(name => $"{file} has no ARG {name}");
    }

    private static IEnumerable<string> Units(string[] command) =>
        command.Contains("daemon-reload") || command.Any(word => word.Split('.')[0] == "reposentry") ? [] : ["names no unit of deploy/systemd"];

    // What the page itself makes is not there yet.
    private static IEnumerable<string> Files(string[] command) =>
        from word in command
        where word.StartsWith("deploy/", StringComparison.Ordinal) || word.StartsWith("docs/", StringComparison.Ordinal) || word.StartsWith("src/", StringComparison.Ordinal) || word.StartsWith("tests/", StringComparison.Ordinal)
        where !word.StartsWith("deploy/compose/secrets", StringComparison.Ordinal) && !word.Contains("/bin/", StringComparison.Ordinal)
        where !Path.Exists(Path.Combine(Document.Root, word))
        select $"there is no {word}";

    private static IEnumerable<string> After(string[] command, string option) => command.Zip(command.Skip(1)).Where(pair => pair.First == option).Select(pair => pair.Second);

    private static bool IsJson(string text)
    {
        try
        {
            using var parsed = JsonDocument.Parse(text);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [GeneratedRegex(@"\A(\$\{?API\}?|https?://[^/]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Host { get; }
}
