using System.Diagnostics;
using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Network;
using RepoSentry.Providers.PlainGit;

namespace RepoSentry.Bench;

/// <summary>The native reader of refs beside <c>git ls-remote</c>, on the same real repository behind the same server.</summary>
internal static class ReaderBench
{
    private const int WarmUp = 40;
    private static readonly int[] Sizes = [10, 1_000, 50_000];

    public static async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("reposentry-bench-").FullName;
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["serve-git", folder]) { UseShellExecute = false, RedirectStandardOutput = true };
        using var server = Process.Start(start)!;
        try
        {
            var root = new Uri((await server.StandardOutput.ReadLineAsync())!);
            foreach (var size in Sizes)
            {
                MakeRepository(Path.Combine(folder, $"r{size}.git"), size);
                await CompareAsync(new Uri(root, $"/r{size}.git"), size);
            }
        }
        finally
        {
            server.Kill();
            await server.WaitForExitAsync();
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task CompareAsync(Uri url, int size)
    {
        var rounds = size > 10_000 ? 10 : 40;
        using var http = OutboundHttp.CreateClient(new OutboundOptions());
        var source = new PlainGitRefSource(new PlainGitOptions { Provider = "bench" }, http, TimeProvider.System);
        var first = await source.LookAsync(Ask(url, null), CancellationToken.None);
        var validator = first.Kinds[0].Snapshot!.Validator;
        var full = await MeasureAsync(rounds, () => source.LookAsync(Ask(url, null), CancellationToken.None));
        var unchanged = await MeasureAsync(rounds, () => source.LookAsync(Ask(url, validator), CancellationToken.None));
        var git = await GitChildren.MeasureAsync(rounds, url);
        ServiceBench.Report(
            $"{size:N0} refs over smart HTTP: the native reader beside git ls-remote ({rounds} looks each)",
            ("native, every ref read: CPU, time, allocated", $"{full.Cpu:0.00} ms, {full.Wall:0.0} ms, {full.Megabytes:0.00} MB; {size / full.Wall:0.0} k refs/s"),
            ("native, unchanged: CPU, time, allocated", $"{unchanged.Cpu:0.00} ms, {unchanged.Wall:0.0} ms, {unchanged.Megabytes:0.00} MB"),
            ("git ls-remote: CPU, time, peak memory of its processes", $"{git.Cpu:0.00} ms, {git.Wall:0.0} ms, {git.Megabytes:0.0} MB; {size / git.Wall:0.0} k refs/s"));
    }

    private static async Task<(double Cpu, double Wall, double Megabytes)> MeasureAsync(int rounds, Func<Task> look)
    {
        for (var round = 0; round < WarmUp; round++)
        {
            await look(); // as in a service that has run for a while: its code is compiled for good by then
        }

        using var self = Process.GetCurrentProcess();
        var (cpu, allocated, clock) = (self.TotalProcessorTime, GC.GetTotalAllocatedBytes(precise: true), Stopwatch.GetTimestamp());
        for (var round = 0; round < rounds; round++)
        {
            await look();
        }

        var wall = Stopwatch.GetElapsedTime(clock).TotalMilliseconds / rounds;
        self.Refresh();
        return ((self.TotalProcessorTime - cpu).TotalMilliseconds / rounds, wall, (GC.GetTotalAllocatedBytes(precise: true) - allocated) / 1e6 / rounds);
    }

    private static void MakeRepository(string path, int size)
    {
        Run(null, "git", "init", "--quiet", "--bare", "--initial-branch=main", path);
        var tree = Run("", "git", "-C", path, "hash-object", "-t", "tree", "-w", "--stdin").Trim();
        var commit = Run(null, "git", "-C", path, "-c", "user.name=b", "-c", "user.email=b@example.com", "commit-tree", "-m", "x", tree).Trim();
        Run(string.Concat(Enumerable.Range(0, size).Select(number => string.Create(CultureInfo.InvariantCulture, $"create refs/heads/topic/{number:D6} {commit}\n"))), "git", "-C", path, "update-ref", "--stdin");
        Run(null, "git", "-C", path, "pack-refs", "--all");
    }

    private static string Run(string? input, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardInput = true };
        using var process = Process.Start(start)!;
        process.StandardInput.Write(input);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed");
    }

    private static RefLookRequest Ask(Uri url, string? validator) => new(url, [new KindRequest(RefKind.Branch, [], validator)]);
}
