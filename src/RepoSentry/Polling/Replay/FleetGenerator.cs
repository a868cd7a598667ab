namespace RepoSentry.Polling.Replay;

/// <summary>
/// Makes up a fleet of the shape that real ones have: rates with a long tail (median 0.8 pushes a day, a tenth above 5.5, at most 12), three gaps of ten below
/// half an hour, busy working hours of weekdays, days and weeks of work and of rest.
/// </summary>
internal static class FleetGenerator
{
    private const double Day = 86_400;
    private const double MedianPerDay = 0.8;
    private const double Spread = 1.5;
    private const double MostPerDay = 12;
    private const double Follows = 0.3;
    private const double FollowsWithin = 1800;
    private const double Resting = 0.3;
    private const double DaysDiffer = 1.2;

    public static PushHistory Generate(int repositories, int weeks, Random random) =>
        new([.. Enumerable.Range(0, repositories).Select(_ => Pushes(weeks, random))]);

    private static double[] Pushes(int weeks, Random random)
    {
        var perDay = Math.Min(MostPerDay, MedianPerDay * Math.Exp(Spread * Normal(random)));
        var (zone, pushes) = (random.Next(24), new List<double>());
        for (var week = 0; week < weeks; week++)
        {
            var busy = perDay * (random.NextDouble() < Resting ? 0.2 : 1.35);
            var today = 1.0;
            for (var hour = 0; hour < 7 * 24; hour++)
            {
                today = hour % 24 == 0 ? Math.Exp((DaysDiffer * Normal(random)) - (DaysDiffer * DaysDiffer / 2)) : today;
                var expected = busy * today * (1 - Follows) * Share((hour + zone) % (7 * 24)) * 7;
                for (var at = random.NextDouble(); expected > 0 && random.NextDouble() < expected; expected -= 1)
                {
                    Session((((week * 7 * 24) + hour + at) / 24) * Day, pushes, random);
                }
            }
        }

        return [.. pushes.Where(push => push < weeks * 7 * Day).Order()];
    }

    private static void Session(double at, List<double> pushes, Random random)
    {
        pushes.Add(at);
        while (random.NextDouble() < Follows)
        {
            at += FollowsWithin * random.NextDouble() * random.NextDouble();
            pushes.Add(at);
        }
    }

    // An hour's share of the week: nights are quiet, weekends quieter.
    private static double Share(int hourOfWeek)
    {
        var (day, hour) = (hourOfWeek / 24, hourOfWeek % 24);
        double Weight(int d, int h) => (d < 5 ? 1 : 0.25) * (h is >= 9 and < 19 ? 1 : h is >= 7 and < 23 ? 0.4 : 0.08);
        const double Sum = (5 + (2 * 0.25)) * ((10 * 1) + (6 * 0.4) + (8 * 0.08));
        return Weight(day, hour) / Sum;
    }

    private static double Normal(Random random) => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
}
