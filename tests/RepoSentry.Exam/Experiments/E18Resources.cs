using System.Diagnostics;
using System.Globalization;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;
using Xunit;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E18: the disk is full, the disk takes no writes, descriptors run out, no name resolves, the clock jumps. The service must not end, must say why it is not
/// ready where its storage is concerned, must lose nothing, and must go on by itself when it gets back what it needs.
/// </summary>
internal static class E18Resources
{
    private const string FakeTime = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1";
    private static readonly TimeSpan Notice = TimeSpan.FromMinutes(1);

    public static async Task RunAsync(Trial trial)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "mounts and limits need root");
        Assert.SkipWhen(TestGit.Find("strace") is null || !File.Exists(FakeTime), "strace or libfaketime is not installed (tests/apt-packages.txt)");
        await FullDiskAsync(trial);
        await NoWritesAsync(trial);
        await NoDescriptorsAsync(trial);
        await NoNamesAsync(trial);
        await ClockAsync(trial);
    }

    private static async Task FullDiskAsync(Trial trial)
    {
        using var disk = new TemporaryFolder();
        if ((await RunAsync("mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk.Path)) is { Code: not 0 } refused)
        {
            throw new SkippedException("a small file system cannot be mounted: " + refused.Output);
        }

        try
        {
            await using var story = await Shortage.BeginAsync(disk.Path);
            await story.StartAsync();
            story.PushAll();
            await Task.Delay(3000);
            Fill(Path.Combine(disk.Path, "filler"));
            for (var push = 0; push < trial.Scale(3, 1); push++)
            {
                story.PushAll();
                await Task.Delay(TimeSpan.FromSeconds(Shortage.Interval + 1));
            }

            trial.Equal("full disk: /readyz says why", await story.SaysAsync("/readyz", 503, "full", Notice) ? 1 : 0, 1);
            File.Delete(Path.Combine(disk.Path, "filler"));
            await story.RecoverAsync(trial, "full disk");
        }
        finally
        {
            await RunAsync("umount", "-l", disk.Path);
        }
    }

    private static void Fill(string path)
    {
        try
        {
            using var filler = File.Create(path);
            var block = new byte[4096];
            while (true)
            {
                filler.Write(block);
                filler.Flush();
            }
        }
        catch (IOException)
        {
            // full
        }
    }

    // Every write to the database fails as on a file system that went read-only.
    private static async Task NoWritesAsync(Trial trial)
    {
        await using var story = await Shortage.BeginAsync();
        await story.StartAsync();
        story.PushAll();
        await Task.Delay(3000);
        string[] arguments =
        [
            "-f", "-p", story.Service.Pid.ToString(CultureInfo.InvariantCulture), "-qqq", "-o", "/dev/null", "-e", "trace=pwrite64", "-e", "inject=pwrite64:error=EROFS",
            "-P", story.Service.DatabasePath, "-P", story.Service.DatabasePath + "-wal",
        ];
        var strace = Children.Start(new ProcessStartInfo("strace", arguments) { UseShellExecute = false, RedirectStandardError = true });
        await Task.Delay(1000);
        story.PushAll();
        trial.Equal("no writes: /readyz says why", await story.SaysAsync("/readyz", 503, "reposentry.db", Notice) ? 1 : 0, 1);
        await RunAsync("kill", "-INT", strace.Id.ToString(CultureInfo.InvariantCulture));
        await strace.WaitForExitAsync();
        await Children.EndAsync(strace);
        await story.RecoverAsync(trial, "no writes");
    }

    // The .NET runtime keeps every assembly open, some 270 descriptors, and ends the process if it cannot have its own next one. So 512 must do, and where hardly
    // any are left it is told, not judged, whether the process lived on; either way nothing may be lost.
    private static async Task NoDescriptorsAsync(Trial trial)
    {
        await using var story = await Shortage.BeginAsync();
        await story.StartAsync("prlimit", "--nofile=512:512");
        await WarmAsync(story);
        var pid = story.Service.Pid.ToString(CultureInfo.InvariantCulture);
        var used = Directory.GetFileSystemEntries($"/proc/{pid}/fd").Length;
        await RunAsync("prlimit", "--pid", pid, string.Create(CultureInfo.InvariantCulture, $"--nofile={used + 3}:512"));
        var crowd = Enumerable.Range(0, 40).Select(_ => new System.Net.Sockets.TcpClient()).ToList();
        await Task.WhenAll(crowd.Select(client => client.ConnectAsync(System.Net.IPAddress.Loopback, story.Service.Port)));
        for (var push = 0; push < trial.Scale(5, 2); push++)
        {
            story.PushAll();
            await Task.Delay(TimeSpan.FromSeconds(Shortage.Interval + 1));
        }

        crowd.ForEach(client => client.Dispose());
        await RunAsync("prlimit", "--pid", pid, "--nofile=512:512");
        await Task.Delay(TimeSpan.FromSeconds(2)); // a runtime that ends for want of them takes a moment to
        trial.Tell("descriptors: in use before, most allowed meanwhile", string.Create(CultureInfo.InvariantCulture, $"{used}, {used + 3}"));
        trial.Tell("descriptors: what the process said if it ended for want of them", story.Service.HasExited ? story.Service.Log.Trim().Split('\n')[^1] : "it lived on");
        if (story.Service.HasExited)
        {
            await story.RestartAsync();
        }

        await story.RecoverAsync(trial, "descriptors");
    }

    // Whatever code failures run is loaded before descriptors are short: a runtime that cannot open an assembly ends the process.
    private static async Task WarmAsync(Shortage story)
    {
        var failing = true;
        story.Receiver.Answer = (_, _) => failing ? 503 : 202;
        story.Git.Trouble = (_, _, context) =>
        {
            if (failing)
            {
                context.Abort();
            }

            return Task.FromResult(failing);
        };
        await Task.Delay(TimeSpan.FromSeconds(Shortage.Interval + 1));
        story.Git.Trouble = (_, _, _) => Task.FromResult(false);
        story.PushAll();
        await Task.Delay(TimeSpan.FromSeconds(Shortage.Interval + 1));
        failing = false;
        await Task.Delay(TimeSpan.FromSeconds(Shortage.Interval + 4));
    }

    // Names come from a hosts file that only the service sees, and the resolver beyond it is dead.
    private static async Task NoNamesAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        var (hosts, resolver) = (Path.Combine(folder.Path, "hosts"), Path.Combine(folder.Path, "resolv.conf"));
        const string Names = "127.0.0.1 localhost exam-git.test exam-receiver.test\n";
        await File.WriteAllTextAsync(hosts, Names);
        await File.WriteAllTextAsync(resolver, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
        await using var story = await Shortage.BeginAsync(names: ("exam-git.test", "exam-receiver.test"));
        story.Git.Trouble = (_, _, context) =>
        {
            context.Response.Headers.Connection = "close"; // an open connection needs no name
            return Task.FromResult(false);
        };
        story.Receiver.Answer = (context, _) =>
        {
            context.Response.Headers.Connection = "close";
            return 202;
        };
        await story.StartAsync("unshare", "-m", "sh", "-c", $"mount --bind {hosts} /etc/hosts && mount --bind {resolver} /etc/resolv.conf && exec \"$@\"", "sh");
        story.PushAll();
        await Task.Delay(3000);
        await File.WriteAllTextAsync(hosts, "127.0.0.1 localhost\n");
        story.PushAll();
        trial.Equal("names: /healthz says that repositories fail", await story.SaysAsync("/healthz", 200, "cannot be looked at", Notice) ? 1 : 0, 1);
        trial.Equal("names: the repository says why", await story.SaysAsync("/api/v1/repositories/s0", 200, "resolve", Notice) ? 1 : 0, 1);
        trial.Equal("names: still ready", await story.SaysAsync("/readyz", 200, "", TimeSpan.FromSeconds(30)) ? 1 : 0, 1);
        await File.WriteAllTextAsync(hosts, Names);
        await story.RecoverAsync(trial, "names");
    }

    private static async Task ClockAsync(Trial trial)
    {
        using var folder = new TemporaryFolder();
        var shift = Path.Combine(folder.Path, "shift");
        await File.WriteAllTextAsync(shift, "+0\n");
        await using var story = await Shortage.BeginAsync();
        story.Service.Environment["LD_PRELOAD"] = FakeTime;
        story.Service.Environment["FAKETIME_TIMESTAMP_FILE"] = shift;
        story.Service.Environment["FAKETIME_NO_CACHE"] = "1";
        story.Service.Environment["FAKETIME_DONT_FAKE_MONOTONIC"] = "1";
        await story.StartAsync();
        var (seen, tooMany, tooFew) = (0, 0, 0);
        foreach (var hours in (double[])[1, -1, 0])
        {
            await File.WriteAllTextAsync(shift, string.Create(CultureInfo.InvariantCulture, $"{(hours < 0 ? "" : "+")}{hours * 3600}\n"));
            story.PushAll();
            var begun = Stopwatch.GetTimestamp();
            story.TakeLooks();
            var window = TimeSpan.FromSeconds(trial.Scale(16, 6));
            await Task.Delay(window);
            var looks = story.TakeLooks();
            var most = Stopwatch.GetElapsedTime(begun).TotalSeconds / Shortage.Interval;
            tooMany += looks.Values.Count(count => count > most + 2); // one by the place of the window, and one more at most
            tooFew += Shortage.Repositories - looks.Values.Count(count => count >= (window.TotalSeconds / Shortage.Interval) - 2);
            var told = (await story.Service.AskAsync("/api/v1/repositories/s0")).Json!.Value.GetProperty("last_checked").GetDateTimeOffset();
            seen += Math.Abs((told - TimeProvider.System.GetUtcNow()).TotalHours - hours) < 0.1 ? 1 : 0;
        }

        trial.Equal("clock: jumps that the service saw", seen, 3);
        trial.Zero("clock: repositories with more than one look too many", tooMany);
        trial.Zero("clock: repositories that were forgotten", tooFew);
        await story.RecoverAsync(trial, "clock");
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var process = Children.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true });
        var output = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        var code = process.ExitCode;
        await Children.EndAsync(process);
        return (code, output);
    }
}
