namespace RepoSentry.Polling.Strategies;

/// <summary>When in the week a fleet's changes happen: 24 hours of weekdays and 24 of weekends, UTC. Times count from a Monday at midnight.</summary>
internal sealed class HourProfile
{
    public const int Hours = 48;

    private const double PriorWeight = 50;
    private const double Week = 7 * 86_400;
    private const double Weekdays = 5 * 86_400;

    private readonly double[] counts = new double[Hours];
    private double total;

    public static int HourOf(double time)
    {
        var inWeek = time % Week;
        inWeek += inWeek < 0 ? Week : 0;
        return (inWeek < Weekdays ? 0 : 24) + (int)(inWeek % 86_400 / 3600);
    }

    public static int Before(int hour) => hour % 24 == 0 ? hour + 23 : hour - 1;

    public static int After(int hour) => hour % 24 == 23 ? hour - 23 : hour + 1;

    /// <summary>The hour's share of the week.</summary>
    public static double Width(int hour) => (hour < 24 ? 5.0 : 2.0) / (7 * 24);

    public void Add(int hour, int count = 1)
    {
        counts[hour] += count;
        total += count;
    }

    /// <summary>Which share of all changes falls into the hour.</summary>
    public double ShareOf(int hour) => (counts[hour] + (PriorWeight * Width(hour))) / (total + PriorWeight);
}
