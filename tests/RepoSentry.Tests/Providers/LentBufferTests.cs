using RepoSentry.Providers;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Providers;

public sealed class LentBufferTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(16 * 1024)]
    [InlineData(300_000)]
    [InlineData(3_000_000)]
    public void What_was_written_is_what_is_kept(int count)
    {
        var bytes = new byte[count];
        new Random(1).NextBytes(bytes);
        using var buffer = new LentBuffer();
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
