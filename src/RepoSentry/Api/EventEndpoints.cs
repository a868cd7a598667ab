using RepoSentry.Abstractions;
using RepoSentry.Api.Access;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The events and what became of them.</summary>
internal static class EventEndpoints
{
    internal static readonly string[] Statuses = ["pending", "delivered", "failed", "superseded", "unrouted"];

    public static void MapEvents(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/events").WithTags("events");
        group.MapGet("", ListAsync).RequireRole(Role.Viewer).WithName("listEvents").WithSummary("Events, newest first").Produces<ListAnswer<EventView>>().ProducesProblem(400);
        group.MapGet("/{id}", ShowAsync).RequireRole(Role.Viewer).WithName("getEvent").WithSummary("One event with its deliveries").Produces<EventView>().ProducesProblem(404);
    }

    private static async Task<IResult> ListAsync(
        EventLog log, HttpContext context, string? repository, string? @ref, string? type, string? status, string? since, string? until, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var before, out var refusal))
        {
            return refusal!;
        }

        if (type is not null && !EventTypes.TryParse(type, out _))
        {
            return Problems.BadRequest($"type is one of {string.Join(", ", EventTypes.All)}");
        }

        if (status is not null && !Statuses.Contains(status, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"status is one of {string.Join(", ", Statuses)}");
        }

        if (!Times.TryRead(since, out var from) || !Times.TryRead(until, out var to))
        {
            return Problems.BadRequest("since and until are times like 2026-11-24T12:00:00Z");
        }

        var query = new EventQuery(limit) { Repository = repository, Ref = @ref, Type = type, Status = status, Since = from, Until = to, Before = before };
        var page = await log.ListEventsAsync(query, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, page.Items, Paging.Key(page.Next)));
    }

    private static async Task<IResult> ShowAsync(string id, EventLog log, OutcomeStore outcomes, TimeProvider time, CancellationToken cancellationToken)
    {
        if (await log.FindEventAsync(id, cancellationToken) is not { } found)
        {
            return Problems.NotFound($"There is no event {id}.");
        }

        var accepted = found.Deliveries.Where(delivery => delivery.ReceiptId is not null).ToList();
        var (configured, statements) = accepted.Count == 0 ? (false, []) : await outcomes.FindAsync([.. accepted.Select(delivery => delivery.ReceiptId!)], cancellationToken);
        return TypedResults.Ok(found with
        {
            Outcomes = [.. accepted.Select(delivery => TektonOutcome.Of(delivery, configured, [.. statements.Where(statement => statement.ReceiptId == delivery.ReceiptId)], time.GetUtcNow()))],
        });
    }
}
