using System.Collections.Concurrent;
using System.Globalization;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling.Replay;
using RepoSentry.Polling.Strategies;
using RepoSentry.Providers;

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

    // What is left of a limit is looked at so often, and followed when it says something else by so much.
    private const double HeedEvery = 15;
    private const double LineStep = 0.1;

    private readonly ConcurrentDictionary<string, LookBudget> budgets = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Roster> byCredential = new(StringComparer.Ordinal);
    private readonly PriorityQueue<(Roster Roster, int Version), double> next = new();
    private readonly HourProfile fleet = new();
    private readonly double origin = (time.GetUtcNow() - Monday).TotalSeconds;

    private PollingConfig Polling => current.Value.Polling;

    /// <summary>What each credential with such repositories spends just now.</summary>
    public IReadOnlyDictionary<string, LookBudget> Budgets => budgets;

    public bool Takes(PolledRepository repository) =>
        Polling.Strategy == "adaptive" && repository.Config.PollingInterval is null && !repository.Archived && repository is { IsWatched: true, Left: false };

    /// <summary>Seconds from a Monday at midnight UTC, for what is stored and learnt.</summary>
    public static double Seconds(DateTimeOffset at) => (at - Monday).TotalSeconds;

    public string Why(PolledRepository repository, Roster roster)
    {
        var cadence = repository.Cadence!;
        var expected = cadence.Intensity.At(Seconds(time.GetUtcNow()), fleet) * 86_400;
        var weight = cadence.Weight > 1 ? $", priority {cadence.Weight}" : "";
        var listed = repository.Owner is { } owner ? string.Create(CultureInfo.InvariantCulture, $"the pushes of {owner.Name} are listed about every {owner.Cadence.Interval:0} s, and whatever is listed is looked at at once; ") : "";
        return string.Create(CultureInfo.InvariantCulture, $"{listed}the adaptive policy expects {expected:0.##} changes a day just now{weight}: its turn is about {cadence.Interval:0} s after its last look; {roster.Budget.Explain(roster.Credential)}");
    }

    /// <summary>Takes in those that were looked at before, and those that never were, all at once.</summary>
    /// <returns>The ones that are to be looked at alone, at once.</returns>
    public IReadOnlyList<PolledRepository> Start(IReadOnlySet<PolledRepository> seen, IEnumerable<PolledRepository> never, TimeSpan now)
    {
        var alone = new List<PolledRepository>();
        foreach (var group in seen.Concat(never).GroupBy(repository => repository.Sources.Credential, StringComparer.Ordinal))
        {
            var roster = RosterOf(group.Key);
            foreach (var repository in group)
            {
                Know(repository, now);
                repository.Cadence!.LookedAt = repository.LastLookedAt is { } at ? Math.Min(Seconds(at), At(now)) : At(now);
                roster.Add(repository);
            }

            Adjust(roster, now, always: true);
            roster.Start(group.Where(seen.Contains), At(now));
            foreach (var repository in group.Where(repository => !seen.Contains(repository)))
            {
                if (roster.IsInCompany(repository, now))
                {
                    roster.Want(repository);
                    Told(repository, roster, now);
                }
                else
                {
                    alone.Add(repository);
                }
            }

            foreach (var repository in group.Where(seen.Contains))
            {
                Told(repository, roster);
            }

            Ask(roster, At(now));
        }

        return alone;
    }

    /// <summary>Puts one in after a look that counts.</summary>
    /// <param name="lookedAt">When it began.</param>
    public void Looked(PolledRepository repository, TimeSpan lookedAt, TimeSpan now)
    {
        var roster = In(repository, now);
        Heed(roster, now);
        roster.Looked(repository, At(lookedAt));
        Told(repository, roster);
        Ask(roster, At(now));
    }

    /// <summary>Puts one back that was to be looked at in company, and was not.</summary>
    public void Return(PolledRepository repository, TimeSpan now)
    {
        var roster = In(repository, now);
        roster.Want(repository);
        Told(repository, roster, now);
        Ask(roster, At(now));
    }

    /// <summary>Puts one back where it stood before it was withdrawn.</summary>
    /// <returns>False if it does not stand here.</returns>
    public bool PutBack(PolledRepository repository)
    {
        if (repository.Roster is not { } roster || repository.MemberOf != roster || !Takes(repository))
        {
            return false;
        }

        roster.Looked(repository, repository.Cadence!.LookedAt);
        Told(repository, roster);
        Ask(roster, double.NegativeInfinity);
        return true;
    }

    /// <summary>Takes note of what the forge said to a batch or to lists.</summary>
    public void Answered(Roster roster, RefSourceException? failure, TimeSpan now)
    {
        if (failure is null)
        {
            roster.Answered();
            Heed(roster, now);
        }
        else
        {
            roster.Unanswered(failure.RetryAfter, failure.Error == RefSourceError.RateLimited, At(now));
            if (roster.AloneUntil > At(now))
            {
                Adjust(roster, now, always: true);
            }
        }

        Ask(roster, At(now));
    }

    /// <summary>Takes note of the pushes that a list tells of; whoever was pushed to is looked at.</summary>
    /// <param name="result">Null if none was read.</param>
    public void Listed(PollTurn.List turn, ListResult? result, TimeSpan now)
    {
        if (result is null)
        {
            foreach (var owner in turn.Owners.Where(owner => owner.Members.Count > 0))
            {
                turn.Roster.Listed(owner, owner.Cadence.LookedAt);
            }

            return;
        }

        foreach (var (owner, pushes) in turn.Owners.Zip(result.Pushes))
        {
            if (pushes is null)
            {
                turn.Roster.Unlist(owner, At(now));
                Adjust(turn.Roster, now, always: true);
                continue;
            }

            Tell(turn.Roster, owner, pushes, result, now);
            if (owner.Members.Count > 0)
            {
                turn.Roster.Listed(owner, At(owner.ListingSince));
            }
        }
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
        if (repository.MemberOf is not { } roster)
        {
            return;
        }

        roster.Remove(repository);
        if (roster.Members.Count == 0 && roster.Requests == 0)
        {
            byCredential.Remove(roster.Credential);
            budgets.TryRemove(roster.Credential, out _);
        }
    }

    /// <summary>Takes out whose turn it is, over all credentials.</summary>
    /// <param name="blockedUntil">Until when a credential must not be asked, not even where Git can stand in (for a batch it cannot); null if it may.</param>
    /// <param name="nextAt">When it is somebody's turn next; null if nobody is there.</param>
    public PollTurn? Take(TimeSpan now, Func<PolledRepository, bool, TimeSpan?> blockedUntil, out TimeSpan? nextAt)
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
            if (roster.EndAlone(At(now)))
            {
                Adjust(roster, now, always: true);
            }

            if (blockedUntil(roster.Members.First(), roster.Budget.Way != LookWay.Single) is { } until)
            {
                Ask(roster, At(until));
            }
            else if (roster.Take(now, At(now), out var again) is { } turn)
            {
                Ask(roster, At(now));
                return turn;
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
            byCredential[credential] = roster = new Roster(credential, fleet, new LookBudget(1, double.PositiveInfinity, 0, Polling));
        }

        return roster;
    }

    private Roster In(PolledRepository repository, TimeSpan now)
    {
        Know(repository, now);
        var roster = RosterOf(repository.Sources.Credential);
        if (repository.MemberOf is { } other && other != roster)
        {
            Remove(repository);
        }

        if (roster.Add(repository))
        {
            Adjust(roster, now, always: false);
        }

        return roster;
    }

    private void Tell(Roster roster, SweptOwner owner, IReadOnlyList<LastPush> pushes, ListResult result, TimeSpan now)
    {
        var members = owner.Members.ToLookup(member => member.ForgeId, StringComparer.Ordinal);
        foreach (var push in pushes)
        {
            foreach (var member in members[push.ForgeId])
            {
                var sureSince = member.LastLookedAt + result.Skew - ListedPush.Doubt;
                if (member.Listed.Tell(push.At, sureSince))
                {
                    member.Listed.UnmovedAt = owner.ListedAt;
                    owner.Cadence.Intensity.Add(Math.Clamp(Seconds(push.At - result.Skew), Math.Min(owner.Cadence.LookedAt, At(now)), At(now)), At(now), fleet);
                }
            }
        }

        foreach (var member in owner.Members.Where(member => member.Listed.IsOpen && member is { Looking: false, IsWatched: true, FailedLooks: 0 }))
        {
            roster.Want(member);
        }

        (owner.ListedAt, owner.Skew) = (result.At, result.Skew);
        owner.Newest = pushes.Count > 0 && (owner.Newest is null || pushes[0].At > owner.Newest) ? pushes[0].At : owner.Newest;
    }

    private void Adjust(Roster roster, TimeSpan now, bool always)
    {
        if (!always && Math.Abs(roster.Members.Count - roster.Counted) <= Step * roster.Counted)
        {
            return;
        }

        var provider = current.Value.Providers.FirstOrDefault(one => one.Name == roster.Credential);
        var pins = current.Value.Repositories.Where(repository => repository.Provider == roster.Credential && repository.PollingInterval is not null && repository.Enabled);
        roster.Line = LineOf(roster, provider);
        roster.Limit(LookBudget.Of(provider, [.. roster.Members.Select(member => member.Config), .. pins], Polling, alone: roster.AloneUntil > At(now), roster.Hidden, roster.Line), At(now));
        budgets[roster.Credential] = roster.Budget;
    }

    // Others spend of the same limit: it shall last to the end of its window.
    private void Heed(Roster roster, TimeSpan now)
    {
        if (At(now) < roster.HeededAt + HeedEvery)
        {
            return;
        }

        roster.HeededAt = At(now);
        var line = LineOf(roster, current.Value.Providers.FirstOrDefault(one => one.Name == roster.Credential));
        if (double.IsInfinity(line) != double.IsInfinity(roster.Line) || Math.Abs(line - roster.Line) > LineStep * roster.Line)
        {
            Adjust(roster, now, always: true);
        }
    }

    // A 304 of GitHub's REST interface costs nothing of its limit, so that looks spend of the points of GraphQL alone.
    private double LineOf(Roster roster, ProviderConfig? provider) => roster.Members.FirstOrDefault()?.Sources.Primary is IRateLimited source
        ? BudgetLine.PerSecond(source.States.Where(state => provider is not { Type: "github", HasCredential: true } || state.Resource == "graphql"), time.GetUtcNow())
        : double.PositiveInfinity;

    private void Told(PolledRepository repository, Roster roster)
    {
        repository.Roster = roster;
        repository.DueAt = TimeSpan.FromSeconds(repository.Cadence!.DueAt - origin);
    }

    private static void Told(PolledRepository repository, Roster roster, TimeSpan dueAt)
    {
        repository.Roster = roster;
        repository.DueAt = dueAt;
    }

    private void Ask(Roster roster, double at) => next.Enqueue((roster, ++roster.Version), at);
}
