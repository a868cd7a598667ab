using System.Buffers;

namespace RepoSentry.Providers;

/// <summary>Bytes of unknown number in an array of the pool, which takes it back at the end.</summary>
internal sealed class LentBuffer : IDisposable
{
    private byte[] array = ArrayPool<byte>.Shared.Rent(16 * 1024);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

    /// <summary>Room for what comes next: never empty.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (Length == array.Length)
            {
                var larger = ArrayPool<byte>.Shared.Rent(array.Length * 2);
                array.CopyTo(larger, 0);
                ArrayPool<byte>.Shared.Return(array);
                array = larger;
            }

            return array.AsMemory(Length);
        }
    }

    /// <param name="count">Bytes that were written to <see cref="Free"/>.</param>
    public void Filled(int count) => Length += count;

    public void Dispose()
    {
        (var lent, array, Length) = (array, [], 0);
        if (lent.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(lent);
        }
    }
}
