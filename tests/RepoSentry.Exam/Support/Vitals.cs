using System.Diagnostics;
using System.Globalization;

namespace RepoSentry.Exam.Support;

/// <summary>CPU and memory of a service over a span of time, as the kernel counts them.</summary>
/// <param name="Seconds">Length of the span.</param>
/// <param name="Cores">CPU time, of user and system, by wall time.</param>
/// <param name="Memory">Seconds since the beginning, and resident MB.</param>
internal sealed record Vitals(double Seconds, double Cores, IReadOnlyList<(double At, double Megabytes)> Memory)
{
    private const double TicksPerSecond = 100; // the kernel tells CPU time in these, whatever its own are

    public double Most => Memory.Max(sample => sample.Megabytes);

    /// <summary>MB that it grew by from the first sample to the last.</summary>
    public double Growth => Memory[^1].Megabytes - Memory[0].Megabytes;

    /// <summary>MB a minute, by least squares.</summary>
    public double Slope
    {
        get
        {
            var (at, megabytes) = (Memory.Average(sample => sample.At), Memory.Average(sample => sample.Megabytes));
            return 60 * Memory.Sum(sample => (sample.At - at) * (sample.Megabytes - megabytes)) / Memory.Sum(sample => Math.Pow(sample.At - at, 2));
        }
    }

    public static async Task<Vitals> OfAsync(ServiceRun service, TimeSpan span, TimeSpan every)
    {
        var pid = service.Pid;
        var (before, clock, memory) = (CpuSeconds(pid), Stopwatch.GetTimestamp(), new List<(double, double)>());
        while (Stopwatch.GetElapsedTime(clock) is var elapsed && elapsed < span)
        {
            memory.Add((elapsed.TotalSeconds, service.Memory().Now));
            await Task.Delay(every);
        }

        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        memory.Add((seconds, service.Memory().Now));
        return new Vitals(seconds, (CpuSeconds(pid) - before) / seconds, memory);
    }

    // The name of the program, in brackets, may hold spaces.
    private static double CpuSeconds(int pid)
    {
        var stat = Children.Read($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 13 ? 0 : (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }
}
