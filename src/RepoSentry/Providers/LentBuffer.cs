using System.Buffers;

namespace RepoSentry.Providers;

/// <summary>Bytes of unknown number, in an array of the pool that it takes back at the end, or in one of their own. What is very large is never the pool's: it is rare, and would stay.</summary>
/// <param name="fromPool">For answers that come all the time and are gone at once.</param>
internal sealed class LentBuffer(bool fromPool) : IDisposable
{
    private const int First = 16 * 1024;
    private const int Largest = 1024 * 1024;

    private byte[] array = fromPool ? ArrayPool<byte>.Shared.Rent(First) : new byte[First];

    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => array.AsMemory(0, Length);

    /// <summary>Room for what comes next: never empty.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (Length == array.Length)
            {
                var larger = fromPool && Length * 2 <= Largest ? ArrayPool<byte>.Shared.Rent(Length * 2) : new byte[Length < AnswerBudget.PerAnswer ? Math.Min(Length * 2, AnswerBudget.PerAnswer + 1) : Length * 2];
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
        if (fromPool && array.Length <= Largest)
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

    private void GiveBack(byte[] lent)
    {
        if (fromPool && lent.Length is > 0 and <= Largest)
        {
            ArrayPool<byte>.Shared.Return(lent);
        }
    }
}
