namespace RepoSentry.Delivery;

internal static class DeliveryModule
{
    public static IServiceCollection AddDelivery(this IServiceCollection services) => services
        .AddSingleton<DestinationFactory>()
        .AddSingleton<DeliveryWorkers>()
        .AddSingleton<TriggerTest>();
}
