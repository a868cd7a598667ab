using System.Buffers;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>A window that moves over a server's answer: pooled, counted against the cap, watched for silence, and halted while another look is large.</summary>
internal sealed class AnswerReader(Stream stream, RefCollector refs, IdleTimer idle, Uri url) : IDisposable
{
    private byte[] buffer = ArrayPool<byte>.Shared.Rent(8192);
    private int start;
    private int end;
    private long total;

    /// <summary>Who answers, for messages.</summary>
    public string Where => SafeText.Of(url);

    /// <summary>What has arrived and was not yet consumed; valid until the next <see cref="FillAsync"/>.</summary>
    public ReadOnlySpan<byte> Window => buffer.AsSpan(start, end - start);

    public void Consume(int count) => start += count;

    /// <summary>Waits for more bytes; false at the end of the answer.</summary>
    public async ValueTask<bool> FillAsync()
    {
        MakeRoom();
        int count;
        try
        {
            await refs.MakeRoomAsync(idle);
            count = await stream.ReadAsync(buffer.AsMemory(end), idle.Token);
        }
        catch (OperationCanceledException cancelled)
        {
            throw idle.Explain(cancelled, Where);
        }
        catch (HttpIOException failure) when (failure.HttpRequestError is HttpRequestError.ResponseEnded or HttpRequestError.InvalidResponse)
        {
            throw new RefSourceException(RefSourceError.Malformed, $"the answer of {Where} was cut off", innerException: failure);
        }
        catch (IOException failure)
        {
            throw new RefSourceException(RefSourceError.Unavailable, $"the connection to {Where} broke in the middle of its answer", innerException: failure);
        }

        idle.Restart();
        end += count;
        total += count;
        return total <= PlainGitLimits.MaxBytes
            ? count > 0
            : throw new RefSourceException(RefSourceError.Malformed, $"{Where} sends more than {PlainGitLimits.MaxBytes / 1024 / 1024} MiB of refs");
    }

    public void Dispose()
    {
        ArrayPool<byte>.Shared.Return(buffer);
        buffer = [];
    }

    private void MakeRoom()
    {
        if (start > 0)
        {
            Window.CopyTo(buffer);
            end -= start;
            start = 0;
        }

        if (end > buffer.Length / 2)
        {
            var larger = ArrayPool<byte>.Shared.Rent(buffer.Length * 2);
            Window.CopyTo(larger);
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = larger;
        }
    }
}
