using System.Globalization;

namespace RepoSentry.Configuration;

/// <summary>How often somebody may ask: <c>50/s</c>, <c>600/m</c>, <c>10000/h</c>.</summary>
internal sealed record RequestRate(int Requests, TimeSpan Per)
{
    public static RequestRate? TryParse(string text)
    {
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        var per = slash < 0 ? TimeSpan.Zero : text[(slash + 1)..] switch { "s" => TimeSpan.FromSeconds(1), "m" => TimeSpan.FromMinutes(1), "h" => TimeSpan.FromHours(1), _ => TimeSpan.Zero };
        return per > TimeSpan.Zero && int.TryParse(text.AsSpan(0, slash), NumberStyles.None, CultureInfo.InvariantCulture, out var requests) && requests is > 0 and <= 1_000_000
            ? new RequestRate(requests, per)
            : null;
    }
}
