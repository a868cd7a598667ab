namespace RepoSentry.Configuration.Secrets;

/// <summary>
/// A secret of a store (Kubernetes, Vault). It is asked for again in the background once it is a minute old, so that nobody waits for the store; while the
/// store does not answer, the last good value stands.
/// </summary>
/// <param name="fetch">Value, or what is wrong.</param>
internal sealed class StoredSecret(string reference, Func<string, (string? Value, string? Problem)> fetch, TimeProvider time)
{
    public static readonly TimeSpan FreshFor = TimeSpan.FromMinutes(1);

    private string value = "";
    private long askedAt;
    private int asking;

    /// <summary>The first time, which is waited for.</summary>
    /// <returns>What is wrong, as the end of a sentence; null if nothing.</returns>
    public string? Load()
    {
        var (found, problem) = fetch(reference);
        if (found is not { Length: > 0 })
        {
            return problem ?? "is empty";
        }

        Volatile.Write(ref value, found);
        Volatile.Write(ref askedAt, time.GetTimestamp());
        return null;
    }

    public string Reveal()
    {
        if (time.GetElapsedTime(Volatile.Read(ref askedAt)) >= FreshFor && Interlocked.Exchange(ref asking, 1) == 0)
        {
            ThreadPool.UnsafeQueueUserWorkItem(static secret => secret.Refresh(), this, preferLocal: false);
        }

        return Volatile.Read(ref value);
    }

    private void Refresh()
    {
        try
        {
            Load();
        }
        finally
        {
            Volatile.Write(ref askedAt, time.GetTimestamp());
            Volatile.Write(ref asking, 0);
        }
    }
}
