using System.Globalization;

namespace RepoSentry.Exam;

/// <summary>What the command line asks for.</summary>
internal sealed record ExamOptions
{
    public const string Usage = "usage: exam [--quick] [--only E1[,E5]] [--seed N] [--twins] [--json FILE]";

    /// <summary>Everything in small: counts are judged, figures of time only shown.</summary>
    public bool Quick { get; init; }

    /// <summary>Ids; empty for all.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];
    public int Seed { get; init; }
    public bool IsSeedGiven { get; init; }
    public bool Twins { get; init; }

    /// <summary>Where the figures go; empty for <c>artifacts/exam.json</c>.</summary>
    public string Json { get; init; } = "";

    /// <summary>Null if the arguments make no sense.</summary>
    public static ExamOptions? Parse(string[] args)
    {
        var options = new ExamOptions { Seed = (int)(TimeProvider.System.GetUtcNow().Ticks / TimeSpan.TicksPerSecond % 1_000_000) };
        for (var at = 0; at < args.Length; at++)
        {
            var value = at + 1 < args.Length ? args[at + 1] : null;
            switch (args[at])
            {
                case "--quick":
                    options = options with { Quick = true };
                    break;
                case "--twins":
                    options = options with { Twins = true };
                    break;
                case "--only" when value is not null:
                    options = options with { Only = value.Split(',', StringSplitOptions.RemoveEmptyEntries) };
                    at++;
                    break;
                case "--seed" when int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed):
                    options = options with { Seed = seed, IsSeedGiven = true };
                    at++;
                    break;
                case "--json" when value is not null:
                    options = options with { Json = value };
                    at++;
                    break;
                default:
                    return null;
            }
        }

        return options;
    }

    public bool Wants(string id) => Only.Count == 0 || Only.Contains(id, StringComparer.OrdinalIgnoreCase);
}
