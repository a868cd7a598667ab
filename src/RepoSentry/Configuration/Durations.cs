using System.Buffers;
using System.Globalization;

namespace RepoSentry.Configuration;

/// <summary>Durations as Go writes them (<c>1h30m</c>, <c>250ms</c>, <c>1.5s</c>), with days besides (<c>30d</c>).</summary>
internal static class Durations
{
    private static readonly SearchValues<char> Digits = SearchValues.Create("0123456789.");

    private static readonly (string Unit, double Seconds)[] Units =
    [
        ("ms", 1e-3), ("us", 1e-6), ("µs", 1e-6), ("ns", 1e-9), ("s", 1), ("m", 60), ("h", 3600), ("d", 86400),
    ];

    /// <summary>No sign, at most 100 years; the only number without a unit is 0.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (text == "0")
        {
            return true;
        }

        var rest = text.AsSpan();
        var seconds = 0.0;
        while (!rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExcept(Digits);
            if (digits <= 0 || !double.TryParse(rest[..digits], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number))
            {
                return false;
            }

            rest = rest[digits..];
            var (unit, factor) = UnitOf(rest);
            if (unit is null)
            {
                return false;
            }

            rest = rest[unit.Length..];
            seconds += number * factor;
        }

        if (text.Length == 0 || seconds > 100 * 365 * 86400.0)
        {
            return false;
        }

        duration = TimeSpan.FromTicks((long)Math.Round(seconds * TimeSpan.TicksPerSecond));
        return true;
    }

    /// <summary>The shortest text that parses back: <c>1m30s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
        {
            return "0s";
        }

        var days = duration.Days > 0 && duration.Ticks % TimeSpan.TicksPerDay == 0 ? $"{duration.Days}d" : "";
        var hours = days.Length == 0 && (int)duration.TotalHours > 0 ? $"{(int)duration.TotalHours}h" : "";
        var minutes = duration.Minutes > 0 ? $"{duration.Minutes}m" : "";
        var fraction = duration.Ticks % TimeSpan.TicksPerSecond;
        var seconds = duration.Seconds == 0 && fraction == 0 ? ""
            : duration.Seconds == 0 && fraction % TimeSpan.TicksPerMillisecond == 0 ? $"{fraction / TimeSpan.TicksPerMillisecond}ms"
            : string.Create(CultureInfo.InvariantCulture, $"{duration.Seconds + (fraction / (double)TimeSpan.TicksPerSecond):0.#######}s");
        return days + hours + minutes + seconds;
    }

    /// <summary>For reading: from a minute on in whole seconds, below in hundredths.</summary>
    public static string About(TimeSpan duration) =>
        Format(duration >= TimeSpan.FromMinutes(1) ? TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds)) : TimeSpan.FromSeconds(Math.Round(duration.TotalSeconds, 2)));

    private static (string? Unit, double Seconds) UnitOf(ReadOnlySpan<char> text)
    {
        foreach (var unit in Units)
        {
            if (text.StartsWith(unit.Unit, StringComparison.Ordinal))
            {
                return unit;
            }
        }

        return (null, 0);
    }
}
