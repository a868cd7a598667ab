using RepoSentry.Delivery;

namespace RepoSentry.Api;

/// <summary>The triggers: whether they send, what waits for them.</summary>
internal static class TriggerEndpoints
{
    public static void MapTriggers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/triggers").WithTags("triggers");
        group.MapGet("", (DeliveryWorkers workers) => new ListAnswer<TriggerView>([.. workers.All.Select(worker => worker.View)], null))
            .WithName("listTriggers").WithSummary("Every trigger");
        group.MapPost("/{name}/pause", (string name, DeliveryWorkers workers) => Tell(name, workers, worker => worker.Pause()))
            .WithName("pauseTrigger").WithSummary("Send nothing until it is resumed").Produces(202).ProducesProblem(404);
        group.MapPost("/{name}/resume", (string name, DeliveryWorkers workers) => Tell(name, workers, worker => worker.Resume()))
            .WithName("resumeTrigger").WithSummary("Go on after a pause").Produces(202).ProducesProblem(404);
    }

    private static IResult Tell(string name, DeliveryWorkers workers, Action<DeliveryWorker> order)
    {
        if (workers.All.FirstOrDefault(worker => worker.Name == name) is not { } found)
        {
            return Problems.NotFound($"There is no trigger {name}.");
        }

        order(found);
        return TypedResults.Accepted((string?)null);
    }
}
