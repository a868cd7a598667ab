using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.PlainGit;

/// <summary>Which URLs may reach the git executable at all. Git and ssh read some texts as options or commands: those are refused before either sees them.</summary>
internal static class GitRemote
{
    private const int MaxLength = 2048;

    public static void ThrowUnlessAllowed(Uri url, PlainGitOptions options)
    {
        if (Refusal(url, options) is { } reason)
        {
            throw new RefSourceException(RefSourceError.NotFound, $"the remote {SafeText.Of(url)} is refused: {reason}");
        }
    }

    private static string? Refusal(Uri url, PlainGitOptions options)
    {
        if (!url.IsAbsoluteUri)
        {
            return "it is no absolute URL";
        }

        if (url.OriginalString.Length > MaxLength || Uri.UnescapeDataString(url.OriginalString).Any(char.IsControl))
        {
            return "it is too long or has control characters";
        }

        return url.Scheme switch
        {
            "file" => FileRefusal(url, options),
            "ssh" => SshRefusal(url, options.Ssh),
            "http" or "https" => url.UserInfo.Length > 0 ? "it carries a user" : HostRefusal(url),
            _ => "only http, https, ssh and file URLs are read",
        };
    }

    private static string? FileRefusal(Uri url, PlainGitOptions options)
    {
        if (!options.AllowFile)
        {
            return $"provider \"{options.Provider}\" reads no files";
        }

        return url.Host.Length > 0 || !url.AbsolutePath.StartsWith('/') ? "a file URL names an absolute path on this machine" : null;
    }

    private static string? HostRefusal(Uri url) =>
        Uri.CheckHostName(url.IdnHost.Trim('[', ']')) == UriHostNameType.Unknown || url.Host.StartsWith('-') ? "its host is no host name" : null;

    private static string? SshRefusal(Uri url, SshConfig? ssh)
    {
        if (HostRefusal(url) is { } refusal)
        {
            return refusal;
        }

        var user = Uri.UnescapeDataString(url.UserInfo);
        if (user.StartsWith('-') || !user.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '.' or '_' or '-' or '+'))
        {
            return user.Contains(':', StringComparison.Ordinal) ? "it carries a password; ssh remotes take a key" : "its user is no user name";
        }

        if (Uri.UnescapeDataString(url.AbsolutePath).TrimStart('/').StartsWith('-'))
        {
            return "its path begins with a dash";
        }

        return ssh is { KnownHosts.Length: > 0 } ? null : "ssh needs the provider's ssh.known_hosts, since host keys are always checked";
    }
}
