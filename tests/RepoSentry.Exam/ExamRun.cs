using System.Diagnostics;
using RepoSentry.Exam.Experiments;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;
using Xunit;

namespace RepoSentry.Exam;

/// <summary>Runs the experiments asked for, one after the other, and judges.</summary>
internal static class ExamRun
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(15);

    private static readonly Experiment[] All =
    [
        new("E1", "kill -9 at random instants and at the seams of commits and deliveries", E01KillStorm.RunAsync),
        new("E2", "power loss: crash states rebuilt from the writer's system calls", E02PowerLoss.RunAsync),
        new("E3", "triggers down for 24 h and 72 h (virtual clock, real sockets)", E03Outage.RunAsync),
        new("E5", "order within lanes while a receiver fails in every way", E05Order.RunAsync),
        new("E6", "poller against a model: random histories on forges that answer badly", E06Poller.RunAsync),
        new("E7", "a siege of rate limits: thousands of repositories on one token", E07Siege.RunAsync),
        new("E8", "addresses that lead back inside, written in every way", E08Ssrf.RunAsync),
        new("E9", "credentials: canaries among servers that redirect, refuse and echo", E09Credentials.RunAsync),
        new("E10", "git hardening: injection vectors, hostile environment and configuration", E10GitHardening.RunAsync),
        new("E11", "hostile servers beside healthy repositories; as many refs as the caps allow", E11HostileServer.RunAsync),
        new("E12", "fuzz: whatever reads what others wrote, fed with mutated answers, files and headers", E12Fuzz.RunAsync),
        new("E13", "bombs: expressions, YAML, JSON", E13Bombs.RunAsync),
        new("E14", "every route by every caller, guesses, writes from other sites", E14Access.RunAsync),
        new("E15", "secrets at rest: canaries in every file, the master key changed under load, a wrong one", E15Secrets.RunAsync),
        new("E16", "ten thousand repositories, changes all the time, clients that follow", E16Scale.RunAsync),
        new("E18", "full disk, no writes, no descriptors, no names, a clock that jumps", E18Resources.RunAsync),
        new("E19", "the configuration edited while repositories move, often wrongly", E19Reload.RunAsync),
        new("E20", "upgrade with kills in the middle, backup while it works, restore", E20Upgrade.RunAsync),
    ];

    /// <returns>The exit code: 1 if a figure was missed.</returns>
    public static async Task<int> RunAsync(ExamOptions options)
    {
        var clock = Stopwatch.GetTimestamp();
        Console.WriteLine($"reliability exam, {(options.Quick ? "quick" : "full")}, seed {options.Seed}{(Environment.GetEnvironmentVariable("EXAM_TWIN") is { Length: > 0 } twin ? $", twin {twin}" : "")}");
        var results = new List<Result>();
        foreach (var experiment in All.Where(experiment => options.Wants(experiment.Id)))
        {
            results.Add(await RunAsync(experiment, options));
            Report.Print(results[^1]);
        }

        var seconds = Stopwatch.GetElapsedTime(clock).TotalSeconds;
        Report.Write(options.Json.Length > 0 ? Path.GetFullPath(options.Json) : SourceTree.At("artifacts/exam.json"), options, seconds, results);
        var counts = new[] { "passed", "missed", "skipped" }.Select(verdict => $"{results.Count(result => result.Verdict == verdict)} {verdict}");
        Console.WriteLine($"exam: {string.Join(", ", counts)} in {seconds:0} s (seed {options.Seed})");
        return results.Exists(result => result.Verdict == "missed" || (result.Verdict == "skipped" && Environment.GetEnvironmentVariable("CI") == "true")) || results.Count == 0 ? 1 : 0;
    }

    private static async Task<Result> RunAsync(Experiment experiment, ExamOptions options)
    {
        var trial = new Trial(experiment.Id, options);
        var clock = Stopwatch.GetTimestamp();
        Result End(string verdict, string? reason = null) => new(experiment.Id, experiment.What, verdict, reason, Math.Round(Stopwatch.GetElapsedTime(clock).TotalSeconds, 1), trial.Figures);
        try
        {
            await Task.Run(() => experiment.RunAsync(trial)).WaitAsync(Longest);
            return End(trial.Figures.Any(figure => figure.Missed) || !trial.Figures.Any(figure => figure.Judged) ? "missed" : "passed");
        }
        catch (SkippedException missing)
        {
            return End("skipped", missing.Message);
        }
        catch (Exception broken)
        {
            return End("missed", $"broken off: {broken}");
        }
        finally
        {
            await Children.EndAllAsync();
        }
    }
}

/// <param name="Id">E1 to E20.</param>
/// <param name="What">One line.</param>
internal sealed record Experiment(string Id, string What, Func<Trial, Task> RunAsync);
