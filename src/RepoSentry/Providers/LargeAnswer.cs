namespace RepoSentry.Providers;

/// <summary>
/// The turn to be large. An answer may hold <see cref="FreeBytes"/>; one that needs more waits until no other is large, and then has all that a look may
/// take. So many hostile servers at once cost the memory of one, and a small answer never waits.
/// </summary>
internal sealed class LargeAnswer : IDisposable
{
    public const int FreeBytes = 2 * 1024 * 1024;

    private static readonly SemaphoreSlim Turn = new(1, 1);

    private bool taken;

    public bool Needs(long bytes) => !taken && bytes > FreeBytes;

    /// <summary>Waits for the turn, which lasts until the look ends; first come, first served.</summary>
    public async Task TakeAsync(CancellationToken cancellationToken)
    {
        await Turn.WaitAsync(cancellationToken);
        taken = true;
    }

    public void Dispose()
    {
        if (taken)
        {
            taken = false;
            Turn.Release();
        }
    }
}
