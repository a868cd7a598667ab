using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>A git child: it gets the environment of its workspace and nothing else, no input, and dies with everything it started when it is no longer wanted.</summary>
internal sealed class GitProcess : IDisposable
{
    private readonly Process child;
    private readonly CancellationToken ending;
    private readonly CancellationTokenRegistration killer;
    private readonly Task<string> complaints;

    private GitProcess(Process child, CancellationToken ending)
    {
        this.child = child;
        this.ending = ending;
        killer = ending.UnsafeRegister(static child => Kill((Process)child!), child);
        child.StandardInput.Close();
        complaints = ReadComplaintsAsync(child.StandardError.BaseStream, ending);
    }

    public Stream Output => child.StandardOutput.BaseStream;

    public static GitProcess Start(GitWorkspace workspace, IEnumerable<string> arguments, CancellationToken ending)
    {
        var start = new ProcessStartInfo(GitProgram.Location, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = workspace.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Clear();
        foreach (var (name, value) in workspace.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return new GitProcess(Process.Start(start)!, ending);
        }
        catch (Win32Exception failure)
        {
            throw new RefSourceException(RefSourceError.Unavailable, "the git executable cannot be run: install git, and openssh-client for ssh remotes", innerException: failure);
        }
    }

    /// <returns>The exit code.</returns>
    public async Task<int> EndAsync()
    {
        await child.WaitForExitAsync(ending);
        return child.ExitCode;
    }

    /// <summary>The beginning of what it wrote to standard error.</summary>
    public Task<string> ComplaintsAsync() => complaints;

    public void Dispose()
    {
        killer.Dispose();
        Kill(child);
        child.Dispose();
    }

    // Its beginning is kept; the rest is read all the same, so that a chatty child does not stall.
    private static async Task<string> ReadComplaintsAsync(Stream errors, CancellationToken cancellationToken)
    {
        var kept = new byte[8192];
        var length = 0;
        var rest = new byte[1024];
        try
        {
            while (length < kept.Length && await errors.ReadAsync(kept.AsMemory(length), cancellationToken) is var count and > 0)
            {
                length += count;
            }

            while (length == kept.Length && await errors.ReadAsync(rest, cancellationToken) > 0)
            {
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It has ended otherwise: what was read so far is enough.
        }

        return Encoding.UTF8.GetString(kept, 0, length);
    }

    private static void Kill(Process child)
    {
        try
        {
            if (!child.HasExited)
            {
                child.Kill(entireProcessTree: true);
            }
        }
        catch (Exception failure) when (failure is InvalidOperationException or Win32Exception or AggregateException)
        {
            // It ended by itself in this very moment.
        }
    }
}
