using System.Diagnostics;
using System.Text.Json;
using RepoSentry.Exam.Support;
using RepoSentry.SystemTests.Support;

namespace RepoSentry.Exam.Twins;

/// <summary>Copies the sources, breaks the copy in every way of the table, builds it once, and shows that the exam fails by each break and passes without.</summary>
internal static class TwinRun
{
    private static readonly string[] Copied =
    [
        "src", "tests/RepoSentry.Exam", "tests/RepoSentry.StandIns", "tests/RepoSentry.SystemTests/Support", "RepoSentry.slnx", "Directory.Build.props", "Directory.Packages.props", "BannedSymbols.txt", "global.json",
    ];

    private static string Root => SourceTree.At("artifacts/twins");

    /// <returns>The exit code: 1 if a twin passed, or the copy without a twin failed.</returns>
    public static async Task<int> RunAsync(ExamOptions options)
    {
        var twins = TwinTable.All.Where(twin => options.Wants(twin.Experiment)).ToList();
        Copy();
        if (twins.Exists(twin => !TryPatch(twin)) || !await BuildAsync())
        {
            return 1;
        }

        var failed = 0;
        foreach (var experiment in twins.Select(twin => twin.Experiment).Distinct())
        {
            var control = await ExamAsync(experiment, null, options.Seed);
            failed += Tell("no twin", experiment, control.Verdict == "passed", control);
        }

        foreach (var twin in twins)
        {
            var result = await ExamAsync(twin.Experiment, twin.Name, options.Seed);
            failed += Tell(twin.Name, twin.Experiment, result.Figures.Any(figure => figure.Missed && figure.Name.StartsWith(twin.Figure, StringComparison.Ordinal)), result);
        }

        Console.WriteLine($"twins: {twins.Count} broken products, {(failed == 0 ? "each is caught" : $"{failed} runs are not as they must be")} (seed {options.Seed})");
        return failed == 0 ? 0 : 1;
    }

    private static void Copy()
    {
        DeleteStale();
        foreach (var path in Copied)
        {
            var from = SourceTree.At(path);
            foreach (var file in Directory.Exists(from) ? Files(new DirectoryInfo(from)) : [from])
            {
                var to = Path.Combine(Root, Path.GetRelativePath(SourceTree.Root, file));
                Directory.CreateDirectory(Path.GetDirectoryName(to)!);
                if (!File.Exists(to) || !File.ReadAllBytes(to).AsSpan().SequenceEqual(File.ReadAllBytes(file)))
                {
                    File.Copy(file, to, overwrite: true);
                }
            }
        }
    }

    // A file that has left the source since the last copy would still be compiled.
    private static void DeleteStale()
    {
        foreach (var copy in Directory.Exists(Root) ? Files(new DirectoryInfo(Root)) : [])
        {
            if (!File.Exists(Path.Combine(SourceTree.Root, Path.GetRelativePath(Root, copy))))
            {
                File.Delete(copy);
            }
        }
    }

    private static IEnumerable<string> Files(DirectoryInfo folder) =>
        folder.EnumerateFiles().Select(file => file.FullName).Concat(folder.EnumerateDirectories().Where(inner => inner.Name is not ("bin" or "obj")).SelectMany(Files));

    private static bool TryPatch(Twin twin)
    {
        var path = Path.Combine(Root, "src/RepoSentry", twin.File);
        var text = File.ReadAllText(path);
        var at = text.IndexOf(twin.Old, StringComparison.Ordinal);
        if (at < 0 || text.IndexOf(twin.Old, at + 1, StringComparison.Ordinal) >= 0)
        {
            Console.WriteLine($"twin {twin.Name}: its text stands not exactly once in src/RepoSentry/{twin.File}: bring the table up to date");
            return false;
        }

        File.WriteAllText(path, text[..at] + twin.Patched + text[(at + twin.Old.Length)..]);
        return true;
    }

    private static async Task<bool> BuildAsync()
    {
        string[] arguments =
        [
            "build", Path.Combine(Root, "tests/RepoSentry.Exam"), "-c", "Release", "--nologo", "-v", "quiet", "-p:RunAnalyzers=false", "-p:TreatWarningsAsErrors=false",
            "-p:EnforceCodeStyleInBuild=false", "-p:MinVerSkip=true",
        ];
        var (code, output) = await RunAsync("dotnet", arguments, null);
        if (code != 0)
        {
            Console.WriteLine(output);
        }

        return code == 0;
    }

    private static async Task<Result> ExamAsync(string experiment, string? twin, int seed)
    {
        var json = Path.Combine(Root, "exam.json");
        File.Delete(json);
        var (_, output) = await RunAsync(
            Path.Combine(Root, "tests/RepoSentry.Exam/bin/Release/net10.0/RepoSentry.Exam"),
            ["--quick", "--only", experiment, "--seed", seed.ToString(System.Globalization.CultureInfo.InvariantCulture), "--json", json],
            twin);
        return File.Exists(json)
            ? JsonSerializer.Deserialize(await File.ReadAllTextAsync(json), ReportJson.Default.ExamFile)!.Experiments[0]
            : new Result(experiment, "", "missed", output, 0, []);
    }

    private static int Tell(string name, string experiment, bool asWanted, Result result)
    {
        var missed = string.Join("; ", result.Figures.Where(figure => figure.Missed).Select(figure => $"{figure.Name} {figure.Value}"));
        Console.WriteLine($"{experiment,-4} {name,-32} {(asWanted ? "as it must be" : "NOT AS IT MUST BE"),-18} {result.Verdict,-8} {result.Seconds,6:0.0} s  {missed}{result.Reason}");
        return asWanted ? 0 : 1;
    }

    private static async Task<(int Code, string Output)> RunAsync(string program, string[] arguments, string? twin)
    {
        var start = new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["EXAM_TWIN"] = twin ?? "";
        var process = Children.Start(start);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        output += await errors;
        await process.WaitForExitAsync();
        var code = process.ExitCode;
        await Children.EndAsync(process);
        return (code, output);
    }
}
