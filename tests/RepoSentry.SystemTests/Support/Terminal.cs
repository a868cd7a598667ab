using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Support;

/// <summary>A command on a pseudo terminal, which <c>script</c> makes (bsdutils is on every Debian): what its user sees, and keys to press.</summary>
internal sealed partial class Terminal : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder screen = new();
    private readonly Task reading;
    private int read;

    private Terminal(Process process)
    {
        this.process = process;
        reading = ReadAsync();
    }

    /// <param name="environment">More variables than it inherits.</param>
    public static Terminal Start(string command, string folder, params (string Name, string Value)[] environment)
    {
        var script = TestGit.Find("script");
        Assert.SkipWhen(script is null, "script is not installed (bsdutils)");
        var start = new ProcessStartInfo(script!, ["--quiet", "--return", "--command", command, "/dev/null"])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        start.Environment.Remove("NO_COLOR"); // the runner of tests sets it where its own output shall have none
        foreach (var (name, value) in environment.Prepend(("TERM", "xterm-256color")))
        {
            start.Environment[name] = value;
        }

        return new Terminal(Process.Start(start)!);
    }

    /// <summary>Every byte that came, with its escape sequences.</summary>
    public string Screen
    {
        get
        {
            lock (screen)
            {
                return screen.ToString();
            }
        }
    }

    /// <summary>What the eye sees of it.</summary>
    public string Text => Sequence.Replace(Screen, "");

    /// <summary>Waits for a text after what was waited for last, then presses keys.</summary>
    public async Task TypeAsync(string after, string keys)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        int found;
        while ((found = Text.IndexOf(after, read, StringComparison.Ordinal)) < 0)
        {
            limit.IsCancellationRequested.ShouldBeFalse($"\"{after}\" never came; the terminal shows:\n{Text}");
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, CancellationToken.None);
        }

        read = found + after.Length;
        await process.StandardInput.WriteAsync(keys);
        await process.StandardInput.FlushAsync();
    }

    /// <summary>The end of what is typed: the terminal sends Ctrl-D.</summary>
    public void Leave() => process.StandardInput.Close();

    public async Task<int> ExitAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        await process.WaitForExitAsync(limit.Token);
        await reading;
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
        }

        await reading;
        process.Dispose();
    }

    private async Task ReadAsync()
    {
        var buffer = new char[4096];
        while (await process.StandardOutput.ReadAsync(buffer) is > 0 and var count)
        {
            lock (screen)
            {
                screen.Append(buffer, 0, count);
            }
        }
    }

    [GeneratedRegex(@"\e(\[[0-9;?]*[A-Za-z]|[=>])|\r", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Sequence { get; }
}
