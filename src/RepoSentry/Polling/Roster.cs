using RepoSentry.Polling.Strategies;
using RepoSentry.Providers;

namespace RepoSentry.Polling;

/// <summary>
/// The repositories of one credential that the adaptive policy places. Each is looked at in its turn; where they are too many for that, lists of their owners'
/// pushes tell whom to look at, and turns come rarely. Placed by one thread; times are seconds of the policy.
/// </summary>
internal sealed class Roster(string credential, HourProfile fleet, LookBudget budget)
{
    /// <summary>Batches and lists under way at once.</summary>
    private const int MostRequests = 4;

    private const int MostFailures = 4;
    private const double Alone = 600;

    private static readonly TimeSpan LongestQuiet = TimeSpan.FromMinutes(2);

    private readonly Queue<PolledRepository> wanted = new();
    private readonly HashSet<PolledRepository> isWanted = [];
    private readonly Dictionary<string, SweptOwner> owners = new(StringComparer.Ordinal);
    private readonly AdaptiveStrategy turns = new(budget.Limits, fleet);
    private readonly AdaptiveStrategy safety = new(budget.Sweeps?.OfSafety ?? budget.Limits, fleet);
    private readonly AdaptiveStrategy lists = new(budget.Sweeps?.OfLists ?? budget.Limits, fleet);
    private int failures;

    public string Credential => credential;

    public HashSet<PolledRepository> Members { get; } = [];

    public LookBudget Budget { get; private set; } = budget;

    /// <summary>What the limit allowed a second when the budget was reckoned.</summary>
    public double Line { get; set; } = double.PositiveInfinity;

    /// <summary>When what is left of the limit was last looked at.</summary>
    public double HeededAt { get; set; } = double.NegativeInfinity;

    /// <summary>How many there were when the budget was reckoned.</summary>
    public int Counted { get; private set; }

    /// <summary>Grows whenever an earlier time to ask it becomes void.</summary>
    public int Version { get; set; }

    /// <summary>Batches and lists under way.</summary>
    public int Requests { get; set; }

    /// <summary>No batch and no list before this.</summary>
    private double QuietUntil { get; set; } = double.NegativeInfinity;

    /// <summary>Until then each is looked at alone: the forge answers no batch.</summary>
    public double AloneUntil { get; private set; } = double.NegativeInfinity;

    /// <summary>Owners whose pushes the forge does not list for us.</summary>
    public HashSet<string> Hidden { get; } = new(StringComparer.Ordinal);

    private bool IsTogether => Budget.Way != LookWay.Single;

    /// <summary>Takes over a budget, and with it the way of looking.</summary>
    public void Limit(LookBudget reckoned, double now)
    {
        (Budget, Counted) = (reckoned, Members.Count);
        turns.Limit(Budget.Limits, now);
        if (Budget.Sweeps is { } sweeps)
        {
            safety.Limit(sweeps.OfSafety, now);
            lists.Limit(sweeps.OfLists, now);
        }

        Regroup(now);
    }

    /// <summary>Places those that were looked at before, all at once.</summary>
    public void Start(IEnumerable<PolledRepository> repositories, double now)
    {
        foreach (var group in repositories.GroupBy(TurnsOf))
        {
            group.Key.Start([.. group.Select(repository => repository.Cadence!)], now);
        }
    }

    public void Looked(PolledRepository repository, double at) => TurnsOf(repository).Looked(repository.Cadence!, at);

    /// <summary>To be looked at as soon as can be, in company.</summary>
    public void Want(PolledRepository repository)
    {
        if (isWanted.Add(repository))
        {
            wanted.Enqueue(repository);
        }
    }

    /// <summary>Whether it can be looked at in company now.</summary>
    public bool IsInCompany(PolledRepository repository, TimeSpan now) =>
        IsTogether && repository.AloneUntil <= now && repository.Sources.Primary is IBatchSource source && source.CanBatch(LookComparer.RequestInCompany(repository));

    /// <summary>Takes one out of its turn for a look that is made in another's.</summary>
    public void Withdraw(PolledRepository repository)
    {
        isWanted.Remove(repository);
        TurnsOf(repository).Withdraw(repository.Cadence!);
    }

    /// <returns>False if it was there already.</returns>
    public bool Add(PolledRepository repository)
    {
        repository.MemberOf = this;
        return Members.Add(repository);
    }

    public void Remove(PolledRepository repository)
    {
        repository.MemberOf = null;
        repository.Roster = null;
        Members.Remove(repository);
        isWanted.Remove(repository);
        TurnsOf(repository).Remove(repository.Cadence!);
        if (repository.Owner is { } owner)
        {
            Leave(owner, repository);
        }
    }

    /// <summary>Takes out whose turn it is.</summary>
    /// <param name="again">When to ask again if it is nobody's; infinity if there is nobody.</param>
    public PollTurn? Take(TimeSpan now, double at, out double again)
    {
        again = double.PositiveInfinity;
        if (IsTogether && Requests >= MostRequests)
        {
            return null; // the end of one asks again
        }

        if (IsTogether && at < QuietUntil)
        {
            again = QuietUntil;
            return null;
        }

        if (TakeWanted(now, at) is { } turn)
        {
            return turn;
        }

        if (Budget.Sweeps is not null && lists.Count > 0 && Members.First().Sources.Primary is ISweepSource source)
        {
            if (lists.Take(at, out var listAt) is { } first)
            {
                var due = new List<Cadence> { first };
                lists.TakeAlong(at, source.SweepSize - 1, _ => true, due);
                Requests++;
                return new PollTurn.List(this, source, [.. due.Select(cadence => (SweptOwner)cadence.Tag!)]);
            }

            again = listAt;
        }

        return TakeFrom(turns, now, at, ref again) ?? TakeFrom(safety, now, at, ref again);
    }

    /// <summary>Takes note of an answer to a batch or to a list.</summary>
    public void Answered()
    {
        Requests--;
        (failures, QuietUntil) = (0, double.NegativeInfinity);
    }

    /// <summary>Takes note of a batch or a list that was not answered.</summary>
    /// <param name="asked">How long the forge asked to wait; null where it did not.</param>
    /// <param name="forAll">Nothing else may be asked either.</param>
    public void Unanswered(TimeSpan? asked, bool forAll, double now)
    {
        Requests--;
        failures += asked is null ? 1 : 0;
        QuietUntil = Math.Max(QuietUntil, now + (asked?.TotalSeconds ?? Math.Pow(2, failures)));
        if (!forAll && (failures >= MostFailures || asked > LongestQuiet))
        {
            (failures, AloneUntil) = (0, now + Math.Max(Alone, asked?.TotalSeconds ?? 0));
        }
    }

    /// <summary>Whether batches are to be tried again.</summary>
    public bool EndAlone(double now)
    {
        var ends = AloneUntil <= now && double.IsFinite(AloneUntil);
        AloneUntil = ends ? double.NegativeInfinity : AloneUntil;
        return ends;
    }

    /// <summary>Puts a list back after it was read, or not.</summary>
    public void Listed(SweptOwner owner, double at) => lists.Looked(owner.Cadence, at);

    /// <summary>An owner that is not there, or not shown to us: its repositories are looked at in their turn.</summary>
    public void Unlist(SweptOwner owner, double now)
    {
        Hidden.Add(owner.Name);
        Regroup(now);
    }

    private AdaptiveStrategy TurnsOf(PolledRepository repository) => repository.Owner is null ? turns : safety;

    private PollTurn? TakeWanted(TimeSpan now, double at)
    {
        var batch = new List<PolledRepository>();
        while (wanted.Count > 0 && (batch.Count == 0 || batch.Count < BatchSize(batch[0])))
        {
            var repository = wanted.Peek();
            if (isWanted.Contains(repository) && !repository.Looking && !IsInCompany(repository, now) && batch.Count > 0)
            {
                break; // alone, with the next turn
            }

            wanted.Dequeue();
            if (!isWanted.Remove(repository) || repository.Looking || !repository.IsWatched)
            {
                continue;
            }

            TurnsOf(repository).Withdraw(repository.Cadence!);
            repository.Place++;
            if (!IsInCompany(repository, now))
            {
                return new PollTurn.One(new PolledRepositoryTurn(repository, repository.Place));
            }

            batch.Add(repository);
        }

        return batch.Count == 0 ? null : Fill(batch, now, at);
    }

    private PollTurn? TakeFrom(AdaptiveStrategy strategy, TimeSpan now, double at, ref double again)
    {
        if (strategy.Count == 0)
        {
            return null;
        }

        if (strategy.Take(at, out var next) is not { Tag: PolledRepository repository })
        {
            again = Math.Min(again, next);
            return null;
        }

        isWanted.Remove(repository);
        return IsInCompany(repository, now) ? Fill([repository], now, at) : new PollTurn.One(new PolledRepositoryTurn(repository, ++repository.Place));
    }

    // A request costs the same for one as for a hundred: those whose turn is next come along.
    private PollTurn.Batch Fill(List<PolledRepository> batch, TimeSpan now, double at)
    {
        var size = BatchSize(batch[0]);
        foreach (var strategy in (AdaptiveStrategy[])[turns, safety])
        {
            if (strategy.Count > 0 && batch.Count < size)
            {
                var along = new List<Cadence>();
                strategy.TakeAlong(at, size - batch.Count, cadence => cadence.Tag is PolledRepository other && other.Sources == batch[0].Sources && IsInCompany(other, now), along);
                batch.AddRange(along.Select(cadence => (PolledRepository)cadence.Tag!));
            }
        }

        batch.ForEach(repository => isWanted.Remove(repository));
        Requests++;
        return new PollTurn.Batch(this, batch);
    }

    private static int BatchSize(PolledRepository repository) => (repository.Sources.Primary as IBatchSource)?.BatchSize ?? 1;

    // Who is listed, and who has left the listed ones.
    private void Regroup(double now)
    {
        var (listed, unlisted) = (new List<PolledRepository>(), new List<PolledRepository>());
        foreach (var member in Members)
        {
            var name = Budget.Sweeps is { } sweeps && SweepBudget.IsTold(member.Config) && (member.Sources.Primary as ISweepSource)?.OwnerOf(member.MovedTo ?? member.Config.Url) is { } owner && sweeps.Owners.Contains(owner) && !Hidden.Contains(owner) ? owner : null;
            if (name == member.Owner?.Name)
            {
                continue;
            }

            var before = member.Owner;
            if (before is not null)
            {
                Leave(before, member);
            }

            if (name is not null)
            {
                Join(name, member, now);
            }

            if ((before is null) != (member.Owner is null))
            {
                (member.Owner is null ? unlisted : listed).Add(member);
            }
        }

        Move(listed, turns, safety, now);
        Move(unlisted, safety, turns, now);
    }

    private static void Move(List<PolledRepository> repositories, AdaptiveStrategy from, AdaptiveStrategy to, double now)
    {
        var placed = repositories.Where(repository => repository.Cadence is { IsMember: true } && !repository.Looking).ToList();
        repositories.ForEach(repository => from.Remove(repository.Cadence!));
        to.Start([.. placed.Select(repository => repository.Cadence!)], now);
    }

    private void Join(string name, PolledRepository member, double now)
    {
        if (!owners.TryGetValue(name, out var owner))
        {
            owners[name] = owner = new SweptOwner(name, now);
            owner.Cadence.LookedAt = now;
            lists.Start([owner.Cadence], now);
        }

        owner.Members.Add(member);
        member.Owner = owner;
        owner.Cadence.Weight = Math.Max(owner.Cadence.Weight, member.Config.Priority);
    }

    private void Leave(SweptOwner owner, PolledRepository member)
    {
        owner.Members.Remove(member);
        member.Owner = null;
        if (owner.Members.Count == 0)
        {
            lists.Remove(owner.Cadence);
            owners.Remove(owner.Name);
        }
    }
}
