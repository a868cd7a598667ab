namespace RepoSentry.Events;

internal static class EventsModule
{
    public static IServiceCollection AddEvents(this IServiceCollection services) => services
        .AddSingleton<EventLog>()
        .AddSingleton<TektonOutcomes>()
        .AddSingleton<RetentionWorker>();
}
