using RepoSentry.Providers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class LentBufferTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(16 * 1024, true)]
    [InlineData(300_000, true)]
    [InlineData(300_000, false)]
    [InlineData(3_000_000, true)]
    public void What_was_written_is_what_is_kept(int count, bool fromPool)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        using var buffer = new LentBuffer(fromPool);
        for (var at = 0; at < count;)
        {
            var room = buffer.Free;
            var some = Math.Min(Math.Min(room.Length, 7_001), count - at);
            bytes.AsMemory(at, some).CopyTo(room);
            buffer.Filled(some);
            at += some;
        }

        buffer.Memory.Span.SequenceEqual(bytes).ShouldBeTrue();
        var kept = buffer.Keep();
        buffer.Dispose();
        kept.Span.SequenceEqual(bytes).ShouldBeTrue();
    }
}
