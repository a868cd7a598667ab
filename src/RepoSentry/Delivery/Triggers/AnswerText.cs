namespace RepoSentry.Delivery.Triggers;

/// <summary>What a destination said, as it is kept and shown: bounded, and without what it must not repeat.</summary>
internal static class AnswerText
{
    /// <summary>Bytes that are kept.</summary>
    public const int Limit = 64 * 1024;

    public static string? Redact(string? text, IReadOnlyCollection<string> secrets) =>
        text is null ? null : secrets.Where(secret => secret.Length > 0).OrderByDescending(secret => secret.Length).Aggregate(text, (rest, secret) => rest.Replace(secret, "***", StringComparison.Ordinal));

    /// <summary>Its beginning, on one line.</summary>
    public static string OneLine(string text)
    {
        var line = new string([.. text.Take(200).Select(c => char.IsControl(c) ? ' ' : c)]).Trim();
        return text.Length > 200 ? line + "…" : line;
    }
}
