namespace RepoSentry.Providers.Bitbucket;

/// <summary>A repository of Bitbucket Data Center, as its URLs name it: the page and the clone have different ones.</summary>
/// <param name="Root">Path of the instance where it lies below one, such as <c>/git</c>; else empty.</param>
/// <param name="Key">Of the project; <c>~name</c> for a user's own.</param>
/// <param name="Slug">Of the repository.</param>
internal sealed record BitbucketPath(string Root, string Key, string Slug)
{
    public const string CloudHost = "bitbucket.org";

    public string WebPath => Key.StartsWith('~') ? $"{Root}/users/{Escape(Key[1..])}/repos/{Escape(Slug)}" : $"{Root}/projects/{Escape(Key)}/repos/{Escape(Slug)}";

    public string ClonePath => $"{Root}/scm/{Escape(Key)}/{Escape(Slug)}.git";

    public static bool IsCloud(Uri url) => url.Host.Equals(CloudHost, StringComparison.OrdinalIgnoreCase) || url.Host.Equals("www." + CloudHost, StringComparison.OrdinalIgnoreCase);

    /// <summary>Null for a URL of another shape.</summary>
    public static BitbucketPath? Of(Uri url)
    {
        var path = Uri.UnescapeDataString(url.AbsolutePath).Trim('/');
        var parts = (path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path).Split('/');
        return Array.Exists(parts, part => part is "" or "." or "..") ? null : Of(parts, url.Scheme == "ssh");
    }

    /// <summary>Whether the URL means this repository, in whichever of its shapes.</summary>
    public bool IsAt(Uri url) => Of(url) is { } other && other.Key.Equals(Key, StringComparison.OrdinalIgnoreCase) && other.Slug.Equals(Slug, StringComparison.OrdinalIgnoreCase);

    private static BitbucketPath? Of(string[] parts, bool isSsh) => parts switch
    {
        [.. var root, "scm", var key, var slug] => new(RootOf(root), key, slug),
        [.. var root, "projects", var key, "repos", var slug] => new(RootOf(root), key, slug),
        [.. var root, "users", var user, "repos", var slug] => new(RootOf(root), "~" + user, slug),
        [.. var rest, "browse"] => Of(rest, isSsh),
        [var key, var slug] when isSsh => new("", key, slug),
        _ => null,
    };

    private static string RootOf(string[] parts) => string.Concat(parts.Select(part => "/" + Escape(part)));

    private static string Escape(string part) => Uri.EscapeDataString(part);
}
