using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Polling.Strategies;
using RepoSentry.Providers.GitHub;

namespace RepoSentry.Polling;

/// <summary>
/// What a credential spends where its repositories are too many to be looked at one after the other: the pushes of each owner are listed within the interval,
/// whoever is listed is looked at, and everyone is looked at within max_interval, for a list does not tell of all that can happen.
/// </summary>
/// <param name="Owners">Those whose pushes are listed.</param>
/// <param name="Swept">Their repositories.</param>
/// <param name="Lists">Lists a second.</param>
/// <param name="Rest">Looks a second at the repositories of other owners.</param>
/// <param name="Safety">Looks a second at those of the listed owners, pushed to or not.</param>
/// <param name="Share">Of what the interval needs, how much there is: 2 is twice as much, below 1 it cannot be kept.</param>
internal sealed record SweepBudget(IReadOnlySet<string> Owners, int Swept, double Lists, double Rest, double Safety, double Share, PollingConfig Polling)
{
    /// <summary>Of the points of the quota; the rest is for looks at what was pushed to, and for others that use the credential.</summary>
    public const double MostOfPoints = 0.8;

    // A list costs as much as two repositories of a batch, and shows less.
    private const int FewestOfOwner = 3;
    private const double SafetyMargin = 1.2;
    private const double ForPushes = 0.9;
    private const double Least = 1e-6;

    public bool KeepsInterval => Share >= 1;

    public double Looks => Rest + Safety;

    public TimeSpan Longest => KeepsInterval ? Polling.Interval : Polling.Interval / Share;

    public double RequestsPerSecond => (Lists / GitHubQueries.MostOwners) + (Looks / GitHubQueries.Page);

    /// <summary>Of the lists.</summary>
    public LookLimits OfLists => new(Math.Max(Least, Lists), Polling.MinInterval.TotalSeconds, Longest.TotalSeconds, GitHubQueries.MostOwners);

    /// <summary>Of those whose owner is not listed.</summary>
    public LookLimits Others => new(Math.Max(Least, Rest), Polling.MinInterval.TotalSeconds, Longest.TotalSeconds, GitHubQueries.Page);

    /// <summary>Of those whose owner is.</summary>
    public LookLimits OfSafety => new(Math.Max(Least, Safety), Polling.MinInterval.TotalSeconds, Math.Max(Polling.MaxInterval.TotalSeconds, Swept / Math.Max(Least, Safety)), GitHubQueries.Page);

    public string Explain(string credential, LookBudget budget) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(KeepsInterval ? $"polling.interval of {Durations.Format(Polling.Interval)} is kept for all {budget.Repositories} of credential {credential}" : $"credential {credential} has a share of {Share:0.##} of what polling.interval needs: nobody waits longer than {Durations.About(Longest)}{(budget.IsOverdrawn ? ", which is beyond polling.max_interval" : "")}")}; the forge lists the pushes of {Owners.Count} owners with {Swept} repositories, and what it does not list (deletions, tags) is seen within {Durations.Format(Polling.MaxInterval)}");

    /// <summary>Whether a list of pushes tells what is watched of a repository: pull requests come and go without one.</summary>
    public static bool IsTold(RepositoryConfig repository) => repository.PullRequests == PullRequestScope.None;

    /// <param name="points">Points a second.</param>
    /// <param name="each">Connections of a look.</param>
    /// <param name="hidden">Owners whose pushes are not listed.</param>
    public static SweepBudget Of(IReadOnlyCollection<RepositoryConfig> repositories, double points, double each, PollingConfig polling, IReadOnlySet<string>? hidden = null)
    {
        var owners = repositories.Where(IsTold).GroupBy(repository => GitHubQueries.OwnerOf(repository.Url), StringComparer.Ordinal).Where(group => group.Key is { } name && hidden?.Contains(name) != true && group.Count() >= FewestOfOwner).ToList();
        var swept = owners.Sum(owner => owner.Count());
        var safety = SafetyMargin * swept / polling.MaxInterval.TotalSeconds;
        var (lists, rest) = (owners.Count / polling.Interval.TotalSeconds, (repositories.Count - swept) / polling.Interval.TotalSeconds);
        var (ofLists, ofLook) = (1.0 / GitHubQueries.MostOwners, each / GitHubQueries.Page);
        var left = Math.Max(points / 10, (ForPushes * points) - (safety * ofLook));
        var share = Math.Min(1 + polling.Surplus, left / Math.Max(Least, (lists * ofLists) + (rest * ofLook)));
        return new SweepBudget(owners.Select(owner => owner.Key!).ToHashSet(StringComparer.Ordinal), swept, lists * share, rest * share, safety, share, polling);
    }
}
