namespace RepoSentry.Exam.Fuzzing;

/// <summary>A parser of the product that eats what others wrote.</summary>
/// <param name="Words">What means something to it: put into inputs here and there.</param>
internal sealed record FuzzTarget(string Name, IReadOnlyList<FuzzCase> Cases, params IReadOnlyList<string> Words);

/// <param name="Seeds">Inputs that it reads: all others are made of them.</param>
/// <param name="Feed">
/// Feeds one input, and tells in words how it ended: with <see cref="Refused"/> first where it was refused. Throws <see cref="BrokenLawException"/> for an end that
/// must not be.
/// </param>
/// <param name="IsJson">Whether inputs are taken apart as JSON too, not as bytes alone.</param>
internal sealed record FuzzCase(string Name, IReadOnlyList<byte[]> Seeds, Func<byte[], string> Feed, bool IsJson = false)
{
    public const string Refused = "refused: ";
}

/// <summary>The input was read, or refused, and that is wrong.</summary>
internal sealed class BrokenLawException(string law) : Exception(law);
