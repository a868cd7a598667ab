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
        string[] patterns = ["HEAD", .. plan.Kinds.Select(kind => Encoding.ASCII.GetString(kind.Root) + "*")];
        using var child = GitProcess.Start(workspace, ["ls-remote", "--symref", "--", url.AbsoluteUri, .. patterns], idle.Token);
        try
        {
            var complete = await ReadRefsAsync(child.Output, url, refs, idle);
            if (await child.EndAsync() != 0)
            {
                throw GitChildErrors.From(await child.ComplaintsAsync(), url, options);
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
}
