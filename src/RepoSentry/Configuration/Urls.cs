using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Text.RegularExpressions;

namespace RepoSentry.Configuration;

/// <summary>URLs as people write them. Problems never repeat the URL: it may carry a password.</summary>
internal static partial class Urls
{
    private const string UseToken = "leave it out and use `token`, with a reference such as ${GITHUB_TOKEN} or file:PATH";

    /// <summary>A repository's URL: http, https, ssh and file, <c>git@host:path</c> (becomes ssh) and an absolute path (becomes file).</summary>
    public static bool TryRepository(string text, [NotNullWhen(true)] out Uri? url, out string problem, out string? hint)
    {
        url = null;
        if (text.StartsWith('/'))
        {
            text = "file://" + string.Join('/', text.Split('/').Select(Uri.EscapeDataString));
        }
        else if (ScpForm.Match(text) is { Success: true } scp)
        {
            text = $"ssh://{scp.Groups["user"].Value}@{scp.Groups["host"].Value}/{scp.Groups["path"].Value.TrimStart('/')}";
        }

        if (!TryParse(text, ["http", "https", "ssh", "file"], out var parsed, out problem, out hint))
        {
            return false;
        }

        (problem, hint) = parsed switch
        {
            { Scheme: "file", Host.Length: > 0 } when parsed.Host != "localhost" => ("a file URL names no other host", "write file:///path"),
            { AbsolutePath: "" or "/" } => ("the URL has no path to a repository", null),
            { Query.Length: > 0 } => ("a repository's URL has no query", null),
            _ => ("", hint),
        };
        url = problem.Length == 0 ? parsed : null;
        return url is not null;
    }

    /// <summary>The URL of a forge, an API, a trigger or a proxy.</summary>
    public static bool TryParse(string text, string[] schemes, [NotNullWhen(true)] out Uri? url, out string problem, out string? hint)
    {
        (url, hint) = (null, null);
        problem = Complaint(text, ref hint);
        if (problem.Length > 0)
        {
            return false;
        }

        if (!Uri.TryCreate(text, UriKind.Absolute, out var parsed) || !text.Contains("://", StringComparison.Ordinal))
        {
            (problem, hint) = ("is not a URL", "such as https://host/path" + (schemes.Contains("ssh", StringComparer.Ordinal) ? ", ssh://git@host/path, git@host:path or /absolute/path" : ""));
            return false;
        }

        (problem, hint) = parsed switch
        {
            _ when !schemes.Contains(parsed.Scheme, StringComparer.Ordinal) => ($"the scheme {Wording.Quote(parsed.Scheme)} is not supported", "use " + string.Join(", ", schemes)),
            { Scheme: not "file", Host.Length: 0 } => ("the URL has no host", null),
            { Scheme: "ssh" } when parsed.UserInfo.Contains(':', StringComparison.Ordinal) => ("a password in a URL is refused", "use `ssh: { key: \"file:PATH\" }`"),
            { Scheme: not "ssh", UserInfo.Length: > 0 } => ("a user or password in a URL is refused", UseToken),
            { Fragment.Length: > 0 } => ("the URL has a fragment (#)", null),
            _ when !HasValidHost(parsed) => ("the host is not a valid name", null),
            _ when parsed.Host.StartsWith('-') || parsed.UserInfo.StartsWith('-') => ("host and user must not begin with \"-\"", null),
            _ => ("", null),
        };
        url = problem.Length == 0 ? parsed : null;
        return url is not null;
    }

    /// <summary>Hosts where plain http carries no secret over a network that others see.</summary>
    public static bool IsSafeWithoutTls(Uri url, IReadOnlyList<string> insecureHosts)
    {
        var host = url.IdnHost.TrimEnd('.');
        return (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address))
            || host is "localhost"
            || EndsWithAny(host, ".localhost", ".svc", ".svc.cluster.local")
            || insecureHosts.Contains(host, StringComparer.OrdinalIgnoreCase);
    }

    /// <summary>Whether both mean one repository of a forge: the page and the clone, over the web or ssh, in whichever case.</summary>
    public static bool SameRepository(Uri one, Uri other) => RepositoryKey(one) == RepositoryKey(other);

    /// <summary>Equal for URLs that mean one repository of a forge.</summary>
    public static string RepositoryKey(Uri url)
    {
        var path = Uri.UnescapeDataString(url.AbsolutePath).Trim('/').ToLowerInvariant();
        path = path.EndsWith(".git", StringComparison.Ordinal) ? path[..^4] : path;
        path = path.Split('/') is [.. var root, "projects", var key, "repos", var slug] ? string.Join('/', [.. root, "scm", key, slug]) : path; // Bitbucket Data Center's page and clone
        return url.IsFile ? url.AbsoluteUri : $"{url.Host.ToLowerInvariant()}{(url is { Scheme: "http" or "https", IsDefaultPort: false } ? $":{url.Port}" : "")}/{path}";
    }

    /// <summary>Whether a credential for the one may go to the other. An address that someone else wrote may have a host that is no name: it is nobody's.</summary>
    public static bool SameServer(Uri one, Uri other) =>
        one.Scheme == other.Scheme && one.Port == other.Port && HasValidHost(one) && HasValidHost(other) && string.Equals(one.IdnHost, other.IdnHost, StringComparison.OrdinalIgnoreCase);

    /// <summary>International names are only checked when they are asked for.</summary>
    public static bool HasValidHost(Uri url)
    {
        try
        {
            return url.IdnHost.Length > 0 || url.IsFile;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }

    private static string Complaint(string text, ref string? hint)
    {
        if (text.StartsWith('-'))
        {
            return "must not begin with \"-\"";
        }

        if (text.Any(character => char.IsWhiteSpace(character) || Wording.IsInvisible(character)))
        {
            return "has a blank or a control character";
        }

        if (text.Contains('\\', StringComparison.Ordinal))
        {
            hint = "URLs have forward slashes";
            return "has a backslash";
        }

        return "";
    }

    private static bool EndsWithAny(string host, params string[] ends) => Array.Exists(ends, end => host.EndsWith(end, StringComparison.OrdinalIgnoreCase) && host.Length > end.Length);

    [GeneratedRegex(@"\A(?<user>[A-Za-z0-9_.][A-Za-z0-9_.-]*)@(?<host>[A-Za-z0-9][A-Za-z0-9.-]*):(?!/?/)(?<path>[^:].*)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 5000)]
    private static partial Regex ScpForm { get; }
}
