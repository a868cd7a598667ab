using System.Text;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;

namespace RepoSentry.Providers.PlainGit;

/// <summary>A private folder (0700) for one git child: its home, its only configuration and, for a key that is no file, the key (0600). Gone when the look ends.</summary>
internal sealed class GitWorkspace : IDisposable
{
    private GitWorkspace(string path) => Path = path;

    public string Path { get; }

    /// <summary>All the child gets.</summary>
    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    /// <param name="http">How http and https are spoken; null for remotes of other schemes.</param>
    public static GitWorkspace Create(Uri url, PlainGitOptions options, GitHttpConfig? http = null)
    {
        GitWorkspace? workspace = null;
        try
        {
            workspace = new GitWorkspace(Directory.CreateTempSubdirectory("reposentry-git-").FullName);
            workspace.Fill(url, options, http);
            return workspace;
        }
        catch (Exception failure)
        {
            workspace?.Dispose();
            if (failure is not (IOException or UnauthorizedAccessException))
            {
                throw;
            }

            throw new RefSourceException(RefSourceError.Unavailable, "no private folder can be written for git (is the temporary folder full or read-only?)", innerException: failure);
        }
    }

    public void Dispose()
    {
        try
        {
            Directory.Delete(Path, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // Cleaned by someone else: what we wanted.
        }
    }

    private void Fill(Uri url, PlainGitOptions options, GitHttpConfig? http)
    {
        Environment["PATH"] = GitProgram.SearchPath;
        Environment["HOME"] = Path;
        Environment["LC_ALL"] = "C";
        Environment["GIT_ALLOW_PROTOCOL"] = url.Scheme;
        Environment["GIT_PROTOCOL_FROM_USER"] = "0";
        Environment["GIT_CONFIG_NOSYSTEM"] = "1";
        Environment["GIT_TERMINAL_PROMPT"] = "0";
        Environment["GIT_OPTIONAL_LOCKS"] = "0";
        Environment["GIT_NO_LAZY_FETCH"] = "1";
        // A repository that someone put above the temporary folder must not configure this child.
        Environment["GIT_CEILING_DIRECTORIES"] = System.IO.Path.GetDirectoryName(Path)!;
        Environment["GIT_CONFIG_GLOBAL"] = "/dev/null";
        if (url.Scheme == "file")
        {
            // The operator named this repository, whoever owns it, and listing refs runs none of its hooks or programs. It cannot go through GIT_CONFIG_COUNT:
            // git clears that for the upload-pack it starts, and that one checks the owner.
            Environment["GIT_CONFIG_GLOBAL"] = Write("gitconfig", "[safe]\n\tdirectory = *\n");
        }
        else if (http is not null)
        {
            Environment["GIT_CONFIG_GLOBAL"] = Write("gitconfig", http.Text);
        }
        else
        {
            Environment["GIT_SSH_VARIANT"] = "ssh";
            Environment["GIT_SSH_COMMAND"] = $"ssh -F '{Write("ssh_config", SshSettings(options.Ssh!)).Replace("'", "'\\''", StringComparison.Ordinal)}'";
            Environment["SSH_ASKPASS_REQUIRE"] = "never";
        }
    }

    // A file and no command line: paths need no second quoting for the shell that git runs ssh by.
    private string SshSettings(SshConfig ssh)
    {
        var key = ssh.KeyFile ?? (ssh.Key is null ? null : Write("key", Reveal(ssh.Key)));
        return string.Join('\n',
        [
            "StrictHostKeyChecking yes",
            $"UserKnownHostsFile {Quote(ssh.KnownHosts)}",
            "GlobalKnownHostsFile /dev/null",
            "UpdateHostKeys no",
            "BatchMode yes",
            "IdentitiesOnly yes",
            "IdentityAgent none",
            $"IdentityFile {(key is null ? "none" : Quote(key))}",
            "PreferredAuthentications publickey",
            "ConnectTimeout 10",
            "ServerAliveInterval 5",
            "ServerAliveCountMax 3",
            "ForwardAgent no",
            "ForwardX11 no",
            "ClearAllForwardings yes",
            "PermitLocalCommand no",
            "ControlMaster no",
            "LogLevel ERROR",
            "",
        ]);
    }

    // ssh reads no key without a line end behind it.
    private static string Reveal(Secret key)
    {
        try
        {
            return key.Reveal().TrimEnd() + "\n";
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            throw new RefSourceException(RefSourceError.Unauthorized, "the private key of ssh.key cannot be read", innerException: failure);
        }
    }

    private string Write(string name, string text)
    {
        var path = System.IO.Path.Combine(Path, name);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, options);
        file.Write(Encoding.UTF8.GetBytes(text));
        return path;
    }

    // In ssh_config a percent sign begins a token and a dollar sign with a brace a variable.
    private static string Quote(string path)
    {
        var full = System.IO.Path.GetFullPath(path);
        return full.Any(letter => letter is '"' or '\\' || char.IsControl(letter)) || full.Contains("${", StringComparison.Ordinal)
            ? throw new RefSourceException(RefSourceError.Unauthorized, $"ssh cannot be given the path {SafeText.Of(path)}: it has a quote, a backslash, a variable or a control character")
            : $"\"{full.Replace("%", "%%", StringComparison.Ordinal)}\"";
    }
}
