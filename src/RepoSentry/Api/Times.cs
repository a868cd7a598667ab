using System.Globalization;

namespace RepoSentry.Api;

/// <summary>Times in queries: RFC 3339, UTC where no zone is given.</summary>
internal static class Times
{
    public static bool TryRead(string? text, out DateTimeOffset? time)
    {
        time = null;
        if (text is null)
        {
            return true;
        }

        var read = DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var parsed);
        time = read ? parsed : null;
        return read;
    }
}
