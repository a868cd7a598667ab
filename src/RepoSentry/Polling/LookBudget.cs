using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Polling.Strategies;

namespace RepoSentry.Polling;

/// <summary>What the looks of one credential may spend, and what can be promised for it.</summary>
/// <param name="Repositories">Those that share it, pinned ones apart.</param>
/// <param name="Available">Looks a second that the forge's limits leave; infinity where nobody counts.</param>
/// <param name="Pinned">Looks a second of repositories with a polling_interval of their own.</param>
/// <param name="Polling">The settings.</param>
internal sealed record LookBudget(int Repositories, double Available, double Pinned, PollingConfig Polling)
{
    // GitHub's secondary limits allow 900 requests a minute and we stay at 600; a fifth of that is for enrichment.
    private const double GitHubPerSecond = 8;
    private const double MostForLooks = 0.9;
    private const double MostForPins = 0.8;

    /// <summary>Looks a second that keep polling.interval for everyone.</summary>
    public double Needed => Repositories / Polling.Interval.TotalSeconds;

    /// <summary>What is left beside pinned repositories, which are served first up to four fifths.</summary>
    public double Left => Available - Math.Min(Pinned, MostForPins * Available);

    /// <summary>Whether polling.interval holds for everyone; else what there is is spread, up to max_interval.</summary>
    public bool KeepsInterval => double.IsInfinity(Available) || Left >= Needed;

    /// <summary>Looks a second that are spent.</summary>
    public double Spent => KeepsInterval ? Math.Min(double.IsInfinity(Available) ? double.MaxValue : Left, (1 + Polling.Surplus) * Needed) : Left;

    /// <summary>Whether even max_interval cannot be kept.</summary>
    public bool IsOverdrawn => !KeepsInterval && Spent < Repositories / Polling.MaxInterval.TotalSeconds;

    /// <summary>Nobody waits longer.</summary>
    public TimeSpan Longest => KeepsInterval ? Polling.Interval : IsOverdrawn ? TimeSpan.FromSeconds(Repositories / Spent) : Polling.MaxInterval;

    public LookLimits Limits => new(Spent, Polling.MinInterval.TotalSeconds, Longest.TotalSeconds);

    /// <summary>How much longer than asked for everyone waits where all have one interval.</summary>
    public double Stretch => KeepsInterval ? 1 : Needed / Spent;

    public string Explain(string credential) => Repositories == 0 ? $"each repository of credential {credential} has an interval of its own"
        : KeepsInterval
        ? $"polling.interval of {Durations.Format(Polling.Interval)} is kept for all {Repositories} of credential {credential}"
        : string.Create(CultureInfo.InvariantCulture, $"credential {credential} has {Left:0.##} looks a second where polling.interval needs {Needed:0.##}: they are spread, nobody waits longer than {Durations.Format(Longest)}{(IsOverdrawn ? ", which is beyond polling.max_interval" : "")}");

    /// <summary>Requests of one look that finds nothing new.</summary>
    public static double RequestsOf(RepositoryConfig repository) =>
        repository.ProviderType == "git" ? 1 : Math.Max(1, (repository.BranchRegex is not null || repository.Branches.Count > 0 ? 1 : 0) + (repository.Tags.Count > 0 ? 1 : 0));

    /// <summary>Of each credential that a configuration uses.</summary>
    public static IReadOnlyDictionary<string, LookBudget> Of(SentryConfig config)
    {
        var providers = config.Providers.ToDictionary(provider => provider.Name, StringComparer.Ordinal);
        return config.Repositories.Where(repository => repository.Enabled).GroupBy(repository => repository.Provider, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Of(providers.GetValueOrDefault(group.Key), [.. group], config.Polling), StringComparer.Ordinal);
    }

    /// <summary>Of a credential with these repositories.</summary>
    public static LookBudget Of(ProviderConfig? provider, IReadOnlyCollection<RepositoryConfig> repositories, PollingConfig polling)
    {
        var pinned = repositories.Where(repository => repository.PollingInterval is not null).ToList();
        var each = repositories.Count == 0 ? 1 : repositories.Average(RequestsOf);
        return new LookBudget(repositories.Count - pinned.Count, RequestsPerSecond(provider) / each, pinned.Sum(repository => 1 / repository.PollingInterval!.Value.TotalSeconds), polling);
    }

    // A 304 costs GitHub's primary limit nothing where the caller says who it is; GitLab counts every request.
    private static double RequestsPerSecond(ProviderConfig? provider) => provider switch
    {
        null or { Type: "git" } => double.PositiveInfinity,
        { Type: "github", HasCredential: true } => GitHubPerSecond,
        _ => MostForLooks * provider.RequestsPerHour / 3600,
    };
}
