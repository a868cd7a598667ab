using System.Diagnostics.CodeAnalysis;
using System.Globalization;
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
        group.MapGet("/stream", StreamAsync).RequireRole(Role.Viewer).WithName("streamEvents").WithSummary("Events as they are committed, and what becomes of them, as server-sent events")
            .WithDescription("A message `event` has the sequence number as its id: a client that sends Last-Event-ID goes on after it, and nothing is skipped or told twice. A message `status` has no id: it tells what became of an event that was told before, or came before the stream. A message `refresh` says that more has changed than is told: read the list again. Without Last-Event-ID the stream begins with what is committed next, or with `since`. A comment comes every 15 seconds.")
            .Produces<string>(200, "text/event-stream").ProducesProblem(400).ProducesProblem(503);
        group.MapGet("/{id}", ShowAsync).RequireRole(Role.Viewer).WithName("getEvent").WithSummary("One event with its deliveries, and why those that wait do").Produces<EventView>().ProducesProblem(404);
    }

    internal static async Task<IResult> ListAsync(
        EventLog log, HttpContext context, string? repository, string? @ref, string? type, string? status, string? since, string? until, CancellationToken cancellationToken)
    {
        if (!Paging.TryReadKey(context.Request, out var limit, out var before, out var refusal))
        {
            return refusal!;
        }

        if (!TryFilter(repository, @ref, type, status, since, until, out var query, out refusal))
        {
            return refusal;
        }

        var page = await log.ListEventsAsync(query with { Limit = limit, Before = before }, cancellationToken);
        return TypedResults.Ok(Paging.Answer(context, page.Items, Paging.Key(page.Next)));
    }

    // The newest is followed unless the request says where to go on.
    private static async Task<IResult> StreamAsync(
        EventLog log, EventStreams streams, HttpContext context, string? repository, string? @ref, string? type, string? status, string? since, string? until, CancellationToken cancellationToken)
    {
        if (!TryFilter(repository, @ref, type, status, since, until, out var query, out var refusal))
        {
            return refusal;
        }

        if (context.Request.Headers["Last-Event-ID"].ToString() is not { Length: > 0 } last)
        {
            return streams.Follow(context, query, await log.PositionAsync(query.Since, cancellationToken));
        }

        return long.TryParse(last, NumberStyles.None, CultureInfo.InvariantCulture, out var after)
            ? streams.Follow(context, query, after)
            : Problems.BadRequest("Last-Event-ID is not an id that this stream gave");
    }

    /// <summary>The number in <c>#7</c>; null where a ref is named.</summary>
    internal static long? PullRequestOf(string? @ref) =>
        @ref is ['#', .. var digits] && long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static bool TryFilter(
        string? repository, string? @ref, string? type, string? status, string? since, string? until, [NotNullWhen(true)] out EventQuery? query, [NotNullWhen(false)] out IResult? refusal)
    {
        (query, refusal) = (null, null);
        if (type is not null && !EventTypes.TryParse(type, out _))
        {
            refusal = Problems.BadRequest($"type is one of {string.Join(", ", EventTypes.All)}");
        }
        else if (status is not null && !Statuses.Contains(status, StringComparer.Ordinal))
        {
            refusal = Problems.BadRequest($"status is one of {string.Join(", ", Statuses)}");
        }
        else if (!Times.TryRead(since, out var from) | !Times.TryRead(until, out var to))
        {
            refusal = Problems.BadRequest("since and until are times like 2026-11-24T12:00:00Z");
        }
        else
        {
            var number = PullRequestOf(@ref);
            query = new EventQuery(Paging.MaxLimit) { Repository = repository, Ref = number is null ? @ref : null, PullRequest = number, Type = type, Status = status, Since = from, Until = to };
        }

        return refusal is null;
    }

    internal static async Task<IResult> ShowAsync(string id, EventLog log, TektonOutcomes outcomes, WaitReasons waits, CancellationToken cancellationToken) =>
        await log.FindEventAsync(id, cancellationToken) is { } found
            ? TypedResults.Ok((await outcomes.AddToAsync([await waits.AddToAsync(found, cancellationToken)], cancellationToken))[0])
            : Problems.NotFound($"There is no event {id}.");
}
