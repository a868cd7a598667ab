namespace RepoSentry.Configuration;

/// <summary>Which pull requests of a repository are watched.</summary>
internal enum PullRequestScope
{
    None,

    /// <summary>Those from branches of the repository itself.</summary>
    OwnBranches,

    /// <summary>Those of strangers' forks too.</summary>
    Forks,
}

/// <summary>How they are written: <c>false</c>, <c>true</c> or <c>forks</c>.</summary>
internal static class PullRequestScopes
{
    public const string Expected = "true, false or forks";

    public static string NameOf(PullRequestScope scope) => scope switch { PullRequestScope.OwnBranches => "true", PullRequestScope.Forks => "forks", _ => "false" };

    public static bool TryParse(string text, out PullRequestScope scope)
    {
        (scope, var isKnown) = text.ToLowerInvariant() switch
        {
            "true" or "yes" or "on" => (PullRequestScope.OwnBranches, true),
            "false" or "no" or "off" => (PullRequestScope.None, true),
            "forks" => (PullRequestScope.Forks, true),
            _ => (PullRequestScope.None, false),
        };
        return isKnown;
    }
}
