using System.Text.Json;
using RepoSentry.Api.Access;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The deliveries with their attempts.</summary>
internal static class DeliveryEndpoints
{
    private static readonly string[] Statuses = ["waiting", "in_flight", "delivered", "dead", "superseded", "cancelled"];

    public static void MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/deliveries").WithTags("deliveries");
        group.MapGet("", ListAsync).RequireRole(Role.Viewer).WithName("listDeliveries").WithSummary("Deliveries, newest first").Produces<ListAnswer<DeliveryView>>().ProducesProblem(400);
        group.MapGet("/{id:long}", ShowAsync).RequireRole(Role.Viewer).WithName("getDelivery").WithSummary("One delivery: what was sent, why it waits, and a page of its attempts").Produces<DeliveryAnswer>().ProducesProblem(400).ProducesProblem(404);
    }

    internal static async Task<IResult> ListAsync(
        EventLog log, HttpContext context, string? trigger, string? status, string? repository, string? @event, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var before, out var refusal))
        {
            return refusal!;
        }

        if (status is not null && !Statuses.Contains(status, StringComparer.Ordinal))
        {
            return Problems.BadRequest($"status is one of {string.Join(", ", Statuses)}");
        }

        var query = new DeliveryQuery(limit) { Trigger = trigger, Status = status, Repository = repository, Event = @event, Before = before };
        var page = await log.ListDeliveriesAsync(query, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, page.Items, Paging.Key(page.Next), item => Paging.Key(item.Id)));
    }

    internal static async Task<IResult> ShowAsync(long id, EventLog log, WaitReasons waits, HttpContext context, string? order, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var place, out var refusal))
        {
            return refusal!;
        }

        if (order is not (null or "oldest" or "newest"))
        {
            return Problems.BadRequest("order is oldest or newest");
        }

        return await log.FindDeliveryAsync(id, place, limit, order == "newest", cancellationToken) is { } found
            ? TypedResults.Ok(new DeliveryAnswer(await waits.AddToAsync(found.Delivery, cancellationToken), new SentRequest(found.Headers, found.Body), Paging.Answer(context, found.Attempts.Items, Paging.Key(found.Attempts.Next), item => Paging.Key(item.Id))))
            : Problems.NotFound($"There is no delivery {id}.");
    }
}

/// <param name="Delivery">The delivery.</param>
/// <param name="Request">What was sent.</param>
/// <param name="Attempts">Oldest first, or newest first where that was asked for.</param>
internal sealed record DeliveryAnswer(DeliveryView Delivery, SentRequest Request, ListAnswer<AttemptView> Attempts);

/// <param name="Headers">Without secrets and signatures; null before the first attempt.</param>
/// <param name="Body">The exact body; null before the first attempt.</param>
internal sealed record SentRequest(JsonElement? Headers, string? Body);
