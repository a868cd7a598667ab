using RepoSentry.Events;
using RepoSentry.Storage;

namespace RepoSentry.Dashboard.Pages;

/// <summary>What asks for somebody stands first.</summary>
internal static class Urgency
{
    /// <summary>The newest delivery to each trigger: a replay stands for what it repeats. Those alike stand in one order everywhere.</summary>
    public static IReadOnlyList<DeliveryView> Newest(EventView item) =>
        [.. item.Deliveries.Reverse().DistinctBy(delivery => delivery.Trigger, StringComparer.Ordinal).OrderBy(Of).ThenBy(delivery => delivery.Trigger, StringComparer.Ordinal)];

    /// <summary>Bad before warned of before under way before all else, by the colour that a word has.</summary>
    public static int Of(string word) => Parts.Show.Tone(word) switch { "bad" => 0, "warn" => 1, "wait" => 2, _ => 3 };

    private static int Of(DeliveryView delivery) => delivery switch
    {
        { Status: DeliveryStatus.Dead } => 0,
        { Status: DeliveryStatus.Waiting, LastError: not null } => 1,
        { Status: DeliveryStatus.Waiting } => 2,
        { Status: DeliveryStatus.InFlight } => 3,
        { Status: DeliveryStatus.Delivered } => 4,
        _ => 5,
    };
}
