using System.Diagnostics;
using System.Globalization;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Polling.Replay;

/// <summary>Reads when local clones were pushed to, as far as their default branch tells: commits within a minute of each other count as one push.</summary>
internal static class GitHistory
{
    private const double SamePush = 60;
    private const double Monday = 4 * 86_400; // 1970-01-05

    /// <exception cref="FormatException">A folder is no clone.</exception>
    public static async Task<PushHistory> ReadAsync(IReadOnlyList<string> folders, CancellationToken cancellationToken)
    {
        var times = new List<List<double>>();
        foreach (var folder in folders)
        {
            times.Add(await CommitsAsync(folder, cancellationToken));
        }

        var first = times.Where(one => one.Count > 0).Select(one => one[0]).DefaultIfEmpty(Monday).Min();
        var start = Monday + (Math.Floor((first - Monday) / PushHistory.Week) * PushHistory.Week);
        return new PushHistory([.. times.Select(one => Pushes(one).Select(time => time - start).ToArray())]);
    }

    private static async Task<List<double>> CommitsAsync(string folder, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(folder))
        {
            throw new FormatException($"{folder} is no folder");
        }

        var start = new ProcessStartInfo(GitProgram.Location, ["-C", folder, "log", "--first-parent", "--format=%ct", "HEAD", "--"]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        using var git = Process.Start(start)!;
        var error = git.StandardError.ReadToEndAsync(cancellationToken);
        var times = new List<double>();
        while (await git.StandardOutput.ReadLineAsync(cancellationToken) is { } line)
        {
            if (double.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var time))
            {
                times.Add(time);
            }
        }

        await git.WaitForExitAsync(cancellationToken);
        times.Sort();
        return git.ExitCode == 0 ? times : throw new FormatException($"{folder} is no clone with commits: {(await error).Trim()}");
    }

    /// <summary>Commits in order, of which those within a minute count as one push.</summary>
    public static IEnumerable<double> Pushes(List<double> commits)
    {
        for (var at = 0; at < commits.Count; at++)
        {
            if (at + 1 == commits.Count || commits[at + 1] - commits[at] > SamePush)
            {
                yield return commits[at];
            }
        }
    }
}
