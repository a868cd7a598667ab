using System.Globalization;
using RepoSentry.Configuration;
using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;

namespace RepoSentry.Polling;

/// <summary>
/// The repositories that the adaptive policy places, by credential: each credential has a budget of looks of its own. Those that are asked for, fail, or have
/// an interval of their own stand in the schedule meanwhile. Placed by one thread; read by any.
/// </summary>
internal sealed class Rosters(CurrentConfig current, TimeProvider time)
{
    // Another count changes every interval a little: followed in steps, for each costs a walk over all.
    private const double Step = 0.02;

    private static readonly DateTimeOffset Monday = new(1970, 1, 5, 0, 0, 0, TimeSpan.Zero);

    private readonly Dictionary<string, Roster> byCredential = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(Roster Roster, int Version), double> next = new();
    private readonly HourProfile fleet = new();
    private readonly double origin = (time.GetUtcNow() - Monday).TotalSeconds;

    private PollingConfig Polling => current.Value.Polling;

    public bool Takes(PolledRepository repository) =>
        Polling.Strategy == "adaptive" && repository.Config.PollingInterval is null && !repository.Archived && repository is { IsWatched: true, Left: false };

    /// <summary>Seconds from a Monday at midnight UTC, for what is stored and learnt.</summary>
    public static double Seconds(DateTimeOffset at) => (at - Monday).TotalSeconds;

    public string Why(PolledRepository repository, Roster roster)
    {
        var cadence = repository.Cadence!;
        var expected = cadence.Intensity.At(Seconds(time.GetUtcNow()), fleet) * 86_400;
        var weight = cadence.Weight > 1 ? $", priority {cadence.Weight}" : "";
        return string.Create(CultureInfo.InvariantCulture, $"the adaptive policy expects {expected:0.##} changes a day just now{weight}: its turn is about {cadence.Interval:0} s after its last look; {roster.Budget.Explain(roster.Credential)}");
    }

    /// <summary>Takes in those that were looked at before, all at once.</summary>
    public void Start(IEnumerable<PolledRepository> repositories, TimeSpan now)
    {
        foreach (var group in repositories.GroupBy(repository => repository.Sources.Credential, StringComparer.Ordinal))
        {
            var roster = RosterOf(group.Key);
            foreach (var repository in group)
            {
                Know(repository, now);
                repository.Cadence!.LookedAt = repository.LastLookedAt is { } at ? Math.Min(Seconds(at), At(now)) : At(now);
                roster.Members.Add(repository);
            }

            Adjust(roster, now, always: true);
            roster.Strategy.Start([.. group.Select(repository => repository.Cadence!)], At(now));
            foreach (var repository in group)
            {
                Told(repository, roster);
            }

            Ask(roster, At(now));
        }
    }

    /// <summary>Puts one in after a look that counts.</summary>
    /// <param name="lookedAt">When it began.</param>
    public void Looked(PolledRepository repository, TimeSpan lookedAt, TimeSpan now)
    {
        Know(repository, now);
        var roster = RosterOf(repository.Sources.Credential);
        if (repository.Roster != roster)
        {
            Remove(repository);
        }

        if (roster.Members.Add(repository))
        {
            Adjust(roster, now, always: false);
        }

        roster.Strategy.Looked(repository.Cadence!, At(lookedAt));
        Told(repository, roster);
        Ask(roster, At(now));
    }

    /// <summary>Takes note of a change that a look found.</summary>
    /// <param name="changedAt">When it was made, where the forge tells; else when it was found.</param>
    public void Changed(PolledRepository repository, DateTimeOffset? changedAt, TimeSpan now)
    {
        Know(repository, now);
        var cadence = repository.Cadence!;
        cadence.Intensity.Add(Math.Clamp(changedAt is { } at ? Seconds(at) : At(now), Math.Min(cadence.LookedAt, At(now)), At(now)), At(now), fleet);
    }

    /// <summary>Takes note of commits that were made before the first look; those within a minute of each other came with one push.</summary>
    public void Learn(PolledRepository repository, IReadOnlyList<DateTimeOffset> commits, TimeSpan now)
    {
        Know(repository, now);
        repository.Cadence!.Intensity.Learn(GitHistory.Pushes([.. commits.Select(Seconds).Where(at => at <= At(now)).Order()]), At(now), fleet);
    }

    public void Remove(PolledRepository repository)
    {
        if (repository.Roster is not { } roster)
        {
            return;
        }

        repository.Roster = null;
        roster.Members.Remove(repository);
        roster.Strategy.Remove(repository.Cadence!);
        if (roster.Members.Count == 0)
        {
            byCredential.Remove(roster.Credential);
        }
    }

    /// <summary>Takes out whose turn it is, over all credentials.</summary>
    /// <param name="blockedUntil">Until when a credential must not be asked; null if it may.</param>
    /// <param name="nextAt">When it is somebody's turn next; null if nobody is there.</param>
    public PolledRepository? Take(TimeSpan now, Func<PolledRepository, TimeSpan?> blockedUntil, out TimeSpan? nextAt)
    {
        nextAt = null;
        while (next.TryPeek(out var first, out var at))
        {
            if (first.Version != first.Roster.Version || first.Roster.Members.Count == 0)
            {
                next.Dequeue();
                continue;
            }

            if (at > At(now))
            {
                nextAt = TimeSpan.FromSeconds(at - origin);
                return null;
            }

            next.Dequeue();
            var roster = first.Roster;
            if (blockedUntil(roster.Members.First()) is { } until)
            {
                Ask(roster, At(until));
            }
            else if (roster.Strategy.Take(At(now), out var again) is { Tag: PolledRepository repository })
            {
                Ask(roster, At(now));
                return repository;
            }
            else if (double.IsFinite(again))
            {
                Ask(roster, Math.Max(again, At(now) + 0.001));
            }
        }

        return null;
    }

    /// <summary>Other settings.</summary>
    public void Adjust(TimeSpan now)
    {
        foreach (var roster in byCredential.Values.ToList())
        {
            Adjust(roster, now, always: true);
            Ask(roster, At(now));
        }
    }

    private double At(TimeSpan now) => origin + now.TotalSeconds;

    private void Know(PolledRepository repository, TimeSpan now)
    {
        if (repository.Cadence is null)
        {
            var intensity = Intensity.Read(repository.LearntBefore, fleet) ?? new Intensity(At(now));
            repository.Cadence = new Cadence(intensity) { Tag = repository };
        }

        repository.Cadence.Weight = repository.Config.Priority;
    }

    private Roster RosterOf(string credential)
    {
        if (!byCredential.TryGetValue(credential, out var roster))
        {
            var budget = new LookBudget(1, double.PositiveInfinity, 0, Polling);
            byCredential[credential] = roster = new Roster(credential, new AdaptiveStrategy(budget.Limits, fleet), budget);
        }

        return roster;
    }

    private void Adjust(Roster roster, TimeSpan now, bool always)
    {
        if (!always && Math.Abs(roster.Members.Count - roster.Counted) <= Step * roster.Counted)
        {
            return;
        }

        var provider = current.Value.Providers.FirstOrDefault(one => one.Name == roster.Credential);
        var pins = current.Value.Repositories.Where(repository => repository.Provider == roster.Credential && repository.PollingInterval is not null && repository.Enabled);
        roster.Counted = roster.Members.Count;
        roster.Budget = LookBudget.Of(provider, [.. roster.Members.Select(member => member.Config), .. pins], Polling);
        roster.Strategy.Limit(roster.Budget.Limits, At(now));
    }

    private void Told(PolledRepository repository, Roster roster)
    {
        repository.Roster = roster;
        repository.DueAt = TimeSpan.FromSeconds(repository.Cadence!.DueAt - origin);
    }

    private void Ask(Roster roster, double at) => next.Enqueue((roster, ++roster.Version), at);
}

/// <summary>The repositories of one credential.</summary>
internal sealed class Roster(string credential, AdaptiveStrategy strategy, LookBudget budget)
{
    public string Credential => credential;

    public AdaptiveStrategy Strategy => strategy;

    public HashSet<PolledRepository> Members { get; } = [];

    public LookBudget Budget { get; set; } = budget;

    /// <summary>How many there were when the budget was reckoned.</summary>
    public int Counted { get; set; }

    /// <summary>Grows whenever an earlier time to ask it becomes void.</summary>
    public int Version { get; set; }
}
