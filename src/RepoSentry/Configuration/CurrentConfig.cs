namespace RepoSentry.Configuration;

/// <summary>The configuration in force. A reload puts another in its place; whoever asks again sees it.</summary>
internal sealed class CurrentConfig(SentryConfig initial)
{
    private SentryConfig value = initial;
    private ConfigStanding standing = new(null, null, [], []);

    /// <summary>There is a file to read again.</summary>
    public bool HasFile { get; init; }

    public SentryConfig Value
    {
        get => Volatile.Read(ref value);
        set => Volatile.Write(ref this.value, value);
    }

    public ConfigStanding Standing
    {
        get => Volatile.Read(ref standing);
        set => Volatile.Write(ref standing, value);
    }
}

/// <summary>How the configuration in force relates to what is written.</summary>
/// <param name="AppliedAt">When it was last changed by a reload; null while it is that of the start.</param>
/// <param name="Problem">Why what is written now is not in force; null if it is.</param>
/// <param name="NeedRestart">Settings that were changed and hold from the next start on.</param>
/// <param name="Changes">What that reload made different, one line each; values of secrets are never told.</param>
internal sealed record ConfigStanding(DateTimeOffset? AppliedAt, string? Problem, IReadOnlyList<string> NeedRestart, IReadOnlyList<string> Changes);
