namespace RepoSentry.Configuration;

/// <summary>Where a value was written: a file with line and column (from 1), or an environment variable or flag without them.</summary>
internal readonly record struct Place(string Source, int Line = 0, int Column = 0)
{
    public bool IsInFile => Line > 0;

    public override string ToString() => IsInFile ? $"{Source}:{Line}:{Column}" : Source;
}

/// <summary>One thing to mend in the configuration. Never carries a secret's value.</summary>
internal sealed record ConfigProblem(Place Place, string Message, string? Hint = null)
{
    public override string ToString() => Hint is null ? $"{Place}: {Message}" : $"{Place}: {Message} ({Hint})";
}

/// <summary>Collects everything that is wrong, so that one run shows it all.</summary>
internal sealed class Problems
{
    private readonly List<ConfigProblem> errors = [];
    private readonly List<ConfigProblem> warnings = [];

    public bool Any => errors.Count > 0;

    public IReadOnlyList<ConfigProblem> Errors => InReadingOrder(errors);

    public IReadOnlyList<ConfigProblem> Warnings => InReadingOrder(warnings);

    public void Error(Place place, string message, string? hint = null) => errors.Add(new ConfigProblem(place, message, hint));

    public void Warn(Place place, string message, string? hint = null) => warnings.Add(new ConfigProblem(place, message, hint));

    private static IReadOnlyList<ConfigProblem> InReadingOrder(List<ConfigProblem> found)
    {
        var sources = found.Select(problem => problem.Place.Source).Distinct(StringComparer.Ordinal).ToList();
        return [.. found.Distinct().OrderBy(problem => sources.IndexOf(problem.Place.Source)).ThenBy(problem => problem.Place.Line).ThenBy(problem => problem.Place.Column)];
    }
}
