using System.Collections.Concurrent;

namespace RepoSentry.Telemetry;

/// <summary>The components by name, each asked for its health when somebody looks.</summary>
internal sealed class HealthRegistry
{
    private readonly ConcurrentDictionary<string, Func<ComponentHealth>> components = new(StringComparer.Ordinal);

    private Func<IEnumerable<(string Name, ComponentHealth Health)>> others = () => [];

    public void Register(string name, Func<ComponentHealth> health) => components[name] = health;

    /// <summary>Components that come and go with the configuration.</summary>
    public void RegisterMany(Func<IEnumerable<(string Name, ComponentHealth Health)>> health) => others = health;

    public IReadOnlyDictionary<string, ComponentHealth> Check() =>
        components.Select(pair => (Name: pair.Key, Health: pair.Value())).Concat(others()).OrderBy(pair => pair.Name, StringComparer.Ordinal)
            .ToDictionary(pair => pair.Name, pair => pair.Health, StringComparer.Ordinal);
}

/// <param name="Status">ok, degraded or failing.</param>
/// <param name="Message">One sentence; null when all is well.</param>
internal sealed record ComponentHealth(string Status, string? Message = null)
{
    public static ComponentHealth Ok { get; } = new("ok");

    public static ComponentHealth Degraded(string message) => new("degraded", message);

    public static ComponentHealth Failing(string message) => new("failing", message);
}
