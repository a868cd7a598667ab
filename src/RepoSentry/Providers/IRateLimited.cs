namespace RepoSentry.Providers;

/// <summary>A source that knows what its forge last said of the credential's limit.</summary>
internal interface IRateLimited
{
    /// <summary>Null until the forge told.</summary>
    RateLimitState? Current { get; }

    /// <summary>Of each of its interfaces that told.</summary>
    IEnumerable<RateLimitState> States => Current is { } state ? [state] : [];
}

/// <summary>What a forge said of a credential's limit.</summary>
/// <param name="Limit">Requests in a window.</param>
/// <param name="Remaining">Requests left in this window.</param>
/// <param name="ResetsAt">End of the window by our own clock: the forge's clock is corrected by its Date header.</param>
/// <param name="Resource">The forge's name of the limit, such as <c>core</c>; null where it has one only.</param>
internal sealed record RateLimitState(int Limit, int Remaining, DateTimeOffset ResetsAt, string? Resource)
{
    private static readonly TimeSpan SameWindow = TimeSpan.FromSeconds(5);

    /// <summary>What stays untouched for others that use the same credential.</summary>
    public int Reserve => Math.Min(Math.Max(15, Limit / 20), Limit / 2);

    /// <summary>Answers overtake each other: within one window the smallest number is the newest.</summary>
    public static RateLimitState Newer(RateLimitState? known, RateLimitState told)
    {
        if (known is null || known.Resource != told.Resource || told.ResetsAt > known.ResetsAt + SameWindow)
        {
            return told;
        }

        return told.ResetsAt < known.ResetsAt - SameWindow || told.Remaining > known.Remaining ? known : told;
    }
}
