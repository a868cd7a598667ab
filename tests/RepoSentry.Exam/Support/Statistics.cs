namespace RepoSentry.Exam.Support;

internal static class Statistics
{
    /// <summary>0 for none.</summary>
    public static double Quantile(IEnumerable<double> values, double quantile)
    {
        var sorted = values.Order().ToArray();
        return sorted.Length == 0 ? 0 : sorted[(int)Math.Ceiling(quantile * (sorted.Length - 1))];
    }
}
