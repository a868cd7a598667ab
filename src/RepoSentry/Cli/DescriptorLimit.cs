using System.Globalization;

namespace RepoSentry.Cli;

/// <summary>
/// The limit of open files. The runtime raises the soft one by itself and keeps two descriptors open for each library, some 270 in all: below that it fails
/// with words that nobody understands, so it is said beforehand.
/// </summary>
internal static class DescriptorLimit
{
    private const string Limits = "/proc/self/limits";
    private const int Least = 512;

    /// <summary>What is wrong with the limit of this process; null if nothing is, or if the system does not tell.</summary>
    public static string? Problem() => File.Exists(Limits) ? Problem(File.ReadLines(Limits)) : null;

    /// <param name="limits">Lines of <c>/proc/PID/limits</c>.</param>
    public static string? Problem(IEnumerable<string> limits)
    {
        var line = limits.FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal));
        var soft = line?.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3];
        return int.TryParse(soft, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < Least
            ? $"only {count} files may be open at once, the service needs {Least}: raise the limit (ulimit -n, LimitNOFILE, the container's ulimits)"
            : null;
    }
}
