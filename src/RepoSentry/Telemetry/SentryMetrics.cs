using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace RepoSentry.Telemetry;

/// <summary>Every instrument of the product.</summary>
internal static class SentryMetrics
{
    public const string MeterName = "RepoSentry";

    private static readonly Meter Meter = new(MeterName);
    private static readonly Counter<long> Polls = Meter.CreateCounter<long>("reposentry_polls", description: "Looks at repositories, by outcome.");
    private static readonly Histogram<double> PollDuration = Meter.CreateHistogram<double>("reposentry_poll_duration", "s", "Time one look took.");
    private static readonly Histogram<double> PollLateness = Meter.CreateHistogram<double>("reposentry_poll_lateness", "s", "How much later than due a look began.");
    private static readonly Histogram<double> DetectionDelay = Meter.CreateHistogram<double>("reposentry_detection_delay", "s", "Time since the look before: an upper bound of how old a change was when seen.");
    private static readonly Counter<long> ProviderRequests = Meter.CreateCounter<long>("reposentry_provider_requests", description: "Requests to hostings, by kind and status.");
    private static readonly Counter<long> Events = Meter.CreateCounter<long>("reposentry_events", description: "Changes recorded, by type.");
    private static readonly Counter<long> Deliveries = Meter.CreateCounter<long>("reposentry_deliveries", description: "Attempts at deliveries, by what became of the delivery.");
    private static readonly Histogram<double> DeliveryDuration = Meter.CreateHistogram<double>("reposentry_delivery_duration", "s", "Time one attempt took.");

    private static readonly ConcurrentDictionary<string, Func<int?>> RateLimits = new(StringComparer.Ordinal);

    private static readonly ConcurrentDictionary<string, Func<DateTimeOffset?>> Expiries = new(StringComparer.Ordinal);

    static SentryMetrics()
    {
        Meter.CreateObservableGauge("reposentry_provider_rate_limit_remaining", RemainingRequests, description: "Requests left in the forge's current window, by credential.");
        Meter.CreateObservableGauge("reposentry_credential_expiry_timestamp", CredentialExpiries, "s", "When the credential expires, in Unix time, as its forge told; absent while it told nothing.");
    }

    public static void Polled(string provider, string outcome, TimeSpan duration, TimeSpan lateness)
    {
        Polls.Add(1, new("provider", provider), new("outcome", outcome));
        PollDuration.Record(duration.TotalSeconds);
        PollLateness.Record(Math.Max(0, lateness.TotalSeconds));
    }

    public static void Changed(string type, TimeSpan? delay)
    {
        Events.Add(1, new KeyValuePair<string, object?>("type", type));
        if (delay is { } seen)
        {
            DetectionDelay.Record(seen.TotalSeconds);
        }
    }

    private static long requests;

    /// <summary>Requests to hostings since the start.</summary>
    public static long RequestCount => Interlocked.Read(ref requests);

    public static void Requested(string provider, string kind, string status)
    {
        Interlocked.Increment(ref requests);
        ProviderRequests.Add(1, new("provider", provider), new("kind", kind), new("status", status));
    }

    /// <param name="remaining">Asked at each scrape; null while the forge has not told.</param>
    public static void ObserveRateLimit(string credential, Func<int?> remaining) => RateLimits[credential] = remaining;

    /// <param name="end">Asked at each scrape; null while the forge has not told.</param>
    public static void ObserveExpiry(string credential, Func<DateTimeOffset?> end) => Expiries[credential] = end;

    public static void Delivered(string trigger, string outcome, TimeSpan duration)
    {
        Deliveries.Add(1, new("trigger", trigger), new("outcome", outcome));
        DeliveryDuration.Record(duration.TotalSeconds);
    }

    private static IEnumerable<Measurement<long>> CredentialExpiries()
    {
        foreach (var (credential, end) in Expiries)
        {
            if (end() is { } time)
            {
                yield return new Measurement<long>(time.ToUnixTimeSeconds(), new KeyValuePair<string, object?>("credential", credential));
            }
        }
    }

    private static IEnumerable<Measurement<int>> RemainingRequests()
    {
        foreach (var (credential, remaining) in RateLimits)
        {
            if (remaining() is { } left)
            {
                yield return new Measurement<int>(left, new KeyValuePair<string, object?>("credential", credential));
            }
        }
    }
}
