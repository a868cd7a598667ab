using System.Text.Json.Serialization;

namespace RepoSentry.Abstractions;

/// <summary>Where the time of an attempt went, in milliseconds. What did not happen is null: a connection that was there already was not made.</summary>
public sealed record AttemptPhases
{
    /// <summary>Resolving the host's name.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Dns { get; init; }

    /// <summary>Connecting by TCP.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Connect { get; init; }

    /// <summary>Agreeing on TLS.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Tls { get; init; }

    /// <summary>From the first byte of the request to its last.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Send { get; init; }

    /// <summary>Until the receiver's status and headers.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Wait { get; init; }

    /// <summary>Reading the answer's body.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Read { get; init; }
}
