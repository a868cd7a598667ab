using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Polling;
using RepoSentry.Storage;
using RepoSentry.Storage.Sqlite;

namespace RepoSentry.Exam.Experiments;

/// <summary>The process that E2 traces: many looks commit at once through the product's stores, and each event's id is written down when its commit has returned.</summary>
internal static class AcknowledgedWriter
{
    private const int Refs = 5;

    public static async Task<int> RunAsync(string folder, int workers, int commits)
    {
        SqlTime.Register();
        var time = TimeProvider.System;
        var (database, _) = await new SqliteStorage(time, NullLogger<SqliteStorage>.Instance).OpenAsync(Path.Combine(folder, "reposentry.db"), _ => { }, CancellationToken.None);
        var watched = await new RepositoryStore(database, time).ApplyAsync([.. Enumerable.Range(0, workers).Select(Repository)], CancellationToken.None);
        var ownership = new Ownership(database, time);
        await ownership.TakeAsync("writer", ["git/1"], "exam", CancellationToken.None);
        var store = new PollStore(database, new Outbox());

        // One write call for each acknowledgement, so that it stands at its place among the traced calls.
        await using var acks = new FileStream(Path.Combine(folder, "acks"), FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await Task.WhenAll(watched.Select(repository => Task.Run(async () =>
        {
            var refs = Enumerable.Range(0, Refs).Select(number => new GitRef($"refs/heads/b{number}", Commit(repository.Stored.Id, 0))).ToArray();
            IReadOnlyList<GitRef> previous = [];
            for (var number = 0; number <= commits; number++)
            {
                var change = new RefChange(RefKind.Branch, refs[number % Refs].Name, refs[number % Refs].CommitId, Commit(repository.Stored.Id, number));
                refs[number % Refs] = new GitRef(change.Ref, change.After!);
                var current = refs.ToArray();
                var told = Event(repository, change);
                await store.CommitAsync(Describe(ownership.Claim("git/1"), repository, current, previous, number == 0 ? [] : [told]), CancellationToken.None);
                previous = current;
                if (number > 0)
                {
                    lock (acks)
                    {
                        acks.Write(Encoding.ASCII.GetBytes(told.Id + "\n"));
                    }
                }
            }
        })));
        Environment.Exit(0); // without the last checkpoint that closing would make
        return 0;
    }

    private static PollCommit Describe(Fence fence, WatchedRepository repository, GitRef[] refs, IReadOnlyList<GitRef> previous, ChangeEvent[] events) => new()
    {
        Fence = fence,
        RepositoryId = repository.Stored.Id,
        Kinds = [new KindCommit(new RefSnapshot(RefKind.Branch, refs), RefDigest.Of(refs), """["**"]""", previous)],
        Events = [.. events.Select(change => new RoutedEvent(change, ["tekton"]))],
        Outcome = new PollOutcome(TimeProvider.System.GetUtcNow(), TimeSpan.Zero, "changed", "git", events.Length),
    };

    private static ChangeEvent Event(WatchedRepository repository, RefChange change) => new()
    {
        Id = Guid.CreateVersion7(),
        Change = change,
        Repository = new RepositoryInfo(repository.Config.Name, repository.Config.Url, "git", "main"),
        DetectedAt = TimeProvider.System.GetUtcNow(),
        DetectionDelay = TimeSpan.FromSeconds(1),
    };

    private static RepositoryConfig Repository(int number) => new()
    {
        Name = $"r{number}",
        Url = new Uri($"https://git.example/acme/r{number}.git"),
        Provider = "git",
        ProviderType = "git",
    };

    private static string Commit(long repository, int number) => string.Create(CultureInfo.InvariantCulture, $"{repository:x20}{number:x20}");
}
