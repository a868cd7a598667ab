using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>What Tekton did with a delivery that an EventListener accepted.</summary>
/// <param name="DeliveryId">The delivery.</param>
/// <param name="ReceiptId">The EventListener's eventID.</param>
/// <param name="State">accepted (nothing is known yet), created, running, succeeded, failed, or nothing_ran.</param>
/// <param name="Summary">The same in one sentence.</param>
internal sealed record TektonOutcome(long DeliveryId, string ReceiptId, string State, string Summary, IReadOnlyList<TektonRun> Runs)
{
    /// <summary>How long after its 202 an EventListener may take to make its objects.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <param name="configured">Whether Tekton tells this service anything at all.</param>
    public static TektonOutcome Of(DeliveryView delivery, bool configured, IReadOnlyList<TektonStatement> statements, DateTimeOffset now)
    {
        var runs = statements.Where(statement => statement.Object.Length > 0).Select(TektonRun.Of).ToList();
        var listener = statements.FirstOrDefault(statement => statement.Object.Length == 0);
        var (state, summary) = runs.Count > 0 ? Worst(runs)
            : listener is { State: "failed" } ? ("failed", $"the EventListener failed: {listener.Message ?? listener.Reason ?? "it does not say why"}")
            : listener is not null ? ("created", "the EventListener created its objects; no run has reported yet")
            : configured && now - (delivery.FinishedAt ?? now) >= Patience ? ("nothing_ran", "accepted but nothing ran: no trigger of the EventListener matched, or an interceptor refused (look at its log for this eventID)")
            : ("accepted", "the EventListener read it; what came of it is not known");
        return new TektonOutcome(delivery.Id, delivery.ReceiptId!, state, summary, runs);
    }

    private static (string State, string Summary) Worst(List<TektonRun> runs)
    {
        var state = Array.Find(["failed", "running", "queued", "created"], word => runs.Exists(run => run.State == word)) ?? "succeeded";
        var told = runs.Find(run => run.State == state)!;
        return (state == "queued" ? "created" : state, $"{told.Kind} {told.Namespace}/{told.Name} {state}{(told.Message is null ? "" : ": " + told.Message)}{(runs.Count > 1 ? $" ({runs.Count} runs)" : "")}");
    }
}

/// <summary>A run that Tekton started for it.</summary>
internal sealed record TektonRun(string Kind, string Namespace, string Name, string Uid, string State, string? Reason, string? Message, DateTimeOffset UpdatedAt)
{
    public static TektonRun Of(TektonStatement statement) =>
        new(statement.Kind, statement.Namespace, statement.Name, statement.Object, statement.State, statement.Reason, statement.Message, statement.UpdatedAt);
}
