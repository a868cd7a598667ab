using RepoSentry.Api.Access;
using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>From whatever somebody holds in hand, a commit, an event or a receiver's id, to the events that belong to it.</summary>
internal static class TraceEndpoints
{
    private const int Shortest = 7;

    public static void MapTrace(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/trace/{id}", TraceAsync).RequireRole(Role.Viewer).WithName("trace").WithTags("events")
            .WithSummary("Events of a commit (7 characters or more), an event id, or a receiver's id of a delivery; newest first").Produces<ListAnswer<EventView>>().ProducesProblem(400).ProducesProblem(404);

    internal static async Task<IResult> TraceAsync(string id, EventLog log, TektonOutcomes outcomes, CancellationToken cancellationToken)
    {
        if (id.Length < Shortest)
        {
            return Problems.BadRequest($"{Shortest} characters or more of a commit, or a whole id");
        }

        if (id.All(letter => letter == '0'))
        {
            return Problems.NotFound("Zeros stand for no commit: a ref that came or went.");
        }

        var found = await log.TraceAsync(id, cancellationToken);
        return found.Items.Count > 0 ? TypedResults.Ok(new ListAnswer<EventView>(await outcomes.AddToAsync(found.Items, cancellationToken), null)) : Problems.NotFound($"Nothing recorded has to do with {id}.");
    }
}
