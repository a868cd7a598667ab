namespace RepoSentry.Abstractions;

/// <summary>What a failed look means for the next one.</summary>
public enum RefSourceError
{
    /// <summary>The credential is missing, wrong or expired. Never followed by a fallback.</summary>
    Unauthorized,

    /// <summary>No such repository, or none that this credential may see. Never followed by a fallback.</summary>
    NotFound,

    /// <summary>The hosting asks to wait.</summary>
    RateLimited,

    /// <summary>Connection, TLS or server failure, or a time-out.</summary>
    Unavailable,

    /// <summary>An answer that is not what the protocol promises: HTML instead of JSON, a truncated page, a broken pkt-line.</summary>
    Malformed,
}

/// <summary>A look that does not count.</summary>
public sealed class RefSourceException(
    RefSourceError error, string message, TimeSpan? retryAfter = null, Exception? innerException = null)
    : Exception(message, innerException)
{
    /// <summary>Kind of failure; one sentence in the dashboard and one metric label each.</summary>
    public RefSourceError Error { get; } = error;

    /// <summary>How long the hosting asks us to stay away, if it said so. Holds for the whole credential when rate limited.</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;
}
