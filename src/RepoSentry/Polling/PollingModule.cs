using RepoSentry.Polling.Discovery;
using RepoSentry.Providers;

namespace RepoSentry.Polling;

internal static class PollingModule
{
    public static IServiceCollection AddPolling(this IServiceCollection services) => services
        .AddSingleton<RepositoryPoller>()
        .AddSingleton<RecentLooks>()
        .AddSingleton<LookRunner>()
        .AddSingleton<CompanyRunner>()
        .AddSingleton<PollWorker>()
        .AddSingleton<DiscoveryBook>()
        .AddSingleton<Func<string, IRepositoryLister?>>(provider => provider.GetRequiredService<RefSourceCatalog>().ListerOf)
        .AddSingleton<DiscoveryWorker>();
}
