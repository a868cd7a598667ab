namespace RepoSentry.Configuration.Secrets;

/// <summary>Which keys the stored secrets are sealed with. The master key is read anew at each use, so a wrong one shows here at once, not at the next start.</summary>
internal sealed class SealsInUse
{
    private volatile IReadOnlyList<string> ofEntries = [];
    private volatile IReadOnlyList<string> ofSessions = [];

    public void Entries(IEnumerable<string> entries) => ofEntries = [.. entries.Select(SealedEntry.KeyIdOf).OfType<string>()];

    public void Sessions(IEnumerable<string> sealedKeys) => ofSessions = [.. sealedKeys.Select(MasterKey.KeyIdOf)];

    /// <returns>What the master key that is in place now does not open, and what to do; null if it opens all.</returns>
    public string? Problem(MasterKey? key) =>
        Unsafe(key) ?? (key is not null && ofSessions.Count > 0 && Missing(ofSessions, key.Ids, "keys of browser sessions are") is { } sessions ? sessions + "; without it those who are signed in have to sign in again" : null);

    /// <returns>Why nothing may be sealed with the master key that is in place now; null if it may, or if there is none.</returns>
    public string? Unsafe(MasterKey? key) => key switch
    {
        null => null, // tokens do not come without a key, and sessions are refused then
        { Problem: { } unusable } => $"security.master_key {unusable}; nothing is sealed with it, and the next start fails",
        _ when ofEntries.Count > 0 && Missing(ofEntries, key.Ids, "tokens of repositories that came through the API are") is { } tokens => tokens + "; without it the next start fails",
        _ => null,
    };

    private static string? Missing(IReadOnlyList<string> used, IReadOnlyList<string> ids, string what) =>
        used.FirstOrDefault(id => !ids.Contains(id, StringComparer.Ordinal)) is { } missing
            ? $"{what} sealed with the key {missing}, which is no line of security.master_key as it is now (it has {string.Join(", ", ids)}): put it back as a line of its own"
            : null;
}
