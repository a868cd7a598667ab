using System.Collections.Concurrent;
using System.Text;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>
/// A list of globs: <c>*</c> stops at <c>/</c>, <c>**</c> does not, <c>?</c> is one character but <c>/</c>, and <c>!pattern</c> excludes wherever it
/// stands. A list of exclusions alone means "all but these". An empty list matches nothing.
/// </summary>
internal sealed class GlobSet
{
    private const int MaxPrefixes = 20;

    /// <summary>Sets that are kept: the lists of the API and of reloads come and go.</summary>
    private const int MaxSets = 4096;

    /// <summary>Characters of one expression: a longer one passes what .NET matches in linear time.</summary>
    private const int MaxExpression = 2000;
    private static readonly TimeSpan Limit = TimeSpan.FromMilliseconds(100);
    private static readonly ConcurrentDictionary<string, GlobSet> Cache = new(StringComparer.Ordinal);

    private readonly string[] included;
    private readonly string[] excluded;
    private readonly bool all;
    private readonly Regex[] include;
    private readonly Regex[] exclude;

    private GlobSet(IReadOnlyList<string> patterns, bool areFolders)
    {
        excluded = [.. patterns.Where(pattern => pattern.StartsWith('!')).Select(pattern => pattern[1..])];
        included = [.. patterns.Where(pattern => !pattern.StartsWith('!'))];
        all = included.Contains("**", StringComparer.Ordinal) || (included.Length == 0 && excluded.Length > 0);
        include = all ? [] : [.. Compile(included, areFolders)];
        exclude = [.. Compile(excluded, areFolders)];
    }

    /// <summary>The set for these patterns; equal lists share one.</summary>
    public static GlobSet Of(IReadOnlyList<string> patterns) => Of(patterns, areFolders: false);

    /// <summary>The set for paths of files: there <c>**/</c> is also no folder at all, so that <c>**/*.md</c> has the <c>README.md</c> of the root.</summary>
    public static GlobSet OfPaths(IReadOnlyList<string> patterns) => Of(patterns, areFolders: true);

    public bool Matches(string name) => (all || Array.Exists(include, some => some.IsMatch(name))) && !Array.Exists(exclude, some => some.IsMatch(name));

    /// <summary>Literal beginnings outside which nothing matches; empty when there is no such limit.</summary>
    public IReadOnlyList<string> LiteralPrefixes()
    {
        if (all)
        {
            return [];
        }

        var prefixes = included.Select(pattern => pattern[..(pattern.IndexOfAny(['*', '?']) is var end and >= 0 ? end : pattern.Length)]).Distinct(StringComparer.Ordinal).ToList();
        return prefixes.Count > MaxPrefixes || prefixes.Exists(prefix => prefix.Length == 0) ? [] : prefixes;
    }

    private static GlobSet Of(IReadOnlyList<string> patterns, bool areFolders)
    {
        var key = string.Concat(patterns.Select(pattern => $"{pattern.Length}:{pattern}").Prepend(areFolders ? "paths " : "")); // no two lists have one key, whatever characters they hold
        if (Cache.TryGetValue(key, out var set))
        {
            return set;
        }

        if (Cache.Count >= MaxSets)
        {
            Cache.Clear();
        }

        return Cache.GetOrAdd(key, new GlobSet(patterns, areFolders));
    }

    private static IEnumerable<Regex> Compile(string[] patterns, bool areFolders)
    {
        for (var (at, next) = (0, 0); at < patterns.Length; at = next)
        {
            var text = new StringBuilder(Translate(patterns[next++], areFolders));
            while (next < patterns.Length && text.Length + patterns[next].Length < MaxExpression)
            {
                text.Append('|').Append(Translate(patterns[next++], areFolders));
            }

            yield return new Regex($@"\A(?:{text})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.Singleline, Limit);
        }
    }

    private static string Translate(string pattern, bool areFolders)
    {
        var text = new StringBuilder();
        for (var i = 0; i < pattern.Length; i++)
        {
            if (areFolders && (i == 0 || pattern[i - 1] == '/') && pattern.AsSpan(i).StartsWith("**/"))
            {
                text.Append("(?:.*/)?");
                i += 2;
            }
            else if (pattern[i] == '*' && i + 1 < pattern.Length && pattern[i + 1] == '*')
            {
                text.Append(".*");
                i++;
            }
            else
            {
                text.Append(pattern[i] switch { '*' => "[^/]*", '?' => "[^/]", var c => Regex.Escape(c.ToString()) });
            }
        }

        return text.ToString();
    }
}
