using RepoSentry.Configuration;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

internal static class PollingModule
{
    public static IServiceCollection AddPolling(this IServiceCollection services, SentryConfig config) => services
        .AddSingleton(config.Polling)
        .AddSingleton(provider => new RepositoryPoller(
            config.Polling, config.Triggers, provider.GetRequiredService<PollStore>(), provider.GetRequiredService<Ownership>(), provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<RecentLooks>()
        .AddSingleton<LookRunner>()
        .AddSingleton<PollWorker>();
}
