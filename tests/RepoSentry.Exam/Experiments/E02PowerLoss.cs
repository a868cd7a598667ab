using System.Globalization;
using Microsoft.Data.Sqlite;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;
using Xunit;

namespace RepoSentry.Exam.Experiments;

/// <summary>
/// E2: a process commits through the product's own database under strace. From its system calls, states are rebuilt as a power loss could leave them: what was
/// flushed is there, what came later is there, lost, or torn by sectors. Each must open, be whole, and hold whatever had been acknowledged by then.
/// </summary>
internal static class E02PowerLoss
{
    public static async Task RunAsync(Trial trial)
    {
        Assert.SkipWhen(TestGit.Find("strace") is null, "strace is not installed (tests/apt-packages.txt)");
        using var folder = new TemporaryFolder();
        var (workers, commits) = (8, trial.Scale(150, 80));
        var trace = await WrittenTrace.RecordAsync(folder.Path, workers, commits);
        var states = trial.Scale(300, 60);
        var (missing, corrupt, torn, changed) = (0, new List<string>(), 0, 0);
        foreach (var point in trace.ChoosePoints(states, trial.Random))
        {
            var path = Path.Combine(folder.Path, "state.db");
            changed += trace.Rebuild(point, path, trial.Random) ? 1 : 0;
            var acknowledged = trace.AcknowledgedBefore(point);
            var complaint = Integrity.CheckFile(path, connection =>
            {
                var kept = Integrity.Column(connection, "SELECT id FROM events").ToHashSet(StringComparer.Ordinal);
                missing += acknowledged.Count(id => !kept.Contains(id));
                torn += Torn(connection);
            });
            if (complaint is not null && (acknowledged.Count > 0 || !complaint.Contains("no such table", StringComparison.Ordinal)))
            {
                corrupt.Add(complaint);
            }

            File.Delete(path + "-shm");
        }

        trial.Reaches("commits acknowledged", trace.AcknowledgedBefore(int.MaxValue).Count, workers * commits);
        trial.Reaches("flushes traced", trace.Flushes, 20);
        trial.Reaches("pages copied back by checkpoints", trace.PagesCheckpointed, 50);
        trial.Reaches("crash states rebuilt", states, states);
        trial.Reaches("crash states that lost or tore a write", changed, states / 3);
        trial.Zero("acknowledged rows missing", missing);
        trial.Zero("corrupt states", corrupt.Count, corrupt.FirstOrDefault());
        trial.Zero("snapshots that do not fit their events", torn);
        trial.Tell("writes traced", trace.Writes.ToString(CultureInfo.InvariantCulture));
    }

    // A ref stands where the newest event of its repository and name says, or at its baseline.
    private static int Torn(SqliteConnection connection) => Integrity.Column(connection, """
        SELECT r.name FROM refs r JOIN repository_states s ON s.id = r.repository_id
        WHERE r.commit_sha <> COALESCE((SELECT e.commit_sha FROM events e WHERE e.repository_name = s.name AND e.ref = r.name ORDER BY e.seq DESC LIMIT 1), r.commit_sha)
        """).Count;
}
