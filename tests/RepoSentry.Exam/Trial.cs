using System.Globalization;

namespace RepoSentry.Exam;

/// <summary>One run of one experiment: what scale it has, and the figures that it measured.</summary>
internal sealed class Trial(string id, ExamOptions options)
{
    private readonly List<Figure> figures = [];

    /// <summary>The same in each small run: what a change is tested with is known to pass, and the whole exam looks for what is new.</summary>
    public Random Fixed => options is { Quick: true, IsSeedGiven: false } ? new Random(12) : Random;

    /// <summary>The same for the same seed, whatever other experiments run.</summary>
    public Random Random { get; } = new(unchecked((options.Seed * 397) ^ id.Aggregate(17, (sum, letter) => (sum * 31) + letter)));

    public bool Quick => options.Quick;

    public IReadOnlyList<Figure> Figures
    {
        get
        {
            lock (figures)
            {
                return [.. figures];
            }
        }
    }

    public int Scale(int full, int quick) => options.Quick ? quick : full;

    /// <summary>A count that must be zero.</summary>
    public void Zero(string name, long count, string? detail = null) =>
        Add(new Figure(name, Text(count) + (count != 0 && detail is not null ? $" ({detail})" : ""), "0", count == 0, Judged: true));

    /// <summary>A count that must be reached: it shows that the experiment did what it claims.</summary>
    public void Reaches(string name, double count, double least) => Add(new Figure(name, Text(count), "≥ " + Text(least), count >= least, Judged: true));

    public void Equal(string name, long count, long wanted) => Add(new Figure(name, Text(count), Text(wanted), count == wanted, Judged: true));

    /// <summary>A time or an amount of memory. The quick exam shows it and does not judge it.</summary>
    public void Within(string name, double value, double most, string unit) =>
        Add(new Figure(name, $"{Text(value)} {unit}", $"≤ {Text(most)} {unit}", value <= most, Judged: !options.Quick));

    /// <summary>A number without a pass figure.</summary>
    public void Tell(string name, string value) => Add(new Figure(name, value, "", Passes: true, Judged: false));

    private void Add(Figure figure)
    {
        lock (figures)
        {
            figures.Add(figure);
        }
    }

    private static string Text(double value) => value.ToString(Math.Abs(value) >= 100 || value == Math.Round(value) ? "0" : "0.###", CultureInfo.InvariantCulture);
}

/// <param name="Name">What was measured.</param>
/// <param name="Value">The measured value with its unit.</param>
/// <param name="Limit">The pass figure; empty where there is none.</param>
/// <param name="Judged">Whether it decides.</param>
internal sealed record Figure(string Name, string Value, string Limit, bool Passes, bool Judged)
{
    public bool Missed => Judged && !Passes;
}
