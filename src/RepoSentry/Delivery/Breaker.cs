namespace RepoSentry.Delivery;

/// <summary>
/// Opens after at least five failures in a row and ten seconds without a success; while open, probes tell when the receiver is back. A blip of a few
/// seconds does not open it: the ten seconds count from the first failure of the row.
/// </summary>
internal sealed class Breaker
{
    public static readonly TimeSpan ProbeEvery = TimeSpan.FromSeconds(10);
    private const int FailuresToOpen = 5;
    private static readonly TimeSpan SilenceToOpen = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan NewcomerEvery = TimeSpan.FromSeconds(1);

    private int failures;
    private TimeSpan rowStartedAt;
    private TimeSpan nextNewcomerAt = TimeSpan.MinValue;

    public bool IsOpen { get; private set; }

    /// <summary>When the next probe starts while open.</summary>
    public TimeSpan NextProbeAt { get; private set; }

    /// <summary>When a delivery new to a healthy lane may be the probe.</summary>
    public TimeSpan NextNewcomerAt => nextNewcomerAt;

    /// <summary>Opens it as it was before a restart: the first probe starts at once.</summary>
    public void Resume(TimeSpan now)
    {
        IsOpen = true;
        NextProbeAt = now;
    }

    /// <summary>True if this failure opened it.</summary>
    public bool Failed(TimeSpan now)
    {
        if (failures++ == 0)
        {
            rowStartedAt = now;
        }

        if (IsOpen || failures < FailuresToOpen || now - rowStartedAt < SilenceToOpen)
        {
            return false;
        }

        IsOpen = true;
        NextProbeAt = now + ProbeEvery;
        return true;
    }

    /// <summary>True if this success closed it.</summary>
    public bool Succeeded()
    {
        failures = 0;
        (var closed, IsOpen) = (IsOpen, false);
        return closed;
    }

    /// <summary>The receiver answered, though it refused: worth another probe at once.</summary>
    public void Answered(TimeSpan now) => NextProbeAt = now;

    public void Probed(TimeSpan now, bool newcomer)
    {
        NextProbeAt = now + ProbeEvery;
        if (newcomer)
        {
            nextNewcomerAt = now + NewcomerEvery;
        }
    }
}
