namespace RepoSentry.Exam.Twins;

/// <summary>A deliberately broken product. The break exists only in the copy that the exam builds of the sources, and only while its name is set.</summary>
/// <param name="Experiment">The experiment that must fail by it.</param>
/// <param name="Figure">Beginning of the name of a figure that it must miss.</param>
/// <param name="File">Source file below src/RepoSentry.</param>
/// <param name="Old">Text that stands there exactly once.</param>
/// <param name="New">What takes its place; <c>{twin}</c> is the condition.</param>
internal sealed record Twin(string Name, string Experiment, string Figure, string File, string Old, string New)
{
    public string Patched => New.Replace("{twin}", $"(System.Environment.GetEnvironmentVariable(\"EXAM_TWIN\") == \"{Name}\")", StringComparison.Ordinal);
}
