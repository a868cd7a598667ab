using RepoSentry.Abstractions;
using RepoSentry.Storage;

namespace RepoSentry.Polling;

/// <summary>Looks at a repository and tells what that means against what was known: complete looks only, deletions confirmed, mass drops held.</summary>
internal sealed class LookComparer(PollStore store, TimeProvider time)
{
    /// <param name="isFallback">Git is asked in the place of the forge's interface.</param>
    /// <param name="told">What was asked for together with others already; null if it is to be asked for.</param>
    /// <exception cref="RefSourceException">The look does not count.</exception>
    public async Task<Sight> LookAsync(PolledRepository repository, IRefSource source, bool isFallback, ToldLook? told, CancellationToken cancellationToken)
    {
        var wanted = told?.Asked ?? Wanted([repository, .. repository.Companions]);
        var look = told?.Look ?? await source.LookAsync(Request(repository, wanted), cancellationToken);
        if (told is null && !isFallback)
        {
            repository.GitInstead.Answered(look, kind => repository.Heads.GetValueOrDefault(kind) is { } head ? head.WholeCount ?? head.RefCount : 0, time);
        }

        var sight = new Sight(look, hasValidators: told?.HasValidators ?? !isFallback) { Asked = wanted };
        foreach (var kind in look.Kinds.Where(kind => !repository.Filters[kind.Kind].MatchesNothing))
        {
            var asked = wanted.First(request => request.Kind == kind.Kind);
            var compared = await CompareAsync(repository, kind, asked, sight, cancellationToken);

            // A known ref that is missing is believed only of a second look, an unconditional one at the whole kind: a single answer may have been short.
            if (compared is { Lacks: true, Snapshot.Kind: RefKind.PullRequest })
            {
                compared = await PullRequestTeller.ConfirmAsync(repository, compared, source, cancellationToken);
            }
            else if (compared is not null && compared.Lacks)
            {
                var whole = new KindRequest(kind.Kind, [], null);
                var again = await source.LookAsync(Request(repository, [whole]), cancellationToken);
                compared = await CompareAsync(repository, again.Kinds[0], whole, sight, cancellationToken);
            }

            Judge(repository, kind.Kind, compared, sight);
        }

        ForgetUnwatched(repository, sight);
        return sight;
    }

    /// <summary>What a batch asks of it: the whole of each kind, whatever is held.</summary>
    public static RefLookRequest RequestInCompany(PolledRepository repository) =>
        Request(repository, [.. repository.Filters.Where(pair => !pair.Value.MatchesNothing).Select(pair => new KindRequest(pair.Key, [], null))]);

    /// <summary>What Git is asked in the place of the forge's interface: its validators are others.</summary>
    public static RefLookRequest RequestByGit(PolledRepository repository) =>
        Request(repository, [.. Wanted([repository, .. repository.Companions]).Select(request => request with { Validator = null })]);

    // What all the watchers of one remote need. "Nothing new" is an answer to all of them only where they hold the same.
    private static IReadOnlyList<KindRequest> Wanted(IReadOnlyList<PolledRepository> watchers)
    {
        var asked = watchers.SelectMany(watcher => watcher.Filters.Where(pair => !pair.Value.MatchesNothing).Select(pair => Ask(watcher, pair.Key)));
        return watchers.Count == 1 ? [.. asked] : [.. asked.GroupBy(request => request.Kind).Select(same => new KindRequest(
            same.Key,
            same.Any(request => request.Prefixes.Count == 0) ? [] : [.. same.SelectMany(request => request.Prefixes).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            same.Select(request => request.Validator).Distinct(StringComparer.Ordinal).Count() == 1 ? same.First().Validator : null))];
    }

    private static RefLookRequest Request(PolledRepository repository, IReadOnlyList<KindRequest> kinds) =>
        new(repository.Config.Url, kinds, repository.Config.ApiBaseUrl, repository.ForgeId);

    private static KindRequest Ask(PolledRepository repository, RefKind kind)
    {
        var filter = repository.Filters[kind];
        var held = repository.Heads.GetValueOrDefault(kind);
        return new KindRequest(kind, filter.Prefixes(kind), held?.Filter == filter.Text ? held.Validator : null);
    }

    /// <summary>Null if the kind is as it was.</summary>
    private async Task<KindSight?> CompareAsync(PolledRepository repository, KindLook look, KindRequest asked, Sight sight, CancellationToken cancellationToken)
    {
        if (look.Snapshot is null)
        {
            return null;
        }

        var filter = repository.Filters[look.Kind];
        var (refs, broken) = Watched(repository, look.Snapshot, filter);
        var watched = look.Snapshot with { Refs = refs, Validator = sight.HasValidators ? look.Snapshot.Validator : null };
        var digest = RefDigest.Of(watched.Refs);
        var head = repository.Heads.GetValueOrDefault(look.Kind);
        if (head is not null && head.Filter == filter.Text && digest.AsSpan().SequenceEqual(head.Digest))
        {
            if (!sight.HasValidators)
            {
                return null; // the validator that is held still belongs to these refs
            }

            repository.Heads[look.Kind] = head with { Validator = watched.Validator };
            sight.Marks.Add(new ValidatorMark(look.Kind, digest, watched.Validator));
            return null;
        }

        sight.IsAsHeld = false;
        var previous = head is null ? null : await store.LoadSnapshotAsync(repository.Id, look.Kind, cancellationToken);
        var changes = Changes(repository, head, previous, watched, filter);
        if (look.Kind == RefKind.PullRequest)
        {
            var open = look.Snapshot.Refs.Select(item => item.Name).ToHashSet(StringComparer.Ordinal);
            changes = [.. changes.Where(change => change.After is not null || !open.Contains(change.Ref))]; // one that is merely no longer watched
        }

        var compared = new KindSight(watched, digest, filter.Text, previous?.Refs, changes)
        {
            WholeCount = asked.Prefixes.Count == 0 ? look.Snapshot.Refs.Count : null,
        };
        return broken.Count == 0 || head is null ? compared : WithoutBroken(compared, broken, head);
    }

    // A ref that the server itself cannot read (its file is empty after a crash, say) is advertised as nothing: it has neither moved nor gone, as far as anybody knows.
    private static KindSight? WithoutBroken(KindSight compared, List<string> broken, SnapshotHead head)
    {
        var known = compared.Changes.Where(change => change.After is null && broken.Contains(change.Ref)).Select(change => change.Ref).ToList();
        if (known.Count == 0)
        {
            return compared;
        }

        var gone = compared.Changes.Where(change => change.After is null && !known.Contains(change.Ref)).ToList();
        var kept = compared.Keeping(known, head);
        kept = kept with { Changes = [.. kept.Changes, .. gone], WholeCount = compared.WholeCount };
        return kept.IsAs(head) ? null : kept;
    }

    private static (List<GitRef> Watched, List<string> Broken) Watched(PolledRepository repository, RefSnapshot seen, RefFilter filter)
    {
        var (watched, others, broken) = (new List<GitRef>(), new List<string>(), new List<string>());
        foreach (var item in seen.Refs)
        {
            if (!(seen.PullRequests.TryGetValue(item.Name, out var told) ? filter.Matches(told) : filter.Matches(item.Name)))
            {
                if (others.Count < SeenKind.SampleLimit)
                {
                    others.Add(item.Name);
                }
            }
            else if (item.CommitId.AsSpan().ContainsAnyExcept('0'))
            {
                watched.Add(item);
            }
            else
            {
                broken.Add(item.Name);
            }
        }

        repository.Seen[seen.Kind] = new SeenKind(seen.Refs.Count, watched.Count, others, broken);
        return (watched, broken);
    }

    // What was not watched before is a silent baseline, unless the repository itself is new and asks for its refs to be fired.
    private static IReadOnlyList<RefChange> Changes(PolledRepository repository, SnapshotHead? head, RefSnapshot? previous, RefSnapshot watched, RefFilter filter)
    {
        if (head is not null && previous is not null)
        {
            return RefDiff.Between(previous, RefFilter.Parse(head.Filter), watched, filter);
        }

        return repository.Config.EmitOnFirstPoll && !repository.IsKnown
            ? [.. watched.Refs.Select(item => new RefChange(watched.Kind, item.Name, null, item.CommitId))]
            : [];
    }

    private void Judge(PolledRepository repository, RefKind kind, KindSight? compared, Sight sight)
    {
        var held = repository.Held.GetValueOrDefault(kind);
        var judged = compared is not null && compared.Lacks
            ? DropGuard.Judge(DropOf(repository, compared, sight.Held.Count > 0), held, repository.HeldFor(kind, time), held is not null && repository.ReleasedAt >= held.Since, time.GetUtcNow())
            : null;
        if (judged is not null)
        {
            sight.Held.Add(judged);
            compared = compared!.Keeping(judged.Missing, repository.Heads[kind]);
            compared = compared.IsAs(repository.Heads[kind]) ? null : compared;
        }
        else if (held is not null)
        {
            sight.NoLongerHeld.Add(kind);
        }

        if (compared is not null)
        {
            sight.Kinds.Add(compared);
        }
    }

    private static Drop DropOf(PolledRepository repository, KindSight compared, bool othersHeld)
    {
        var kind = compared.Snapshot.Kind;
        var missing = compared.Changes.Where(change => change.After is null).Select(change => change.Ref).ToList();
        var left = compared.WholeCount ?? compared.Snapshot.Refs.Count;
        var added = compared.Changes.Count(change => change.Before is null);
        return new Drop(kind, missing, repository.Heads[kind].WholeCount ?? left + missing.Count - added, left) { OthersHeld = othersHeld };
    }

    // A kind that is no longer watched is forgotten, so that watching it again is a new baseline.
    private static void ForgetUnwatched(PolledRepository repository, Sight sight)
    {
        foreach (var (kind, head) in repository.Heads)
        {
            if (head.Filter != RefFilter.None.Text && repository.Filters.TryGetValue(kind, out var filter) && filter.MatchesNothing)
            {
                sight.Kinds.Add(new KindSight(new RefSnapshot(kind, []), RefDigest.Of([]), RefFilter.None.Text, null, []) { ForgetsRows = true });
                if (repository.Held.ContainsKey(kind))
                {
                    sight.NoLongerHeld.Add(kind);
                }
            }
        }
    }
}

/// <summary>What one look means.</summary>
internal sealed class Sight(RefLook look, bool hasValidators)
{
    /// <summary>It was looked at as usual: not by Git in the place of the forge's interface, and not in a batch.</summary>
    public bool HasValidators => hasValidators;

    public RefLook Look => look;

    /// <summary>What was asked for.</summary>
    public required IReadOnlyList<KindRequest> Asked { get; init; }

    public string? DefaultBranch => look.DefaultBranch;
    public string? ForgeId => look.ForgeId;
    public bool? Archived => look.Archived;

    /// <summary>Where the repository is now; meaningless if the source does not tell an id.</summary>
    public Uri? MovedTo => look.MovedTo;

    /// <summary>The kinds that must be stored anew.</summary>
    public List<KindSight> Kinds { get; } = [];

    /// <summary>New validators of snapshots that are as they were.</summary>
    public List<ValidatorMark> Marks { get; } = [];

    /// <summary>Deletions that are not believed yet.</summary>
    public List<HeldDrop> Held { get; } = [];
    public List<RefKind> NoLongerHeld { get; } = [];

    /// <summary>All that was told was compared with what is held, and is the same.</summary>
    public bool IsAsHeld { get; set; } = true;

    public bool IsQuiet => Kinds.Count == 0 && Held.Count == 0 && NoLongerHeld.Count == 0;
}

/// <summary>One kind of refs that is not as it was.</summary>
internal sealed record KindSight(RefSnapshot Snapshot, byte[] Digest, string Filter, IReadOnlyList<GitRef>? Previous, IReadOnlyList<RefChange> Changes)
{
    public bool ForgetsRows { get; init; }

    /// <summary>How many refs the kind has, watched or not; null if the look was not at all of it.</summary>
    public int? WholeCount { get; init; }

    public bool Lacks => Changes.Any(change => change.After is null);

    public bool IsAs(SnapshotHead head) => head.Filter == Filter && Digest.AsSpan().SequenceEqual(head.Digest);

    /// <summary>The same with what is held still in it. What it is compared with by the source stays the old state, unless something else was taken over.</summary>
    public KindSight Keeping(IReadOnlyList<string> missing, SnapshotHead head)
    {
        var names = missing.ToHashSet(StringComparer.Ordinal);
        var refs = Snapshot.Refs.Concat(Previous!.Where(item => names.Contains(item.Name))).OrderBy(item => item.Name, StringComparer.Ordinal).ToList();
        var others = Changes.Where(change => change.After is not null).ToList();
        return this with
        {
            Snapshot = Snapshot with { Refs = refs, Validator = others.Count == 0 && head.Filter == Filter ? head.Validator : null },
            Digest = RefDigest.Of(refs),
            Changes = others,
            WholeCount = head.WholeCount,
        };
    }
}
