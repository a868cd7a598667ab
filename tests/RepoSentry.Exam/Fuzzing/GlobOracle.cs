namespace RepoSentry.Exam.Fuzzing;

/// <summary>Globs by their definition, one character after the other, to hold the product's beside.</summary>
internal static class GlobOracle
{
    public static bool Matches(IReadOnlyList<string> patterns, string name)
    {
        var excluded = patterns.Where(pattern => pattern.StartsWith('!')).Select(pattern => pattern[1..]).ToList();
        var included = patterns.Where(pattern => !pattern.StartsWith('!')).ToList();
        return (included.Exists(pattern => Matches(pattern, name)) || (included.Count == 0 && excluded.Count > 0)) && !excluded.Exists(pattern => Matches(pattern, name));
    }

    // Which beginnings of the name the pattern so far can be.
    private static bool Matches(string pattern, string name)
    {
        var can = new bool[name.Length + 1];
        can[0] = true;
        for (var at = 0; at < pattern.Length; at++)
        {
            var next = new bool[name.Length + 1];
            var isMany = pattern[at] == '*';
            var isAll = isMany && at + 1 < pattern.Length && pattern[at + 1] == '*';
            for (var end = 0; end <= name.Length; end++)
            {
                next[end] = isMany
                    ? can[end] || (end > 0 && next[end - 1] && (isAll || name[end - 1] != '/'))
                    : end > 0 && can[end - 1] && (pattern[at] == '?' ? name[end - 1] != '/' : pattern[at] == name[end - 1]);
            }

            at += isAll ? 1 : 0;
            can = next;
        }

        return can[name.Length];
    }
}
