using Dapper;

namespace RepoSentry.Storage;

/// <summary>What an event's deliveries make of it: the worst one decides, for each trigger the newest (a replay stands for what it repeats).</summary>
internal static class EventSettling
{
    /// <param name="finishedAt">When a delivery of it was finished; null if one was begun again.</param>
    public static Task<int> SettleAsync(WriteScope scope, IEnumerable<string> eventIds, DateTimeOffset? finishedAt) =>
        scope.Connection.ExecuteAsync(Sql("@id"), eventIds.Select(id => new { id, finishedAt }), scope.Transaction);

    /// <summary>The event that a delivery belongs to.</summary>
    public static Task<int> SettleOwnerAsync(WriteScope scope, long deliveryId, DateTimeOffset finishedAt) =>
        scope.Connection.ExecuteAsync(Sql("(SELECT event_id FROM deliveries WHERE id = @deliveryId)"), new { deliveryId, finishedAt = (DateTimeOffset?)finishedAt }, scope.Transaction);

    private static string Sql(string eventId) => $"""
        UPDATE events SET
            status = (SELECT CASE
                    WHEN SUM(d.status = 'dead') > 0 THEN 'failed'
                    WHEN SUM(d.status IN ('waiting', 'in_flight')) > 0 THEN 'pending'
                    WHEN SUM(d.status = 'superseded') > 0 THEN 'superseded'
                    ELSE 'delivered' END
                FROM deliveries d WHERE d.event_id = events.id AND {IsNewest("d")}),
            error_message = (SELECT MAX(d.last_error) FROM deliveries d WHERE d.event_id = events.id AND d.status = 'dead' AND {IsNewest("d")}),
            processed_at = COALESCE(@finishedAt, processed_at)
        WHERE id = {eventId}
        """;

    /// <summary>Whether a delivery is the newest of its event and trigger.</summary>
    public static string IsNewest(string table) =>
        $"NOT EXISTS (SELECT 1 FROM deliveries newer WHERE newer.event_id = {table}.event_id AND newer.trigger_name = {table}.trigger_name AND newer.id > {table}.id)";
}
