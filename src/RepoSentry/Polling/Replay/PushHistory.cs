namespace RepoSentry.Polling.Replay;

/// <summary>When repositories were pushed to: seconds from a Monday at midnight UTC, in order.</summary>
/// <param name="Pushes">One list for each repository.</param>
internal sealed record PushHistory(IReadOnlyList<double[]> Pushes)
{
    public const double Week = 7 * 86_400;
    private const double NearBy = 3600;

    /// <summary>Whole weeks that the histories span together.</summary>
    public int Weeks => Pushes.Count == 0 ? 0 : (int)Math.Ceiling(Pushes.Max(one => one.Length == 0 ? 0 : one[^1] + 1) / Week);

    /// <summary>
    /// A fleet of another size from the same histories: drawn with replacement, moved by whole weeks round the span, and half of those that were drawn before
    /// thinned by runs of pushes that follow each other within an hour.
    /// </summary>
    public PushHistory Resample(int count, Random random)
    {
        var span = Weeks * Week;
        var drawn = new HashSet<int>();
        var fleet = new List<double[]>(count);
        for (var number = 0; number < count; number++)
        {
            var source = random.Next(Pushes.Count);
            var shift = random.Next(Math.Max(1, Weeks)) * Week;
            IEnumerable<double> pushes = Pushes[source].Select(push => (push + shift) % span).Order();
            if (!drawn.Add(source) && random.NextDouble() < 0.5)
            {
                pushes = Thin([.. pushes], Math.Pow(10, -2 * random.NextDouble()), random);
            }

            fleet.Add([.. pushes]);
        }

        return new PushHistory(fleet);
    }

    private static IEnumerable<double> Thin(double[] pushes, double keep, Random random)
    {
        var (kept, last) = (false, double.NegativeInfinity);
        foreach (var push in pushes)
        {
            kept = push - last < NearBy ? kept : random.NextDouble() < keep;
            last = push;
            if (kept)
            {
                yield return push;
            }
        }
    }
}
