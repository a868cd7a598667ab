using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Polling.Strategies;
using RepoSentry.Providers.GitHub;

namespace RepoSentry.Polling;

/// <summary>What the looks of one credential may spend, and what can be promised for it.</summary>
/// <param name="Repositories">Those that share it, pinned ones apart; where each is looked at alone, those that watch one remote count as one.</param>
/// <param name="Available">Looks a second that the forge's limits leave; infinity where nobody counts.</param>
/// <param name="Pinned">Looks a second of repositories with a polling_interval of their own.</param>
/// <param name="Polling">The settings.</param>
internal sealed record LookBudget(int Repositories, double Available, double Pinned, PollingConfig Polling)
{
    // GitHub's secondary limits allow 900 requests a minute and we stay at 600; a fifth of that is for enrichment.
    private const double GitHubPerSecond = 8;
    private const double MostForLooks = 0.9;
    private const double MostForPins = 0.8;
    private const double Least = 1e-4;

    /// <summary>Requests of one look that finds nothing new, on average.</summary>
    public double Each { get; init; } = 1;

    /// <summary>Looks a second that repositories with an interval of their own may take; they are looked at alone.</summary>
    public double MostPinned { get; init; } = double.PositiveInfinity;

    /// <summary>Looks that are made together, with one request.</summary>
    public int AtOnce { get; init; } = 1;

    /// <summary>Where lists of pushes tell whom to look at; null where each repository is looked at in its turn.</summary>
    public SweepBudget? Sweeps { get; init; }

    public LookWay Way => Sweeps is not null ? LookWay.Sweep : AtOnce > 1 ? LookWay.Batch : LookWay.Single;

    public string WayName => Way switch { LookWay.Single => "single", LookWay.Batch => "batch", _ => "sweep" };

    /// <summary>Looks a second that keep polling.interval for everyone.</summary>
    public double Needed => Repositories / Polling.Interval.TotalSeconds;

    /// <summary>What is left beside pinned repositories, which are served first up to four fifths.</summary>
    public double Left => Overdraft > 1 ? Available - (Pinned / Overdraft) : Beside;

    private double Beside => Available - (Way == LookWay.Single ? Math.Min(Pinned, MostForPins * Available) : 0); // else pinned ones, which are looked at alone, have another quota

    // By how much all wait longer, alike, where those without an interval of their own cannot have max_interval.
    private double Overdraft => Way == LookWay.Single && Beside < LeastNeeded ? (Pinned + LeastNeeded) / Available : 1;

    private double LeastNeeded => Repositories / Polling.MaxInterval.TotalSeconds;

    /// <summary>Whether polling.interval holds for everyone; else what there is is spread, up to max_interval.</summary>
    public bool KeepsInterval => Sweeps?.KeepsInterval ?? (double.IsInfinity(Available) || Left >= Needed);

    /// <summary>Looks a second that are spent.</summary>
    public double Spent => Sweeps?.Looks ?? (KeepsInterval ? Math.Min(double.IsInfinity(Available) ? double.MaxValue : Left, (1 + Polling.Surplus) * Needed) : Left);

    /// <summary>Whether even max_interval cannot be kept.</summary>
    public bool IsOverdrawn => !KeepsInterval && Longest > Polling.MaxInterval;

    /// <summary>Nobody waits longer.</summary>
    public TimeSpan Longest => Sweeps?.Longest
        ?? (KeepsInterval ? Polling.Interval : Left < LeastNeeded ? TimeSpan.FromSeconds(Repositories / Left) : Polling.MaxInterval);

    /// <summary>Of those that are looked at in their turn.</summary>
    public LookLimits Limits => Sweeps?.Others ?? new(Spent, Polling.MinInterval.TotalSeconds, Longest.TotalSeconds, AtOnce);

    /// <summary>How much longer than asked for everyone waits where all have one interval.</summary>
    public double Stretch => KeepsInterval ? 1 : Needed / Spent;

    /// <summary>How much longer those wait that have an interval of their own: where they want more than their part, and where nobody can have max_interval.</summary>
    public double PinStretch => Overdraft > 1 ? Overdraft : Math.Max(1, Pinned / MostPinned);

    /// <summary>Of looks that find nothing new.</summary>
    public double RequestsPerHour => ((Sweeps is { } sweeps ? sweeps.RequestsPerSecond : AtOnce > 1 ? Spent / AtOnce : Spent * Each) + (Pinned / PinStretch * Each)) * 3600;

    public string Explain(string credential) => PinStretch <= 1 || Pinned <= 0 ? ExplainShared(credential) : string.Create(
        CultureInfo.InvariantCulture, $"repositories with a polling_interval of their own want {Pinned:0.##} looks a second where there are {Pinned / PinStretch:0.##}: each waits {PinStretch:0.##} times as long; {ExplainShared(credential)}");

    private string ExplainShared(string credential)
    {
        if (Repositories == 0)
        {
            return $"each repository of credential {credential} has an interval of its own";
        }

        if (Sweeps is { } sweeps)
        {
            return sweeps.Explain(credential, this);
        }

        var together = AtOnce > 1 ? $", looked at {AtOnce} at a time" : "";
        return KeepsInterval
            ? $"polling.interval of {Durations.Format(Polling.Interval)} is kept for all {Repositories} of credential {credential}{together}"
            : string.Create(CultureInfo.InvariantCulture, $"credential {credential} has {Left:0.##} looks a second where polling.interval needs {Needed:0.##}: they are spread{together}, nobody waits longer than {Durations.About(Longest)}{(IsOverdrawn ? ", which is beyond polling.max_interval" : "")}");
    }

    /// <summary>Requests of one look that finds nothing new.</summary>
    public static double RequestsOf(RepositoryConfig repository) =>
        repository.ProviderType == "git" ? 1 : Math.Max(1, (repository.BranchRegex is not null || repository.Branches.Count > 0 ? 1 : 0) + (repository.Tags.Count > 0 ? 1 : 0) + (repository.PullRequests != PullRequestScope.None ? 1 : 0));

    /// <summary>Of each credential that a configuration uses.</summary>
    public static IReadOnlyDictionary<string, LookBudget> Of(SentryConfig config)
    {
        var providers = config.Providers.ToDictionary(provider => provider.Name, StringComparer.Ordinal);
        return config.Repositories.Where(repository => repository.Enabled).GroupBy(repository => repository.Provider, StringComparer.Ordinal)
            .ToDictionary(group => group.Key, group => Of(providers.GetValueOrDefault(group.Key), [.. group], config.Polling), StringComparer.Ordinal);
    }

    /// <summary>Of a credential with these repositories: the first way of looking that keeps the promise, from the one that shows most to the one that costs least.</summary>
    /// <param name="alone">Each is looked at alone, whatever it costs: the forge answers nothing else.</param>
    /// <param name="hidden">Owners whose pushes it does not list.</param>
    /// <param name="line">Requests, or points where there are any, a second that what is left of the limit allows; infinity where there is enough of it.</param>
    public static LookBudget Of(
        ProviderConfig? provider, IReadOnlyCollection<RepositoryConfig> repositories, PollingConfig polling, bool alone = false, IReadOnlySet<string>? hidden = null, double line = double.PositiveInfinity)
    {
        var spendable = Math.Max(Least, Math.Min(RequestsPerSecond(provider), provider is { Type: "github", HasCredential: true } ? double.PositiveInfinity : line));
        var pinned = repositories.Where(repository => repository.PollingInterval is not null).ToList();
        var each = repositories.Count == 0 ? 1 : repositories.Average(RequestsOf);
        var pinnedRemotes = pinned.GroupBy(RemoteOf).Select(same => same.Min(repository => repository.PollingInterval!.Value)).ToList();
        var others = repositories.Where(repository => repository.PollingInterval is null).ToList();
        var single = new LookBudget(others.DistinctBy(RemoteOf).Count(), spendable / each, pinnedRemotes.Sum(interval => 1 / interval.TotalSeconds), polling) { Each = each, MostPinned = MostForPins * spendable / each };
        if (single.KeepsInterval || alone || polling.Strategy != "adaptive" || provider is not { Type: "github", HasCredential: true })
        {
            return single;
        }

        var points = SweepBudget.MostOfPoints * provider.RequestsPerHour / 3600;
        var batch = single with { Repositories = others.Count, Available = points * GitHubQueries.Page / each, AtOnce = GitHubQueries.Page };
        var left = Math.Max(Least, Math.Min(points, line)); // the way stays what it is while the limit runs short
        var within = batch with { Available = left * GitHubQueries.Page / each };
        if (batch.KeepsInterval)
        {
            return within;
        }

        var sweeps = SweepBudget.Of([.. repositories.Where(repository => repository.PollingInterval is null)], left, each, polling, hidden);
        return sweeps.Owners.Count == 0 ? within : within with { Sweeps = sweeps };
    }

    // Watchers of one remote are looked at with one request.
    private static (Uri Url, Uri? ApiBaseUrl) RemoteOf(RepositoryConfig repository) => (repository.Remote, repository.ApiBaseUrl);

    // A 304 costs GitHub's primary limit nothing where the caller says who it is; GitLab counts every request.
    private static double RequestsPerSecond(ProviderConfig? provider) => provider switch
    {
        null or { Type: "git" } => double.PositiveInfinity,
        { Type: "github", HasCredential: true } => GitHubPerSecond,
        _ => MostForLooks * provider.RequestsPerHour / 3600,
    };
}

/// <summary>How the repositories of a credential are looked at.</summary>
internal enum LookWay
{
    /// <summary>Each with a request of its own.</summary>
    Single,

    /// <summary>Many with one request.</summary>
    Batch,

    /// <summary>Those that a list of pushes tells of, at once; all, rarely.</summary>
    Sweep,
}
