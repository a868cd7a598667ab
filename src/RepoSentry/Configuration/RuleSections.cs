namespace RepoSentry.Configuration;

/// <summary>The rules of a repository that keep changes from its triggers: they are recorded all the same.</summary>
internal static class RuleSections
{
    private const int MaxLength = 1000;

    public static RepositoryConfig Read(SectionReader entry, RepositoryConfig repository)
    {
        var rules = repository with
        {
            Paths = [.. entry.Texts("paths").Select(WithoutRoot)],
            SkipMessages = entry.Texts("skip_messages"),
            IgnoreAuthors = entry.Texts("ignore_authors"),
            LoopGuard = entry.Choice("loop_guard", repository.LoopGuard, ["warn", "stop", "off"]),
        };
        Check(entry, "paths", rules.Paths, PathComplaint);
        Check(entry, "skip_messages", rules.SkipMessages, text => text.Trim().Length == 0 ? ("an empty text, which every message has", "such as \"[skip ci]\"") : default);
        Check(entry, "ignore_authors", rules.IgnoreAuthors, text => text.Trim('*', ' ').Length == 0 ? ("it names everybody", "to deliver nothing of a repository, set enabled: false") : default);
        return rules;
    }

    private static void Check(SectionReader entry, string key, IReadOnlyList<string> texts, Func<string, (string? Problem, string? Hint)> complaint)
    {
        foreach (var text in texts)
        {
            var (problem, hint) = text.Length > MaxLength ? ($"an entry is longer than {MaxLength} characters", null)
                : Wording.HasInvisible(text) ? ($"{entry.Load.Quote(text)} has a control character", null)
                : complaint(text);
            if (problem is not null)
            {
                entry.Error(key, problem, hint);
            }
        }
    }

    private static (string? Problem, string? Hint) PathComplaint(string glob)
    {
        var path = glob.TrimStart('!');
        return path switch
        {
            "" => ("an empty glob", "** matches every file"),
            _ when path.EndsWith('/') => ($"{Wording.Quote(glob)} names a folder, and changes are of files", $"write {Wording.Quote(glob + "**")}"),
            _ when path.Contains('\\', StringComparison.Ordinal) => ($"{Wording.Quote(glob)} has a backslash", "paths are written with /"),
            _ when path.Split('/').Any(part => part is "." or ".." or "") => ($"{Wording.Quote(glob)} is no path from the root of the repository", "such as src/** or !docs/**"),
            _ => (null, null),
        };
    }

    // "/src" and "!/src" mean what they say without the slash.
    private static string WithoutRoot(string glob) => glob switch
    {
        ['/', .. var rest] => rest,
        ['!', '/', .. var rest] => "!" + rest,
        _ => glob,
    };
}
