using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Providers;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E6: repositories live random histories on stand-ins of GitHub, GitLab and Git over real HTTP, which also answer badly: cut, empty, HTML, 5xx in the middle of
/// pages, lists that lack refs. After each look a model says which events there must have been: no more, no less.
/// </summary>
internal static class E06Poller
{
    private static readonly string[] Kinds = ["github", "gitlab", "git"];

    public static async Task RunAsync(Trial trial)
    {
        SqlTime.Register();
        using var folder = new TemporaryFolder();
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var (opened, held) = await new SqliteStorage(time, NullLogger<SqliteStorage>.Instance).OpenAsync(Path.Combine(folder.Path, "exam.db"), _ => { }, CancellationToken.None);
        using var taken = held;
        await using var database = opened;
        var ownership = new Ownership(database, time);
        await ownership.TakeAsync("exam", ["git/1"], "exam", CancellationToken.None);
        var perWorker = trial.Scale(500, 100);
        var workers = Enumerable.Range(0, 6).Select(number => (Kind: Kinds[number % 3], Number: number, Random: new Random(trial.Random.Next()))).ToList();
        var wanted = workers.SelectMany(worker => Enumerable.Range(0, perWorker).Select(number => Configure(worker.Kind, $"w{worker.Number}h{number}"))).ToList();
        var watched = await new RepositoryStore(database, time).ApplyAsync(wanted, CancellationToken.None);
        var score = new Score();
        await Task.WhenAll(workers.Select((worker, at) => Task.Run(async () =>
        {
            var clock = new FakeTimeProvider(time.GetUtcNow()); // of its own: moving it must not end the others' requests
            await using var world = await World.StartAsync(worker.Kind, worker.Random, clock);
            var poller = new RepositoryPoller(
                new CurrentConfig(new SentryConfig { Polling = new PollingConfig { EnrichTimeout = TimeSpan.Zero }, Triggers = [new TriggerConfig { Name = "t", Url = new Uri("http://127.0.0.1:1") }] }), new PollStore(database, new Outbox()), ownership, clock);
            for (var number = 0; number < perWorker; number++)
            {
                var history = new History(world, worker.Random, poller, new PollStore(database, new Outbox()), clock, score);
                await history.LiveAsync(watched[(at * perWorker) + number]);
            }
        })));

        trial.Reaches("histories", score.Histories, trial.Scale(3000, 600));
        trial.Reaches("looks", score.Looks, score.Histories * 8);
        trial.Reaches("looks that met a bad answer", score.Bad, score.Looks / 5);
        trial.Reaches("looks that were refused for it", score.Refused, score.Looks / 20);
        trial.Reaches("kinds of bad answer met", score.Kinds, 9);
        trial.Reaches("first looks at 300 refs", score.Large, trial.Scale(60, 8));
        trial.Reaches("events", score.Events, score.Histories * 5);
        trial.Zero("missed events", score.Missed, score.Example);
        trial.Zero("missed final states", score.MissedStates, score.Example);
        trial.Zero("phantom events", score.Phantoms, score.Example);
        trial.Zero("deleted because of a bad answer", score.FalseDeletions, score.Example);
        trial.Zero("events at a first look", score.FirstEvents, score.Example);
    }

    private static RepositoryConfig Configure(string kind, string name) => new()
    {
        Name = name,
        Url = new Uri($"http://placeholder.example/acme/{name}"),
        Provider = kind,
        ProviderType = kind,
        Branches = ["**"],
        Tags = ["**"],
    };

    /// <summary>Counted over all workers.</summary>
    internal sealed class Score
    {
        private readonly HashSet<string> kinds = new(StringComparer.Ordinal);

        public int Histories, Looks, Bad, Refused, Large, Events, Missed, MissedStates, Phantoms, FalseDeletions, FirstEvents;

        public string? Example { get; set; }

        public int Kinds => kinds.Count;

        public void Count(Action<Score> change)
        {
            lock (kinds)
            {
                change(this);
            }
        }

        public void Met(string kind)
        {
            lock (kinds)
            {
                kinds.Add(kind);
            }
        }
    }

    /// <summary>One repository from its first look to its last.</summary>
    private sealed class History(World world, Random random, RepositoryPoller poller, PollStore store, FakeTimeProvider time, Score score)
    {
        private readonly SortedDictionary<string, int> truth = new(StringComparer.Ordinal);
        private Dictionary<string, int>? known;
        private PolledRepository repository = null!;
        private int commits;

        public async Task LiveAsync(WatchedRepository watched)
        {
            var config = watched.Config with { Url = world.Create(watched.Config.Name) };
            repository = new PolledRepository(watched with { Config = config }, new RefSources(config.Provider, world.Source, config.ProviderType, null), "git/1");
            var large = random.Next(100) < 4;
            for (var number = 0; number < (large ? 150 : random.Next(1, 8)); number++)
            {
                Move($"refs/heads/b{number:D3}");
                if (large || random.Next(2) == 0)
                {
                    Move($"refs/tags/t{number:D3}");
                }
            }

            var steps = random.Next(8, 14);
            for (var step = 0; step < steps; step++)
            {
                if (random.Next(100) < 35)
                {
                    score.Met(world.Spoil(repository.Config.Name, known is null, truth));
                    await LookAsync(spoiled: true);
                }
                else
                {
                    await LookAsync(spoiled: false);
                }

                for (var change = random.Next(0, 4); change > 0; change--)
                {
                    Change();
                }
            }

            world.Heal();
            await LookAsync(spoiled: false);
            await LookAsync(spoiled: false);
            await CheckStoredAsync();
            score.Count(all => all.Histories++);
            score.Count(all => all.Large += large ? 1 : 0);
        }

        private void Change()
        {
            var name = (random.Next(3) == 0 ? "refs/tags/t" : "refs/heads/b") + random.Next(0, 12).ToString("D3", CultureInfo.InvariantCulture);
            switch (random.Next(10))
            {
                case < 3 when truth.ContainsKey(name) && truth.Keys.Count(one => one.StartsWith("refs/heads/", StringComparison.Ordinal)) > 2: // losing all would be held
                    truth.Remove(name);
                    world.Remove(repository.Config.Name, name);
                    break;
                case 3:
                    var branch = $"refs/heads/b{random.Next(0, 12):D3}";
                    Move(branch);
                    world.SetDefault(repository.Config.Name, branch);
                    break;
                default:
                    Move(name);
                    break;
            }
        }

        private void Move(string name)
        {
            truth[name] = ++commits;
            world.Set(repository.Config.Name, name, commits, random.Next(2) == 0);
        }

        private async Task LookAsync(bool spoiled)
        {
            time.Advance(TimeSpan.FromSeconds(30));
            score.Count(all => all.Looks++);
            score.Count(all => all.Bad += spoiled ? 1 : 0);
            var first = known is null;
            try
            {
                var result = await poller.PollAsync(repository, repository.Sources.Primary, repository.Sources.PrimaryName, told: null, CancellationToken.None);
                repository.LastLookedAt = result.Outcome.StartedAt;
                Judge(result.Events.Select(routed => Text(routed.Event.Change)).ToHashSet(StringComparer.Ordinal), first, spoiled);
                known = !spoiled || first ? truth.ToDictionary() : Told(result.Events);
            }
            catch (RefSourceException) when (spoiled)
            {
                score.Count(all => all.Refused++);
            }

            world.Heal();
        }

        // A spoiled list may hide a new ref from a look: the next one must tell of it.
        private Dictionary<string, int> Told(IReadOnlyList<RoutedEvent> events)
        {
            var after = new Dictionary<string, int>(known!, StringComparer.Ordinal);
            foreach (var change in events.Select(routed => routed.Event.Change))
            {
                after.Remove(change.Ref);
                if (change.After is not null && truth.TryGetValue(change.Ref, out var commit))
                {
                    after[change.Ref] = commit;
                }
            }

            return after;
        }

        private void Judge(HashSet<string> told, bool first, bool spoiled)
        {
            var wanted = first ? [] : Difference().ToHashSet(StringComparer.Ordinal);
            var missed = spoiled ? [] : wanted.Except(told).ToList();
            var phantoms = told.Except(wanted).ToList();
            var deletions = phantoms.Count(item => item.EndsWith("-> -", StringComparison.Ordinal) && truth.ContainsKey(item.Split(' ')[0]));
            score.Count(all =>
            {
                all.Events += told.Count;
                all.Missed += missed.Count;
                all.Phantoms += phantoms.Count;
                all.FalseDeletions += deletions;
                all.FirstEvents += first ? told.Count : 0;
                all.Example ??= missed.Count + phantoms.Count > 0 ? $"{repository.Config.ProviderType} {repository.Config.Name}: missed {missed.FirstOrDefault()}, phantom {phantoms.FirstOrDefault()}" : null;
            });
        }

        private IEnumerable<string> Difference() =>
            known!.Keys.Union(truth.Keys, StringComparer.Ordinal)
                .Select(name => (name, from: known.TryGetValue(name, out var old) ? old : 0, to: truth.TryGetValue(name, out var current) ? current : 0))
                .Where(item => item.from != item.to)
                .Select(item => $"{item.name} {Sha(item.from)} -> {Sha(item.to)}");

        private static string Text(RefChange change) => $"{change.Ref} {change.Before ?? "-"} -> {change.After ?? "-"}";

        private static string Sha(int commit) => commit == 0 ? "-" : FakeRepository.Sha(commit);

        private async Task CheckStoredAsync()
        {
            var stored = new List<string>();
            foreach (var kind in (RefKind[])[RefKind.Branch, RefKind.Tag])
            {
                stored.AddRange((await store.LoadSnapshotAsync(repository.Id, kind, CancellationToken.None))?.Refs.Select(item => $"{item.Name} {item.CommitId}") ?? []);
            }

            var same = stored.Order(StringComparer.Ordinal).SequenceEqual(truth.Select(pair => $"{pair.Key} {Sha(pair.Value)}").Order(StringComparer.Ordinal), StringComparer.Ordinal);
            score.Count(all => all.MissedStates += same ? 0 : 1);
        }
    }
}
