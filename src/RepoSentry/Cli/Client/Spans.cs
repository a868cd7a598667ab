using System.Globalization;

namespace RepoSentry.Cli.Client;

/// <summary>Times as users type them: <c>2h</c>, <c>30m</c>, <c>7d</c> ago, or a date.</summary>
internal static class Spans
{
    /// <exception cref="ClientException">It is neither.</exception>
    public static string? ToTime(string? text)
    {
        if (text is null)
        {
            return null;
        }

        var unit = text.Length < 2 ? TimeSpan.Zero : text[^1] switch { 's' => TimeSpan.FromSeconds(1), 'm' => TimeSpan.FromMinutes(1), 'h' => TimeSpan.FromHours(1), 'd' => TimeSpan.FromDays(1), _ => TimeSpan.Zero };
        if (unit > TimeSpan.Zero && double.TryParse(text.AsSpan(..^1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var count) && count < 100_000)
        {
            return (TimeProvider.System.GetUtcNow() - (unit * count)).ToString("O", CultureInfo.InvariantCulture);
        }

        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time.ToString("O", CultureInfo.InvariantCulture)
            : throw new ClientException(ExitCode.Usage, $"--since {text} is neither a span (2h, 30m, 7d) nor a time (2026-11-24T12:00:00Z)");
    }
}
