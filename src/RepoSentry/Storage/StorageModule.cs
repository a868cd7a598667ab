using RepoSentry.Configuration;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Storage;

internal static class StorageModule
{
    public static IServiceCollection AddStorage(this IServiceCollection services, SentryConfig config)
    {
        SqlTime.Register();
        return services
            .AddSingleton(config.Storage)
            .AddSingleton<SqliteStorage>()
            .AddSingleton<OpenedDatabase>()
            .AddSingleton<IDatabase>(provider => provider.GetRequiredService<OpenedDatabase>())
            .AddSingleton<Outbox>()
            .AddSingleton<LiveFeed>()
            .AddSingleton<Ownership>()
            .AddSingleton<RepositoryStore>()
            .AddSingleton<ListingStore>()
            .AddSingleton<PollStore>()
            .AddSingleton<DeliveryStore>()
            .AddSingleton<RetryStore>()
            .AddSingleton<RetentionStore>()
            .AddSingleton<OutcomeStore>()
            .AddSingleton<TokenStore>()
            .AddSingleton<SealedStore>()
            .AddSingleton<AuditLog>()
            .AddSingleton<IdempotencyStore>()
            .AddSingleton<TriggerHaltStore>();
    }
}
