using System.Diagnostics;

namespace RepoSentry.SystemTests.Support;

/// <summary>Runs programs for tests, with no configuration of the machine's user.</summary>
internal static class TestGit
{
    private static readonly (string Name, string Value)[] Identity =
    [
        ("GIT_AUTHOR_NAME", "Ada"), ("GIT_AUTHOR_EMAIL", "ada@example.org"), ("GIT_COMMITTER_NAME", "Ada"), ("GIT_COMMITTER_EMAIL", "ada@example.org"),
        ("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0"), ("LC_ALL", "C"),
        ("GIT_CONFIG_COUNT", "2"), ("GIT_CONFIG_KEY_0", "safe.directory"), ("GIT_CONFIG_VALUE_0", "*"), ("GIT_CONFIG_KEY_1", "init.defaultBranch"), ("GIT_CONFIG_VALUE_1", "main"),
    ];

    public static string Run(string folder, params string[] arguments) => Run("git", folder, arguments);

    public static string Run(string program, string folder, IEnumerable<string> arguments, string? input = null)
    {
        using var process = Start(program, folder, arguments);
        var errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output.TrimEnd('\n')
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {errors.GetAwaiter().GetResult()}");
    }

    public static Process Start(string program, string folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in Identity)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start)!;
    }

    /// <summary>First path at which a program stands; null where it is not installed.</summary>
    public static string? Find(string program) =>
        ((string[])["/usr/sbin", "/usr/bin", "/usr/local/bin", "/sbin", "/bin"]).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);
}
