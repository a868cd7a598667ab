using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace RepoSentry.Bench;

/// <summary>A loop of <c>git ls-remote</c>: what a poller pays that starts a program for each look.</summary>
internal static class GitChildren
{
    private const int ChildrenUsage = -1;

    /// <returns>CPU and wall milliseconds a look, and the peak memory of the processes of one, in MB.</returns>
    public static async Task<(double Cpu, double Wall, double Megabytes)> MeasureAsync(int rounds, Uri url)
    {
        await RunGitAsync(url);
        var (cpu, clock, peak) = (ChildrenCpu(), Stopwatch.GetTimestamp(), 0.0);
        for (var round = 0; round < rounds; round++)
        {
            peak = Math.Max(peak, await RunGitAsync(url));
        }

        return ((ChildrenCpu() - cpu) / rounds, Stopwatch.GetElapsedTime(clock).TotalMilliseconds / rounds, peak);
    }

    // Peak memory of git and its helper, read while they live: the kernel's figure for ended children counts the process that started them.
    private static async Task<double> RunGitAsync(Uri url)
    {
        var start = new ProcessStartInfo("git", ["ls-remote", url.AbsoluteUri]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var git = Process.Start(start)!;
        var output = git.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
        var peaks = new Dictionary<string, double>(StringComparer.Ordinal);
        while (!git.HasExited)
        {
            foreach (var pid in Descendants(git.Id.ToString(CultureInfo.InvariantCulture)))
            {
                peaks[pid] = Math.Max(peaks.GetValueOrDefault(pid), PeakMegabytes(pid));
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System, CancellationToken.None);
        }

        await output;
        return peaks.Values.Sum();
    }

    private static List<string> Descendants(string pid)
    {
        var all = new List<string> { pid };
        for (var i = 0; i < all.Count; i++)
        {
            all.AddRange(Read($"/proc/{all[i]}/task/{all[i]}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }

        return all;
    }

    private static double PeakMegabytes(string pid)
    {
        var line = Array.Find(Read($"/proc/{pid}/status").Split('\n'), line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return line is null ? 0 : double.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture) * 1024 / 1e6;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return ""; // it has just ended
        }
    }

    // CPU milliseconds of all children that have ended, with theirs.
    private static double ChildrenCpu()
    {
        var usage = new long[18];
        _ = GetUsage(ChildrenUsage, usage);
        return (usage[0] * 1000.0) + (usage[1] / 1000.0) + (usage[2] * 1000.0) + (usage[3] / 1000.0);
    }

    [DllImport("libc", EntryPoint = "getrusage")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int GetUsage(int who, [Out] long[] usage);
}
