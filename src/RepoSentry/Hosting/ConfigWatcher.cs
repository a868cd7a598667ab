using System.Runtime.InteropServices;
using RepoSentry.Configuration;

namespace RepoSentry.Hosting;

/// <summary>
/// Asks for a reload when the content of the file has changed, whoever changed it and however (a ConfigMap swaps a symbolic link, so that watching the file
/// itself would miss it), and at SIGHUP. A file that is still being written is waited for; one that was refused is tried again, for the reason may lie beside it
/// (a secret's file, the database).
/// </summary>
internal sealed class ConfigWatcher(StartedWith started, CurrentConfig current, ConfigRequests requests, TimeProvider time)
{
    public const string TryAgain = "it was refused a minute ago";

    private static readonly TimeSpan AgainAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Every = TimeSpan.FromMilliseconds(250);

    /// <summary>From the beginning, for otherwise the signal would end the process; what is asked before the start is over is answered then.</summary>
    public PosixSignalRegistration ListenForHangup() => PosixSignalRegistration.Create(PosixSignal.SIGHUP, signal =>
    {
        signal.Cancel = true;
        requests.Post(new ConfigRequest.Reload("SIGHUP"));
    });

    public async Task RunAsync(CancellationToken stopping)
    {
        if (started.Source is not { } source)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return;
        }

        using var timer = new PeriodicTimer(Every, time);
        try
        {
            await WatchAsync(source, timer, stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // a stop
        }
    }

    private async Task WatchAsync(ConfigSource source, PeriodicTimer timer, CancellationToken stopping)
    {
        var (applied, stamp) = (source.Mark(), source.Stamp());
        string? pending = null;
        var asked = time.GetTimestamp();
        while (await timer.WaitForNextTickAsync(stopping))
        {
            var now = source.Stamp();
            if (now == stamp && pending is null)
            {
                if (current.Standing.Problem is not null && time.GetElapsedTime(asked) >= AgainAfter)
                {
                    await requests.ReloadAsync(TryAgain, stopping);
                    asked = time.GetTimestamp();
                }

                continue;
            }

            stamp = now;
            var mark = source.Mark();
            if (mark is null || mark == applied)
            {
                pending = null;
            }
            else if (mark == pending)
            {
                (applied, pending) = (mark, null);
                await requests.ReloadAsync("its content changed", stopping);
                asked = time.GetTimestamp();
            }
            else
            {
                pending = mark;
            }
        }
    }
}
