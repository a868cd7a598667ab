using System.Globalization;
using RepoSentry.Exam.Fuzzing;

namespace RepoSentry.Exam.Experiments;

/// <summary>E12: everything that reads what others wrote is fed with inputs made of right ones. Each must be read or refused by name, within a second.</summary>
internal static class E12Fuzz
{
    private const int Inputs = 1_000_000;
    private const int QuickInputs = 5000;

    /// <summary>For each target of the full exam: two cores are done in ten minutes.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(75);

    public static async Task RunAsync(Trial trial)
    {
        var slow = TimeSpan.FromSeconds(trial.Scale(1, 10)); // other work on the machine is no matter of the input
        var fuzzers = ForgeTargets.All.Concat(TextTargets.All).Concat(GitTargets.All).Append(HeaderTargets.Target).Select(target => new Fuzzer(target, trial.Fixed.Next(), trial.Scale(Inputs, QuickInputs), trial.Quick ? TimeSpan.MaxValue : Most, slow)).ToList();
        var hung = await FeedAsync(fuzzers);
        foreach (var fuzzer in fuzzers)
        {
            trial.Reaches($"{fuzzer.Target.Name}: inputs", fuzzer.Fed, QuickInputs); // a million, or as many as there was time for
            trial.Tell(
                "  read; ways to end; time; slowest input",
                string.Create(CultureInfo.InvariantCulture, $"{100.0 * fuzzer.Read / Math.Max(fuzzer.Fed, 1):0} %; {fuzzer.Ways}; {fuzzer.Took.TotalSeconds:0} s; {fuzzer.Slowest.TotalMilliseconds:0} ms"));
        }

        trial.Reaches("fewest ways to end of a target", fuzzers.Min(fuzzer => fuzzer.Ways), 3);
        trial.Reaches("lowest share of inputs that were read, in percent", fuzzers.Min(fuzzer => 100.0 * fuzzer.Read / Math.Max(fuzzer.Fed, 1)), 0.2);
        Zero("right inputs that were refused", fuzzer => fuzzer.RefusedSeeds);
        Zero("kinds of exceptions that no caller expects", fuzzer => fuzzer.Exceptions);
        Zero("laws broken", fuzzer => fuzzer.BrokenLaws);
        Zero($"inputs that took longer than {slow.TotalSeconds:0} s, twice", fuzzer => fuzzer.SlowInputs);
        trial.Zero("inputs that did not end", hung is null ? 0 : 1, hung);

        void Zero(string name, Func<Fuzzer, List<string>> failures)
        {
            var all = fuzzers.SelectMany(failures).ToList();
            trial.Zero(name, all.Count, string.Join("; ", all.Take(5)));
        }
    }

    /// <returns>The input that does not end; null if all did.</returns>
    private static async Task<string?> FeedAsync(List<Fuzzer> fuzzers)
    {
        var work = Parallel.ForEachAsync(fuzzers, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, (fuzzer, _) =>
        {
            fuzzer.Run();
            return ValueTask.CompletedTask;
        });
        while (await Task.WhenAny(work, Task.Delay(TimeSpan.FromSeconds(1))) != work)
        {
            if (fuzzers.Select(fuzzer => fuzzer.Hangs()).FirstOrDefault(input => input is not null) is { } input)
            {
                return input;
            }
        }

        await work;
        return null;
    }
}
