using RepoSentry.Abstractions;

namespace RepoSentry.Cli.Receiver;

/// <summary>How the stand-in EventListener behaves.</summary>
internal sealed record ReceiverOptions
{
    /// <summary>Address and port; port 0 takes a free one.</summary>
    public string Listen { get; init; } = "127.0.0.1:0";

    /// <summary>What senders sign with; null to check nothing.</summary>
    public Secret? Secret { get; init; }

    /// <summary>Told of each request before it is answered.</summary>
    public Action<Arrival> Received { get; init; } = _ => { };

    /// <summary>Status to answer, with an empty body, in the place of the honest one; null to answer honestly.</summary>
    public Func<Arrival, int?> Fail { get; init; } = _ => null;

    /// <summary>Bytes of the largest body read.</summary>
    public long BodyLimit { get; init; } = 16 * 1024 * 1024;

    /// <summary>How long a body may take: slower ones are answered 503 and cut.</summary>
    public TimeSpan BodyTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <param name="rate">Share of requests, 0 to 1, that are answered 503.</param>
    public static Func<Arrival, int?> FailSometimes(double rate) => _ => Random.Shared.NextDouble() < rate ? StatusCodes.Status503ServiceUnavailable : null;
}

/// <summary>A request as it arrived, and what was made of it.</summary>
internal sealed record Arrival
{
    /// <summary>What it was answered.</summary>
    public required int Status { get; init; }

    /// <summary>The receipt given for it; null where there was none.</summary>
    public required string? EventId { get; init; }
    public required string Method { get; init; }

    /// <summary>Path and query as sent.</summary>
    public required string Path { get; init; }
    public required IReadOnlyDictionary<string, string> Headers { get; init; }
    public required byte[] Body { get; init; }

    /// <summary>What the interceptors make of its signature.</summary>
    public required Verdict Verdict { get; init; }
}
