using System.Net;
using System.Net.Sockets;

namespace RepoSentry.Api.Access;

/// <summary>
/// Ten failures in a minute, then nothing more is tried. Strangers share one count for each address; a token that begins like one in use has a count of its
/// own there, so that somebody else's guesses behind the same address do not lock it out.
/// </summary>
internal sealed class FailureLimiter(TimeProvider time)
{
    public const int Allowed = 10;
    public const int MostKeys = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Dictionary<string, Queue<long>> failures = new(StringComparer.Ordinal);

    /// <summary>Keys that are remembered.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
            {
                return failures.Count;
            }
        }
    }

    /// <param name="knownPrefix">What the token begins with, if one in use begins so.</param>
    public static string Key(IPAddress? address, string? knownPrefix) => $"{Network(address)} {knownPrefix}";

    /// <summary>How long to wait before the next try; null if one may be made.</summary>
    public TimeSpan? Wait(string key)
    {
        lock (gate)
        {
            return failures.TryGetValue(key, out var times) ? Left(times) : null;
        }
    }

    /// <summary>Counts a failure.</summary>
    /// <returns>Null if it was among the allowed ones, else how long to wait.</returns>
    public TimeSpan? Record(string key)
    {
        lock (gate)
        {
            if (!failures.TryGetValue(key, out var times))
            {
                MakeRoom();
                failures[key] = times = new Queue<long>(Allowed);
            }

            var wait = Left(times);
            if (wait is null)
            {
                times.Enqueue(time.GetTimestamp());
            }

            return wait;
        }
    }

    private TimeSpan? Left(Queue<long> times)
    {
        while (times.TryPeek(out var first) && time.GetElapsedTime(first) >= Window)
        {
            times.Dequeue();
        }

        return times.Count < Allowed ? null : Window - time.GetElapsedTime(times.Peek());
    }

    // Who fails from ten thousand networks at once is not stopped by a count for each; memory is.
    private void MakeRoom()
    {
        if (failures.Count < MostKeys)
        {
            return;
        }

        foreach (var (key, times) in failures)
        {
            if (Left(times) is null && times.Count == 0)
            {
                failures.Remove(key);
            }
        }

        if (failures.Count >= MostKeys)
        {
            failures.Remove(failures.MinBy(pair => pair.Value.Count).Key);
        }
    }

    // One customer has a whole /64 of IPv6.
    private static string Network(IPAddress? address) =>
        address is { AddressFamily: AddressFamily.InterNetworkV6 } six && !IPAddress.IsLoopback(six) ? Convert.ToHexString(six.GetAddressBytes(), 0, 8) : address?.ToString() ?? "";
}
