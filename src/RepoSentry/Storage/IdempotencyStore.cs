using Dapper;

namespace RepoSentry.Storage;

/// <summary>What was answered to requests that carry a key, for a day: the same request is then answered without being done again, also after a restart.</summary>
internal sealed class IdempotencyStore(IDatabase database, TimeProvider time)
{
    public const int MostOfACaller = 10_000;
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly string boot = Guid.NewGuid().ToString("N");

    /// <summary>Takes the key for a request that begins.</summary>
    /// <returns>What is known under it; null if the request is the first.</returns>
    public Task<(KeyVerdict Verdict, StoredAnswer? Answer)> BeginAsync(string caller, string name, string fingerprint, CancellationToken cancellationToken) =>
        database.WriteAsync(
            async scope =>
            {
                var now = time.GetUtcNow();
                await scope.Connection.ExecuteAsync("DELETE FROM idempotency_keys WHERE created_at < @before", new { before = now - Kept }, scope.Transaction);
                var known = await scope.Connection.QuerySingleOrDefaultAsync<KeyRow>(
                    "SELECT fingerprint, boot_id, status, content_type, location, body FROM idempotency_keys WHERE caller = @caller AND name = @name", new { caller, name }, scope.Transaction);
                if (known is not null)
                {
                    return Judge(known, fingerprint);
                }

                if (await scope.Connection.ExecuteScalarAsync<long>("SELECT COUNT(*) FROM idempotency_keys WHERE caller = @caller", new { caller }, scope.Transaction) >= MostOfACaller)
                {
                    return (KeyVerdict.TooMany, null);
                }

                await scope.Connection.ExecuteAsync(
                    "INSERT INTO idempotency_keys (caller, name, fingerprint, boot_id, created_at) VALUES (@caller, @name, @fingerprint, @boot, @now)",
                    new { caller, name, fingerprint, boot, now },
                    scope.Transaction);
                return (KeyVerdict.First, null);
            },
            cancellationToken);

    /// <param name="answer">A body of null where it is not kept.</param>
    public Task FinishAsync(string caller, string name, StoredAnswer answer, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync(
                "UPDATE idempotency_keys SET status = @Status, content_type = @ContentType, location = @Location, body = @Body WHERE caller = @caller AND name = @name",
                new { caller, name, answer.Status, answer.ContentType, answer.Location, answer.Body },
                scope.Transaction),
            cancellationToken);

    /// <summary>Nothing was done: the key is free again.</summary>
    public Task ReleaseAsync(string caller, string name, CancellationToken cancellationToken) =>
        database.WriteAsync(
            scope => scope.Connection.ExecuteAsync("DELETE FROM idempotency_keys WHERE caller = @caller AND name = @name", new { caller, name }, scope.Transaction), cancellationToken);

    private (KeyVerdict, StoredAnswer?) Judge(KeyRow row, string fingerprint) =>
        row.Fingerprint != fingerprint ? (KeyVerdict.OtherRequest, null)
        : row.Status is { } status ? (KeyVerdict.Answered, new StoredAnswer(status, row.ContentType, row.Location, row.Body))
        : (row.BootId == boot ? KeyVerdict.InProgress : KeyVerdict.Interrupted, null);

    private sealed record KeyRow
    {
        public string Fingerprint { get; init; } = "";
        public string BootId { get; init; } = "";
        public int? Status { get; init; }
        public string? ContentType { get; init; }
        public string? Location { get; init; }
        public byte[]? Body { get; init; }
    }
}

internal sealed record StoredAnswer(int Status, string? ContentType, string? Location, byte[]? Body);

internal enum KeyVerdict
{
    First,
    Answered,
    OtherRequest,
    InProgress,

    /// <summary>The process ended before it could note the answer.</summary>
    Interrupted,
    TooMany,
}
