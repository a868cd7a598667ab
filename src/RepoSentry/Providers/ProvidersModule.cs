namespace RepoSentry.Providers;

internal static class ProvidersModule
{
    public static IServiceCollection AddProviders(this IServiceCollection services) => services.AddSingleton<RefSourceCatalog>();
}
