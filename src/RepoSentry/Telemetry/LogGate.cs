namespace RepoSentry.Telemetry;

/// <summary>Lets one line through each ten seconds: what fails many times a second for one reason must not fill the log, least of all a full disk.</summary>
internal sealed class LogGate(TimeProvider time)
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(10);

    private readonly Lock gate = new();
    private long? last;

    public bool Opens()
    {
        lock (gate)
        {
            if (last is { } told && time.GetElapsedTime(told) < Every)
            {
                return false;
            }

            last = time.GetTimestamp();
            return true;
        }
    }
}
