using System.Text.Json.Serialization;
using RepoSentry.Api.Access;
using RepoSentry.Telemetry;

namespace RepoSentry.Api;

/// <summary>Probes. Liveness never depends on a forge, a trigger or the disk; readiness on storage and lifecycle alone.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this IEndpointRouteBuilder routes)
    {
        foreach (var path in new[] { "/livez", "/health/live" })
        {
            routes.MapGet(path, () => TypedResults.Text("ok")).AsProbe();
        }

        foreach (var path in new[] { "/readyz", "/health/ready" })
        {
            routes.MapGet(path, (Lifecycle lifecycle, HealthRegistry health) => Readiness(lifecycle, health, verbose: false)).AsProbe();
        }

        foreach (var path in new[] { "/healthz", "/health" })
        {
            routes.MapGet(path, (Lifecycle lifecycle, HealthRegistry health, HttpRequest request) => Readiness(lifecycle, health, request.Query.ContainsKey("verbose"))).AsProbe();
        }
    }

    private static IResult Readiness(Lifecycle lifecycle, HealthRegistry health, bool verbose)
    {
        var components = health.Check();
        var ready = lifecycle.State is LifecycleState.Running or LifecycleState.Reloading && components.GetValueOrDefault("storage")?.Status != "failing";
        var degraded = components.Where(pair => pair.Value.Status != "ok").ToDictionary(pair => pair.Key, pair => pair.Value.Message ?? pair.Value.Status, StringComparer.Ordinal);
        var body = new HealthAnswer(
            !ready ? "unavailable" : degraded.Count > 0 ? "degraded" : "ok",
            lifecycle.State.ToString(),
            lifecycle.Reason,
            degraded.Count > 0 ? degraded : null,
            verbose ? components : null);
        return Results.Json(body, HealthJson.Default.HealthAnswer, statusCode: ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable);
    }
}

/// <param name="Status">ok, degraded or unavailable.</param>
/// <param name="State">Where the process is in its life.</param>
/// <param name="Reason">What it waits for, or why it failed.</param>
/// <param name="Degraded">Components that are not well, with a sentence each.</param>
/// <param name="Components">All of them; with <c>?verbose</c> only.</param>
internal sealed record HealthAnswer(
    string Status, string State, string? Reason, IReadOnlyDictionary<string, string>? Degraded, IReadOnlyDictionary<string, ComponentHealth>? Components);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HealthAnswer))]
internal sealed partial class HealthJson : JsonSerializerContext;
