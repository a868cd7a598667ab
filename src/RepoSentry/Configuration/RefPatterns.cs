using System.Buffers;

namespace RepoSentry.Configuration;

/// <summary>Globs over short ref names: <c>*</c> stops at a slash, <c>**</c> does not, a leading <c>!</c> excludes.</summary>
internal static class RefPatterns
{
    private const int MaxLength = 250;

    /// <summary>No ref name has these (git check-ref-format), so a glob with one never matches.</summary>
    private static readonly SearchValues<char> NeverInRefs = SearchValues.Create(" ~^:?[\\");

    /// <summary>Whether Git allows such a name (git check-ref-format), in full or short.</summary>
    public static bool IsLegal(string name) =>
        name.AsSpan().IndexOfAny(NeverInRefs) < 0 && !name.Contains('*', StringComparison.Ordinal) && !name.Any(char.IsControl)
        && !name.Contains("..", StringComparison.Ordinal) && !name.Contains("@{", StringComparison.Ordinal) && name != "@" && !name.EndsWith('.')
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.' && !part.EndsWith(".lock", StringComparison.Ordinal));

    public static void Check(SectionReader section, string key, IReadOnlyList<string> globs)
    {
        foreach (var glob in globs)
        {
            var (problem, hint) = Complaint(glob, section.Load.Quote(glob));
            if (problem is not null)
            {
                section.Error(key, problem, hint);
            }
        }

        var taken = globs.Where(glob => !glob.StartsWith('!')).ToList();
        if (taken.Count > 0 && taken.TrueForAll(glob => globs.Contains("!" + glob, StringComparer.Ordinal) || globs.Contains("!**", StringComparer.Ordinal)))
        {
            section.Error(key, "nothing is left: all that the globs take is excluded by those with a leading \"!\"", "leave out what is not wanted, or the whole key");
        }
    }

    private static (string? Problem, string? Hint) Complaint(string glob, string shown)
    {
        var pattern = glob.StartsWith('!') ? glob[1..] : glob;
        return pattern switch
        {
            "" => ("an empty glob", "** matches every ref"),
            { Length: > MaxLength } => ($"a glob is longer than {MaxLength} characters", null),
            _ when Wording.HasInvisible(pattern) => ($"the glob {shown} has a control character", null),
            _ when pattern.AsSpan().IndexOfAny(NeverInRefs) is >= 0 and var at => ($"the glob {shown} has {Wording.Quote(pattern[at].ToString())}, which no ref has", "globs know *, ** and a leading !; for expressions use branch_regex"),
            _ when pattern.EndsWith('/') => ($"the glob {shown} ends with a slash, as no ref does", "such as release/* for one level below it, release/** for all"),
            _ when pattern.StartsWith("refs/", StringComparison.Ordinal) => ($"the glob {shown} is matched with short names", "write main, not refs/heads/main"),
            _ => (null, null),
        };
    }
}
