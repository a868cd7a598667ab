using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace RepoSentry.Exam.Checking;

/// <summary>
/// The judge, a process of its own. It knows nothing of the product: it reads what the receiving side wrote down, what was pushed (in order, for each ref) and
/// when processes were killed, and counts what was lost, doubled, out of order, or different under one id.
/// </summary>
internal static class Checker
{
    /// <param name="args">Folder with arrivals*.jsonl, truth.jsonl and perhaps kills.jsonl; secret; "chain" or "every"; requests in flight at most; paths of the triggers.</param>
    public static int Run(string[] args)
    {
        if (args is not [var folder, var secret, ("chain" or "every") and var mode, var inFlight, .. var paths])
        {
            Console.Error.WriteLine("usage: check FOLDER SECRET chain|every IN-FLIGHT PATH...");
            return 2;
        }

        // What was cut before its last byte is no arrival.
        var arrivals = Lines(folder, "arrivals*.jsonl").Where(line => line.GetProperty("whole").GetBoolean()).Select(Arrival.Of).OrderBy(arrival => arrival.At).ToList();
        var truth = Lines(folder, "truth.jsonl")
            .GroupBy(line => (Repository: Text(line, "repository"), Ref: Text(line, "ref")))
            .ToDictionary(group => group.Key, group => group.Select(line => Text(line, "commit")).ToList());
        var kills = Lines(folder, "kills.jsonl").Select(line => line.GetProperty("at").GetDouble()).ToList();
        var verdict = Judge(arrivals, truth, kills, secret, mode == "every", int.Parse(inFlight, CultureInfo.InvariantCulture), paths);
        Console.WriteLine(JsonSerializer.Serialize(verdict));
        return 0;
    }

    private static Dictionary<string, long> Judge(
        List<Arrival> arrivals, Dictionary<(string Repository, string Ref), List<string>> truth, List<double> kills, string secret, bool every, int inFlight, string[] paths)
    {
        var verdict = new Dictionary<string, long>(StringComparer.Ordinal)
        {
            ["requests"] = arrivals.Count,
            ["events"] = arrivals.Select(arrival => arrival.Id).Distinct(StringComparer.Ordinal).Count(),
            ["lost"] = 0,
            ["never_accepted"] = 0,
            ["doubled"] = 0,
            ["repeated_after_kill"] = 0,
            ["out_of_order"] = 0,
            ["different_bytes"] = 0,
            ["unknown"] = 0,
            ["unsigned"] = arrivals.Count(arrival => !arrival.IsSignedWith(secret)),
        };
        foreach (var path in paths)
        {
            var here = arrivals.Where(arrival => arrival.Path == path).ToList();
            JudgeRepeats(here, kills, inFlight, verdict);
            var lanes = here.ToLookup(arrival => (arrival.Repository, arrival.Ref));
            verdict["unknown"] += lanes.Where(lane => !truth.ContainsKey(lane.Key)).Sum(lane => lane.Count());
            foreach (var (key, commits) in truth)
            {
                JudgeLane(lanes[key], commits, every, verdict);
            }
        }

        verdict["unknown"] += arrivals.Count(arrival => !paths.Contains(arrival.Path, StringComparer.Ordinal));
        return verdict;
    }

    // What was accepted may come again only if the sender was killed in between, and then only what it had in flight: a slot is held until the outcome is recorded.
    private static void JudgeRepeats(List<Arrival> arrivals, List<double> kills, int inFlight, Dictionary<string, long> verdict)
    {
        var forKill = new Dictionary<double, int>();
        foreach (var same in arrivals.GroupBy(arrival => arrival.Id, StringComparer.Ordinal).Select(group => group.ToList()))
        {
            verdict["never_accepted"] += same.Exists(arrival => arrival.Accepted) ? 0 : 1;
            verdict["different_bytes"] += same.Count(arrival => !arrival.Body.AsSpan().SequenceEqual(same[0].Body));
            foreach (var (earlier, later) in same.Zip(same.Skip(1)).Where(pair => pair.First.Accepted))
            {
                var kill = kills.Find(kill => kill >= earlier.At && kill <= later.At);
                var excused = kill > 0 && (forKill[kill] = forKill.GetValueOrDefault(kill) + 1) <= inFlight;
                verdict[excused ? "repeated_after_kill" : "doubled"]++;
            }
        }
    }

    private static void JudgeLane(IEnumerable<Arrival> arrivals, List<string> commits, bool every, Dictionary<string, long> verdict)
    {
        var place = commits.Select((commit, at) => (commit, at)).ToDictionary(pair => pair.commit, pair => pair.at, StringComparer.Ordinal);
        var taken = arrivals.Where(arrival => arrival.Accepted).DistinctBy(arrival => arrival.Id).Select(arrival => arrival.After).ToList();
        var accepted = taken.ToHashSet(StringComparer.Ordinal);
        var order = taken.ConvertAll(commit => place.GetValueOrDefault(commit));
        verdict["out_of_order"] += order.Zip(order.Skip(1)).Count(pair => pair.First > pair.Second);
        var held = 0; // the last commit that the receiver knows of
        foreach (var arrival in arrivals.DistinctBy(arrival => arrival.Id))
        {
            if (!place.TryGetValue(arrival.After, out var at))
            {
                verdict["unknown"]++;
            }
            else if (at <= held)
            {
                verdict["out_of_order"]++;
            }
            else
            {
                verdict["lost"] += !every && arrival.Before != commits[held] ? 1 : 0; // a link of the chain is missing
                held = at;
            }
        }

        verdict["lost"] += every
            ? commits.Skip(1).Count(commit => !accepted.Contains(commit))
            : commits.Count > 1 && !accepted.Contains(commits[^1]) ? 1 : 0;
    }

    private static IEnumerable<JsonElement> Lines(string folder, string name) =>
        Directory.GetFiles(folder, name).SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement);

    private static string Text(JsonElement line, string name) => line.GetProperty(name).GetString()!;

    private sealed record Arrival(string Path, string Id, double At, double Ended, bool Accepted, byte[] Body, string Signature, string Repository, string Ref, string Before, string After)
    {
        public static Arrival Of(JsonElement line)
        {
            var headers = line.GetProperty("headers");
            string Header(string name) => headers.TryGetProperty(name, out var value) ? value.GetString()! : "";
            var body = line.GetProperty("body").GetBytesFromBase64();
            using var told = JsonDocument.Parse(body);
            var status = line.GetProperty("status").GetInt32();
            return new Arrival(
                Text(line, "path"),
                Header("x-github-delivery"),
                line.GetProperty("at").GetDouble(),
                line.GetProperty("ended").GetDouble(),
                line.GetProperty("answered").GetBoolean() && status is >= 200 and < 300,
                body,
                Header("x-hub-signature-256"),
                told.RootElement.GetProperty("repository").GetProperty("full_name").GetString()!,
                Text(told.RootElement, "ref"),
                Text(told.RootElement, "before"),
                Text(told.RootElement, "after"));
        }

        public bool IsSignedWith(string secret) =>
            Signature == "sha256=" + Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Body)) && Guid.TryParse(Id, CultureInfo.InvariantCulture, out _);
    }
}
