using RepoSentry.Abstractions;

namespace RepoSentry.Providers.PlainGit;

/// <summary>What git's and ssh's complaints mean, and what to do. The child speaks English (LC_ALL=C), so its words can be told apart.</summary>
internal static class GitChildErrors
{
    // The first that fits decides: ssh's reason stands before git's general one.
    private static readonly (string Sign, RefSourceError Error, string Meaning)[] Known =
    [
        ("REMOTE HOST IDENTIFICATION HAS CHANGED", RefSourceError.Unauthorized,
            "the host key of {0} has changed: someone may stand in between; if the change is genuine, replace its line in ssh.known_hosts"),
        ("revoked", RefSourceError.Unauthorized, "the host key of {0} is marked as revoked in ssh.known_hosts"),
        ("Host key verification failed", RefSourceError.Unauthorized, "the host key of {0} is not known: check it and add it to ssh.known_hosts (ssh-keyscan prints it)"),
        ("bad permissions", RefSourceError.Unauthorized, "ssh refuses the private key because others may read it: chmod 600"),
        ("error in libcrypto", RefSourceError.Unauthorized, "the private key cannot be read: is it complete, in OpenSSH format and without a passphrase?"),
        ("invalid format", RefSourceError.Unauthorized, "the private key cannot be read: is it complete, in OpenSSH format and without a passphrase?"),
        ("Permission denied", RefSourceError.Unauthorized, "{0} does not accept the key of this provider: check ssh.key and that the key may read this repository"),
        ("Could not resolve hostname", RefSourceError.Unavailable, "the name {0} cannot be resolved"),
        ("Connection refused", RefSourceError.Unavailable, "{0} refuses the connection"),
        ("timed out", RefSourceError.Unavailable, "{0} does not answer"),
        ("Connection closed by", RefSourceError.Unavailable, "{0} closed the connection"),
        ("Connection reset by", RefSourceError.Unavailable, "{0} broke the connection"),
        ("cannot run ssh", RefSourceError.Unavailable, "the ssh executable cannot be run: install openssh-client"),
        ("ssh: not found", RefSourceError.Unavailable, "the ssh executable cannot be run: install openssh-client"),
        ("dubious ownership", RefSourceError.Unauthorized, "git does not trust the owner of this repository"),
        ("does not appear to be a git repository", RefSourceError.NotFound, "there is no such repository"),
        ("not found", RefSourceError.NotFound, "there is no such repository, or none that this key may see"),
        ("does not exist", RefSourceError.NotFound, "there is no such repository, or none that this key may see"),
        ("could not be found", RefSourceError.NotFound, "there is no such repository, or none that this key may see"),
    ];

    public static RefSourceException From(string complaints, Uri url, PlainGitOptions options)
    {
        var host = url.Host.Length > 0 ? url.Host : "the file";
        var known = Array.Find(Known, fault => complaints.Contains(fault.Sign, StringComparison.OrdinalIgnoreCase));
        if (known.Meaning is null)
        {
            return new RefSourceException(RefSourceError.Unavailable, $"git could not read {SafeText.Of(url)}: {SafeText.Of(LastLine(complaints))}");
        }

        var meaning = string.Format(System.Globalization.CultureInfo.InvariantCulture, known.Meaning, SafeText.Of(host));
        return new RefSourceException(known.Error, $"{SafeText.Of(url)} (provider \"{options.Provider}\"): {meaning}");
    }

    private static string LastLine(string complaints) =>
        complaints.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).FirstOrDefault(line => line.StartsWith("fatal:", StringComparison.Ordinal))
        ?? (complaints.Length > 0 ? complaints : "it said nothing");
}
