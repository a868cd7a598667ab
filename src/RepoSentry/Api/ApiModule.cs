using RepoSentry.Configuration;

namespace RepoSentry.Api;

internal static class ApiModule
{
    public static IServiceCollection AddApi(this IServiceCollection services, SentryConfig config)
    {
        _ = config;
        return services;
    }

    public static WebApplication UseApi(this WebApplication app)
    {
        app.MapHealth();
        return app;
    }
}
