using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RepoSentry.Exam;

/// <summary>How an experiment ended.</summary>
/// <param name="Verdict">passed, missed or skipped.</param>
/// <param name="Reason">Why it was skipped, or what broke it off.</param>
internal sealed record Result(string Id, string What, string Verdict, string? Reason, double Seconds, IReadOnlyList<Figure> Figures);

internal sealed record ExamFile(string Date, string Machine, string Mode, int Seed, double Seconds, IReadOnlyList<Result> Experiments);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ExamFile))]
internal sealed partial class ReportJson : JsonSerializerContext;

/// <summary>The table on the terminal and the figures in a file.</summary>
internal static class Report
{
    public static void Print(Result result)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Id,-4} {result.What,-74} {result.Verdict.ToUpperInvariant(),-8} {result.Seconds,6:0.0} s"));
        foreach (var figure in result.Figures)
        {
            var sign = figure.Missed ? "MISSED" : figure.Limit.Length == 0 ? "" : figure.Judged ? "ok" : figure.Passes ? "(ok)" : "(missed, not judged)";
            Console.WriteLine($"       {figure.Name,-62} {figure.Value,18} {figure.Limit,12}  {sign}");
        }

        if (result.Reason is not null)
        {
            Console.WriteLine($"       {result.Reason}");
        }
    }

    public static void Write(string path, ExamOptions options, double seconds, IReadOnlyList<Result> results)
    {
        var machine = string.Create(CultureInfo.InvariantCulture, $"{Environment.ProcessorCount} cores, {GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9:0} GB, {Environment.OSVersion}, .NET {Environment.Version}");
        var date = TimeProvider.System.GetUtcNow().ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        JsonSerializer.Serialize(file, new ExamFile(date, machine, options.Quick ? "quick" : "full", options.Seed, Math.Round(seconds, 1), results), ReportJson.Default.ExamFile);
    }
}
