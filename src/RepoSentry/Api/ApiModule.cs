using System.Text.Json;
using RepoSentry.Api.Access;
using RepoSentry.Configuration;
using RepoSentry.Storage;
using RepoSentry.Telemetry;

namespace RepoSentry.Api;

internal static class ApiModule
{
    public static IServiceCollection AddApi(this IServiceCollection services) => services
        .AddSingleton<RepositoryLog>()
        .AddSingleton<SentryGauges>()
        .AddSingleton<EventStreams>()
        .AddSingleton<WaitReasons>()
        .AddSingleton<FleetHistory>()
        .ConfigureHttpJsonOptions(options =>
        {
            options.SerializerOptions.TypeInfoResolverChain.Insert(0, ApiJson.Default);
            options.SerializerOptions.Converters.Add(new MillisecondConverter());
            options.SerializerOptions.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        })
        .AddAccess()
        .AddOpenApi(ApiDescription.Configure)
        .AddProblemDetails();

    public static WebApplication UseApi(this WebApplication app)
    {
        app.UseSafeAnswers();
        app.UseExceptionHandler(errors => errors.Run(context =>
            BrowserPage.RefuseAsync(context, Problems.OfStatus(StatusCodes.Status500InternalServerError))));
        app.UseStatusCodePages(pages => BrowserPage.RefuseAsync(pages.HttpContext, Problems.OfStatus(pages.HttpContext.Response.StatusCode)));
        app.UseAccess();
        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json").RequireRole(Role.Viewer);
        app.UseSwaggerUI(options =>
        {
            options.RoutePrefix = "swagger";
            options.SwaggerEndpoint("/openapi/v1.json", "RepoSentry v1");
        });
        app.MapPrometheusScrapingEndpoint("/metrics").RequireRole(Role.Viewer);
        app.MapGet("/version", () => new VersionAnswer(ProductVersion.Text)).ExcludeFromDescription().RequireRole(Role.Viewer);

        app.MapGet("/schema/config.json", () => TypedResults.Text(ConfigSchema.Text, "application/schema+json")).ExcludeFromDescription().RequireRole(Role.Viewer);

        var api = app.MapGroup("/api/v1").AddEndpointFilter(RunningOnlyAsync).AddEndpointFilter(EntityTags.AddAsync);
        api.MapRepositories();
        api.MapEvents();
        api.MapDeliveries();
        api.MapTrace();
        api.MapRetries();
        api.MapTriggers();
        api.MapReload();
        api.MapSecrets();
        api.MapTekton();
        api.MapTokens();
        api.MapSession();
        api.MapAudit();
        app.MapGroup("/api/v1").AddEndpointFilter(EntityTags.AddAsync).MapStatus();
        _ = app.Services.GetRequiredService<SentryGauges>();
        app.Services.GetRequiredService<FleetHistory>().Begin();
        return app;
    }

    // Before the storage is open there is nothing to read; saying so beats waiting.
    private static async ValueTask<object?> RunningOnlyAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        return NotRunning(context.HttpContext.RequestServices) ?? await next(context);
    }

    /// <summary>Null while there is something to read.</summary>
    internal static IResult? NotRunning(IServiceProvider services)
    {
        var lifecycle = services.GetRequiredService<Lifecycle>();
        return services.GetRequiredService<OpenedDatabase>().IsOpen && lifecycle.State is LifecycleState.Running or LifecycleState.Reloading or LifecycleState.Stopping
            ? null
            : Problems.Starting(lifecycle.Reason);
    }
}

internal sealed record VersionAnswer(string Version);
