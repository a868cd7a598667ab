namespace RepoSentry.Polling;

internal static class PollingModule
{
    public static IServiceCollection AddPolling(this IServiceCollection services) => services
        .AddSingleton<RepositoryPoller>()
        .AddSingleton<RecentLooks>()
        .AddSingleton<LookRunner>()
        .AddSingleton<CompanyRunner>()
        .AddSingleton<PollWorker>();
}
