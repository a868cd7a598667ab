using System.Text.Json;
using System.Text.Json.Serialization;
using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>An event as API, CLI and dashboard show it.</summary>
/// <param name="CommitSha">The commit after the change; null for a deletion.</param>
/// <param name="Metadata">What else is known: commits, compare link, what stayed unknown.</param>
internal sealed record EventView(
    string Id,
    string Type,
    string Repository,
    string Ref,
    string BranchName,
    string? Before,
    string? CommitSha,
    string Status,
    JsonElement Metadata,
    string? ErrorMessage,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ProcessedAt,
    IReadOnlyList<DeliveryView> Deliveries)
{
    /// <summary>The rule that kept it from every trigger; null if none did.</summary>
    [JsonIgnore]
    public SkipInfo? Skipped => Metadata.ValueKind == JsonValueKind.Object && Metadata.TryGetProperty("skipped", out var skipped) ? skipped.Deserialize(StorageJson.Default.SkipInfo) : null;

    /// <summary>What Tekton did with what it accepted; null in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TektonOutcome>? Outcomes { get; init; }
}

/// <summary>A delivery as API, CLI and dashboard show it.</summary>
internal sealed record DeliveryView
{
    public long Id { get; init; }
    public string EventId { get; init; } = "";
    public string Trigger { get; init; } = "";
    public string Repository { get; init; } = "";
    public string Ref { get; init; } = "";
    public string Status { get; init; } = "";
    public int Attempts { get; init; }
    public int Replay { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>The receiver's own id: an EventListener's eventID.</summary>
    public string? ReceiptId { get; init; }
    public int? LastStatus { get; init; }
    public string? LastError { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>Why it still waits, in one sentence; null where it is finished, and in lists.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Waits { get; init; }
}

/// <summary>What goes before a delivery: older ones of its repository, ref and trigger. All but the count is of the oldest.</summary>
internal sealed record AheadView
{
    public int Count { get; init; }
    public string Status { get; init; } = "";
    public int Attempts { get; init; }
    public string? LastError { get; init; }
    public DateTimeOffset? NextAttemptAt { get; init; }
}

/// <summary>One attempt, or the counted probes of an open breaker.</summary>
internal sealed record AttemptView
{
    public long Id { get; init; }
    public int Number { get; init; }
    public int Probes { get; init; }
    public DateTimeOffset StartedAt { get; init; }
    public double? DurationMs { get; init; }
    public string Outcome { get; init; } = "";
    public int? HttpStatus { get; init; }
    public string? Error { get; init; }
    public string? Answer { get; init; }
    public bool Ambiguous { get; init; }

    /// <summary>As it is stored.</summary>
    [JsonIgnore]
    public string? PhasesJson { get; init; }

    /// <summary>Where the time went, in milliseconds; null where it is not known.</summary>
    public AttemptPhases? Phases => PhasesJson is null ? null : JsonSerializer.Deserialize(PhasesJson, StorageJson.Default.AttemptPhases);
}

/// <param name="Delivery">The delivery.</param>
/// <param name="Headers">What was sent, without secrets and signatures; null before the first attempt.</param>
/// <param name="Body">The exact body; null before the first attempt.</param>
/// <param name="Attempts">In the order that was asked for.</param>
internal sealed record DeliveryDetail(DeliveryView Delivery, JsonElement? Headers, string? Body, Page<AttemptView> Attempts);
