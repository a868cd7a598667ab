using System.Globalization;
using RepoSentry.Api;

namespace RepoSentry.Dashboard.Charts;

/// <summary>Slots of the history put together to as many columns as a chart has room for.</summary>
internal static class Series
{
    public const int Columns = 60;
    public const double Width = 600;
    public const double Height = 120;

    public static IReadOnlyList<HistorySlot> Of(HistoryAnswer history)
    {
        var each = Math.Max(1, (history.Slots.Count + Columns - 1) / Columns);
        return [.. history.Slots.Chunk(each).Select(chunk => chunk.Aggregate((one, next) => one.With(next)))];
    }

    /// <summary>A band between two lines, as a path.</summary>
    public static string Band(IReadOnlyList<double> lower, IReadOnlyList<double> upper)
    {
        if (upper.Count == 0)
        {
            return "";
        }

        var step = Width / Math.Max(1, upper.Count - 1);
        var there = upper.Select((value, at) => Point(upper.Count == 1 ? 0 : at * step, value)).ToList();
        var back = lower.Select((value, at) => Point(upper.Count == 1 ? Width : at * step, value)).Reverse().ToList();
        return upper.Count == 1
            ? $"M{Point(0, upper[0])}L{Point(Width, upper[0])}L{Point(Width, lower[0])}L{Point(0, lower[0])}Z"
            : $"M{string.Join('L', there)}L{string.Join('L', back)}Z";
    }

    public static string Text(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);

    private static string Point(double x, double share) => $"{Text(x)} {Text(Height - (share * Height))}";
}
