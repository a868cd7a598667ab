using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>
/// Looks over ssh and at files by <c>git ls-remote</c>, in a child that gets nothing of our environment but PATH, no configuration of the machine, and that dies
/// with everything it started when the look ends.
/// </summary>
internal sealed class GitChild(PlainGitOptions options)
{
    public async Task LookAsync(Uri url, LookPlan plan, RefCollector refs, IdleTimer idle)
    {
        GitRemote.ThrowUnlessAllowed(url, options);
        using var workspace = GitWorkspace.Create(url, options);
        using var child = Start(url, plan, workspace);
        using var killer = idle.Token.UnsafeRegister(static child => Kill((Process)child!), child);
        try
        {
            child.StandardInput.Close();
            var complaints = ReadComplaintsAsync(child.StandardError.BaseStream, idle.Token);
            var complete = await ReadRefsAsync(child.StandardOutput.BaseStream, url, refs, idle);
            await child.WaitForExitAsync(idle.Token);
            if (child.ExitCode != 0)
            {
                throw GitChildErrors.From(await complaints, url, options);
            }

            if (!complete)
            {
                throw new RefSourceException(RefSourceError.Malformed, $"git's list of the refs of {SafeText.Of(url)} ends in the middle of a line");
            }
        }
        catch (OperationCanceledException cancelled)
        {
            throw idle.Explain(cancelled, SafeText.Of(url));
        }
        finally
        {
            Kill(child);
        }
    }

    private static Process Start(Uri url, LookPlan plan, GitWorkspace workspace)
    {
        var start = new ProcessStartInfo(GitProgram.Location)
        {
            UseShellExecute = false,
            WorkingDirectory = workspace.Path,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        string[] patterns = ["HEAD", .. plan.Kinds.Select(kind => Encoding.ASCII.GetString(kind.Root) + "*")];
        foreach (var argument in (string[])["ls-remote", "--symref", "--", url.AbsoluteUri, .. patterns])
        {
            start.ArgumentList.Add(argument);
        }

        start.Environment.Clear();
        foreach (var (name, value) in workspace.Environment)
        {
            start.Environment[name] = value;
        }

        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            throw new RefSourceException(RefSourceError.Unavailable, "the git executable cannot be run: install git, and openssh-client for ssh remotes", innerException: failure);
        }
    }

    // False if the last line has no end.
    private static async Task<bool> ReadRefsAsync(Stream output, Uri url, RefCollector refs, IdleTimer idle)
    {
        using var answer = new AnswerReader(output, refs, idle, url);
        do
        {
            while (answer.Window.IndexOf((byte)'\n') is var end and >= 0)
            {
                Take(answer.Window[..end], refs);
                answer.Consume(end + 1);
            }

            if (answer.Window.Length > PktLine.MaxLength)
            {
                throw new RefSourceException(RefSourceError.Malformed, "git writes a line that is no ref");
            }
        }
        while (await answer.FillAsync());
        return answer.Window.IsEmpty;
    }

    private static void Take(ReadOnlySpan<byte> line, RefCollector refs)
    {
        var tab = line.IndexOf((byte)'\t');
        if (tab < 0)
        {
            throw new RefSourceException(RefSourceError.Malformed, "git writes a line that is no ref");
        }

        var left = line[..tab];
        var name = line[(tab + 1)..];
        if (left.StartsWith("ref: "u8))
        {
            if (name.SequenceEqual("HEAD"u8))
            {
                refs.PointHead(left[5..]);
            }
        }
        else if (name.EndsWith("^{}"u8))
        {
            refs.Peel(left, name[..^3]);
        }
        else
        {
            refs.Add(left, name);
        }
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
            // The look has ended otherwise: what was read so far is enough.
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
