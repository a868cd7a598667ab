using System.IO.Enumeration;
using System.Text;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>
/// <c>${VAR}</c> and <c>${VAR:-default}</c> in values, for the variables that <c>security.allowed_env_vars</c> allows.
/// <c>$$</c> is one dollar; a dollar before anything else stands for itself.
/// </summary>
internal sealed partial class Variables(IReadOnlyDictionary<string, string> environment, IReadOnlyList<string> allowed)
{
    public Expansion Expand(string text)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
        {
            return new Expansion(text, [], null);
        }

        var names = new List<string>();
        var expanded = new StringBuilder();
        var done = 0;
        foreach (var match in Reference.EnumerateMatches(text))
        {
            expanded.Append(text, done, match.Index - done);
            done = match.Index + match.Length;
            var found = text[match.Index..done];
            if (found == "$$")
            {
                expanded.Append('$');
                continue;
            }

            var (name, fallback) = Split(found[2..^1]);
            names.Add(name);
            var (value, problem) = Look(name, fallback);
            if (problem is not null)
            {
                return new Expansion(null, names, problem);
            }

            expanded.Append(value);
        }

        return new Expansion(expanded.Append(text, done, text.Length - done).ToString(), names, null);
    }

    /// <summary>The value of one allowed variable; a variable set to nothing counts as unset.</summary>
    public (string? Value, Unresolved? Problem) Look(string name, string? fallback = null)
    {
        if (!Name.IsMatch(name))
        {
            return (null, new Unresolved($"{Wording.Quote(name)} is not a variable's name", "write ${NAME} or ${NAME:-default}, and $$ for a dollar", IsMissing: false));
        }

        if (!allowed.Any(pattern => FileSystemName.MatchesSimpleExpression(pattern, name, ignoreCase: false)))
        {
            return (null, new Unresolved($"the variable {name} may not be used", "allow it in security.allowed_env_vars", IsMissing: false));
        }

        return environment.GetValueOrDefault(name) is { Length: > 0 } value ? (value, null)
            : fallback is not null ? (fallback, null)
            : (null, new Unresolved($"the variable {name} is not set", $"set it, or write ${{{name}:-default}}", IsMissing: true));
    }

    private static (string Name, string? Fallback) Split(string reference)
    {
        var at = reference.IndexOf(":-", StringComparison.Ordinal);
        return at < 0 ? (reference, null) : (reference[..at], reference[(at + 2)..]);
    }

    [GeneratedRegex(@"\$\$|\$\{[^{}]*\}", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Reference { get; }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_]*\z", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Name { get; }
}

/// <param name="Text">The value; null where something was refused.</param>
/// <param name="Names">The variables it came from.</param>
/// <param name="Problem">What was refused, if anything.</param>
internal readonly record struct Expansion(string? Text, IReadOnlyList<string> Names, Unresolved? Problem);

/// <param name="IsMissing">Whether it is only not there: a warning in an entry that is not enabled.</param>
internal sealed record Unresolved(string Message, string Hint, bool IsMissing);
