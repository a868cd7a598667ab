using System.Globalization;
using RepoSentry.Abstractions;

namespace RepoSentry.Providers;

/// <summary>A forge that tells of a single pull request what its list does not: that it was closed or merged, its labels.</summary>
internal interface IPullRequestSource
{
    /// <summary>Null where the forge does not know of it any more.</summary>
    /// <exception cref="RefSourceException">Every failure of the forge, told apart by its kind.</exception>
    Task<PullRequestInfo?> PullRequestAsync(Uri repositoryUrl, Uri? apiBaseUrl, long number, CancellationToken cancellationToken);
}

/// <summary>The names under which the heads of pull requests stand beside branches and tags, as the forges have them.</summary>
internal static class PullRequestRefs
{
    /// <summary>Of GitHub, Gitea and Azure DevOps.</summary>
    public static string Pull(long number) => Name("pull", number, "head");

    public static string GitLab(long number) => Name("merge-requests", number, "head");

    public static string Bitbucket(long number) => Name("pull-requests", number, "from");

    /// <summary>As the forges of a provider's type name it.</summary>
    public static string Of(string providerType, long number) => providerType switch { "gitlab" => GitLab(number), "bitbucket" => Bitbucket(number), _ => Pull(number) };

    /// <summary>Of a forge that tells the other refs and no pull requests: no reason not to look at the others.</summary>
    public static RefSourceException Refused(RefSourceException failure) =>
        new(RefSourceError.Malformed, $"{failure.Message}; branches and tags were answered: if pull requests are switched off there, set pull_requests: false, else let the token read them", TimeSpan.Zero, failure);

    public static long NumberOf(string refName) => long.Parse(refName.Split('/')[^2], CultureInfo.InvariantCulture);

    private static string Name(string family, long number, string end) => string.Create(CultureInfo.InvariantCulture, $"refs/{family}/{number}/{end}");
}
