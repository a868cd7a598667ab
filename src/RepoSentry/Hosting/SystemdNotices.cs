using System.Globalization;
using Microsoft.Extensions.Hosting.Systemd;
using RepoSentry.Telemetry;

namespace RepoSentry.Hosting;

/// <summary>Tells systemd that the service runs (not merely that its process started), that it lives, and that it stops. Does nothing without NOTIFY_SOCKET.</summary>
internal sealed class SystemdNotices(ISystemdNotifier systemd, Lifecycle lifecycle, IHostApplicationLifetime application, TimeProvider time) : BackgroundService
{
    private static readonly ServiceState Alive = new("WATCHDOG=1");

    /// <summary>What the unit's WatchdogSec became in the environment; null without one, or where it is meant for another process.</summary>
    public static TimeSpan? WatchdogLimit(string? microseconds, string? process) =>
        long.TryParse(microseconds, NumberStyles.None, CultureInfo.InvariantCulture, out var limit) && limit > 0
        && (string.IsNullOrEmpty(process) || process == Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            ? TimeSpan.FromMicroseconds(limit)
            : null;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!systemd.IsEnabled)
        {
            return;
        }

        await using var stopping = application.ApplicationStopping.Register(() => systemd.Notify(ServiceState.Stopping));
        await lifecycle.FirstRun.WaitAsync(stoppingToken);
        systemd.Notify(ServiceState.Ready);
        if (WatchdogLimit(Environment.GetEnvironmentVariable("WATCHDOG_USEC"), Environment.GetEnvironmentVariable("WATCHDOG_PID")) is { } limit)
        {
            await PingAsync(limit / 2, stoppingToken);
        }
    }

    // It waits for its turn in the same pool as all other work: where nothing gets on any more, nothing is sent.
    internal async Task PingAsync(TimeSpan interval, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(interval, time);
        do
        {
            if (lifecycle.HasFailed)
            {
                return;
            }

            systemd.Notify(Alive);
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }
}
