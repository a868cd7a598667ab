using System.Text;

namespace RepoSentry.Tests.Providers.PlainGit;

/// <summary>Gives its bytes and then nothing at all, until the reader gives up.</summary>
internal sealed class SilentStream(byte[] bytes) : OneWayStream
{
    private readonly TaskCompletionSource reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool given = bytes.Length == 0;

    /// <summary>Completes when the reader waits in vain.</summary>
    public Task Reached => reached.Task;

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (!given)
        {
            given = true;
            bytes.CopyTo(buffer);
            return bytes.Length;
        }

        reached.SetResult();
        await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
        return 0;
    }
}

/// <summary>Makes its text piece by piece, until there is none.</summary>
internal sealed class EndlessStream(Func<int, string?> piece) : OneWayStream
{
    private byte[] rest = [];
    private int index;

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (rest.Length == 0)
        {
            rest = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(index, 64).Select(piece)));
            index += 64;
        }

        var count = Math.Min(rest.Length, buffer.Length);
        rest.AsSpan(0, count).CopyTo(buffer.Span);
        rest = rest[count..];
        return ValueTask.FromResult(count);
    }
}

internal abstract class OneWayStream : Stream
{
    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
