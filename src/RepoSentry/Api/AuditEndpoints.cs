using RepoSentry.Api.Access;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>Who did what.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/audit", ListAsync).RequireRole(Role.Admin).WithTags("audit").WithName("listAudit").WithSummary("What callers did or were refused, newest first")
            .Produces<ListAnswer<AuditRow>>().ProducesProblem(400);

    internal static async Task<IResult> ListAsync(
        AuditLog log, HttpContext context, string? actor, string? action, string? outcome, string? since, string? until, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var before, out var refusal))
        {
            return refusal!;
        }

        if (outcome is not null && !AuditOutcome.All.Contains(outcome, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"outcome is one of {string.Join(", ", AuditOutcome.All)}");
        }

        if (!Times.TryRead(since, out var from) || !Times.TryRead(until, out var to))
        {
            return Problems.BadRequest("since and until are times like 2026-11-24T12:00:00Z");
        }

        var (rows, next) = await log.ListAsync(new AuditQuery(limit) { Actor = actor, Action = action, Outcome = outcome, Since = from, Until = to, Before = before }, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, rows, Paging.Key(next), row => Paging.Key(row.Id)));
    }
}
