using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using RepoSentry.Exam.Support;

namespace RepoSentry.Exam.Checking;

/// <summary>The truth that the checker is given, and what it made of it.</summary>
internal sealed class Evidence(string folder) : IDisposable
{
    public const string Secret = "exam-secret-4c1d";

    private readonly StreamWriter truth = new(Path.Combine(folder, "truth.jsonl"));
    private readonly StreamWriter kills = new(Path.Combine(folder, "kills.jsonl"));

    public string Folder => folder;

    /// <summary>A ref as it was before anything was watched.</summary>
    public void Baseline(string repository, string name, string commit) => Pushed(repository, name, commit);

    public void Pushed(string repository, string name, string commit)
    {
        lock (truth)
        {
            truth.WriteLine(JsonSerializer.Serialize(new Dictionary<string, string> { ["repository"] = repository, ["ref"] = name, ["commit"] = commit }));
        }
    }

    public void Killed(double at) => kills.WriteLine(JsonSerializer.Serialize(new Dictionary<string, double> { ["at"] = at }));

    /// <summary>Lets the checker judge, in its own process.</summary>
    /// <param name="every">Each pushed commit must arrive; otherwise only an unbroken chain to the last one must.</param>
    /// <param name="inFlight">How many requests the sender may have had under way at a kill.</param>
    public async Task<IReadOnlyDictionary<string, long>> JudgeAsync(bool every, int inFlight, params string[] paths)
    {
        truth.Flush();
        kills.Flush();
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["check", folder, Secret, every ? "every" : "chain", inFlight.ToString(CultureInfo.InvariantCulture), .. paths]) { UseShellExecute = false, RedirectStandardOutput = true };
        var process = Children.Start(start);
        var output = await process.StandardOutput.ReadToEndAsync();
        await Children.EndAsync(process);
        return process.ExitCode == 0 ? JsonSerializer.Deserialize<Dictionary<string, long>>(output)! : throw new InvalidOperationException("the checker failed");
    }

    public void Dispose()
    {
        truth.Dispose();
        kills.Dispose();
    }
}
