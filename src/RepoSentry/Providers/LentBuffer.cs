using System.Buffers;

namespace RepoSentry.Providers;

/// <summary>Bytes of unknown number in an array of the pool, which takes it back at the end. What is very large is not kept by the pool: it is rare, and would stay.</summary>
internal sealed class LentBuffer : IDisposable
{
    private const int First = 16 * 1024;
    private const int Largest = 1024 * 1024;

    private byte[] array = ArrayPool<byte>.Shared.Rent(First);

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

    /// <summary>Room for what comes next: never empty.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (Length == array.Length)
            {
                var larger = Length * 2 <= Largest ? ArrayPool<byte>.Shared.Rent(Length * 2) : new byte[Length * 2];
                array.CopyTo(larger, 0);
                GiveBack(array);
                array = larger;
            }

            return array.AsMemory(Length);
        }
    }

    /// <param name="count">Bytes that were written to <see cref="Free"/>.</param>
    public void Filled(int count) => Length += count;

    /// <summary>The bytes for as long as they are needed; the buffer is empty afterwards.</summary>
    public ReadOnlyMemory<byte> Keep()
    {
        if (array.Length <= Largest)
        {
            return Memory.ToArray();
        }

        var kept = Memory;
        (array, Length) = ([], 0);
        return kept;
    }

    public void Dispose()
    {
        (var lent, array, Length) = (array, [], 0);
        GiveBack(lent);
    }

    private static void GiveBack(byte[] lent)
    {
        if (lent.Length is > 0 and <= Largest)
        {
            ArrayPool<byte>.Shared.Return(lent);
        }
    }
}
