using RepoSentry.Storage;

namespace RepoSentry.Events;

/// <summary>Puts beside events what Tekton said of them.</summary>
internal sealed class TektonOutcomes(OutcomeStore store, TimeProvider time)
{
    public async Task<IReadOnlyList<EventView>> AddToAsync(IReadOnlyList<EventView> events, CancellationToken cancellationToken)
    {
        var receipts = events.SelectMany(item => item.Deliveries).Select(delivery => delivery.ReceiptId).OfType<string>().ToList();
        var (configured, statements) = receipts.Count == 0 ? (false, []) : await store.FindAsync(receipts, cancellationToken);
        var told = statements.ToLookup(statement => statement.ReceiptId, StringComparer.Ordinal);
        return [.. events.Select(item => item with
        {
            Outcomes = [.. item.Deliveries.Where(delivery => delivery.ReceiptId is not null).Select(delivery => TektonOutcome.Of(delivery, configured, [.. told[delivery.ReceiptId!]], time.GetUtcNow()))],
        })];
    }
}
