using RepoSentry.Api.Access;
using RepoSentry.Delivery;
using RepoSentry.Storage;

namespace RepoSentry.Api;

/// <summary>The triggers: whether they send, what waits for them.</summary>
internal static class TriggerEndpoints
{
    private static readonly TimeSpan OrderWait = TimeSpan.FromSeconds(2);

    public static void MapTriggers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/triggers").WithTags("triggers");
        group.MapGet("", (DeliveryWorkers workers) => new ListAnswer<TriggerView>([.. workers.All.Select(worker => worker.View)], null))
            .RequireRole(Role.Viewer).WithName("listTriggers").WithSummary("Every trigger");
        group.MapPost("/{name}/pause", (string name, DeliveryWorkers workers, CancellationToken cancellationToken) => TellAsync(name, workers, worker => worker.PauseAsync(), cancellationToken))
            .Writes(Role.Operator, "trigger.pause").WithName("pauseTrigger").WithSummary("Send nothing until it is resumed").Produces(202).ProducesProblem(404);
        group.MapPost("/{name}/resume", (string name, DeliveryWorkers workers, CancellationToken cancellationToken) => TellAsync(name, workers, worker => worker.ResumeAsync(), cancellationToken))
            .Writes(Role.Operator, "trigger.resume").WithName("resumeTrigger").WithSummary("Go on after a pause").Produces(202).ProducesProblem(404);
        group.MapPost("/{name}/test", TestAsync)
            .Writes(Role.Operator, "trigger.test").WithName("testTrigger").WithSummary("Send one made-up event and tell what came of it")
            .WithDescription("A branch update of refs/heads/reposentry-test, marked by the header X-RepoSentry-Test: true (REPOSENTRY_TEST for programs). It goes straight to the destination, paused or not, and is stored nowhere. A receiver that does not look at the mark takes it for a push: a Tekton pipeline may start. The answer is 200 also where the receiver did not accept it: see outcome.")
            .Produces<TriggerTestResult>().ProducesProblem(404);
    }

    internal static async Task<IResult> TestAsync(string name, TriggerTest test, CancellationToken cancellationToken) =>
        await test.RunAsync(name, cancellationToken) is { } result ? TypedResults.Ok(result) : Problems.NotFound($"There is no trigger {name}.");

    internal static async Task<IResult> TellAsync(string name, DeliveryWorkers workers, Func<DeliveryWorker, Task> order, CancellationToken cancellationToken)
    {
        if (workers.All.FirstOrDefault(worker => worker.Name == name) is not { } found)
        {
            return Problems.NotFound($"There is no trigger {name}.");
        }

        // Whoever reads next sees it done; a worker that is slow, or has ended, keeps nobody waiting.
        await Task.WhenAny(order(found), Task.Delay(OrderWait, cancellationToken));
        return TypedResults.Accepted((string?)null);
    }
}
