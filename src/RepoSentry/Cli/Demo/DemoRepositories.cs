using System.Diagnostics;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Cli.Demo;

/// <summary>Real repositories in a folder, and a clone of each to push from.</summary>
internal sealed class DemoRepositories(string folder)
{
    public static readonly IReadOnlyList<string> Names = ["shop", "billing", "search", "gateway", "mobile", "docs"];

    private int pushes;

    /// <summary>The folder of the bare repositories.</summary>
    public string Served => Path.Combine(folder, "served");

    /// <summary>Makes the repositories, each with a first commit.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        foreach (var name in Names)
        {
            var bare = Path.Combine(Served, "demo", name + ".git");
            await GitAsync(folder, ["init", "--quiet", "--bare", "--initial-branch=main", bare], cancellationToken);
            await GitAsync(bare, ["config", "http.receivepack", "true"], cancellationToken);
            var clone = Clone(name);
            await GitAsync(folder, ["init", "--quiet", "--initial-branch=main", clone], cancellationToken);
            await CommitAsync(clone, "Begin", cancellationToken);
            await GitAsync(clone, ["push", "--quiet", bare, "main"], cancellationToken);
        }
    }

    /// <summary>Commits and pushes over HTTP to the next repository in turn.</summary>
    public async Task<DemoPush> PushAsync(Uri server, CancellationToken cancellationToken)
    {
        var number = ++pushes;
        var name = Names[number % Names.Count];
        var branch = number % 5 == 0 ? $"feature/{number}" : "main";
        await CommitAsync(Clone(name), $"Change {number}", cancellationToken);
        await GitAsync(Clone(name), ["push", "--quiet", new Uri(server, $"/demo/{name}.git").AbsoluteUri, $"HEAD:refs/heads/{branch}"], cancellationToken);
        var commit = await GitAsync(Clone(name), ["rev-parse", "HEAD"], cancellationToken);
        return new DemoPush(number, name, branch, commit.Trim());
    }

    private string Clone(string name) => Path.Combine(folder, "clones", name);

    private static Task<string> CommitAsync(string clone, string message, CancellationToken cancellationToken) =>
        GitAsync(clone, ["-c", "user.name=Demo", "-c", "user.email=demo@example.com", "commit", "--quiet", "--allow-empty", "-m", message], cancellationToken);

    private static async Task<string> GitAsync(string workingFolder, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(GitProgram.Location, arguments) { WorkingDirectory = workingFolder, UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        start.Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        start.Environment["GIT_TERMINAL_PROMPT"] = "0";
        using var git = Process.Start(start) ?? throw new InvalidOperationException("git did not start");
        var errors = git.StandardError.ReadToEndAsync(cancellationToken);
        var output = await git.StandardOutput.ReadToEndAsync(cancellationToken);
        await git.WaitForExitAsync(cancellationToken);
        return git.ExitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)} failed: {await errors}");
    }
}

/// <summary>A push that was made.</summary>
internal sealed record DemoPush(int Number, string Repository, string Branch, string Commit);
