using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace RepoSentry.SystemTests.Support;

/// <summary>A real sshd on a free loopback port that lets one key of its own in, as the user who runs the tests.</summary>
internal sealed class SshGitServer : IAsyncDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-ssh-");
    private readonly int port = ServerProcess.FreePort();
    private Process? sshd;

    /// <summary>Private key that is let in.</summary>
    public string KeyFile => Path.Combine(folder.FullName, "user");

    /// <summary>A private key that is not.</summary>
    public string StrangerKeyFile => Path.Combine(folder.FullName, "stranger");

    public string KnownHosts => Path.Combine(folder.FullName, "known_hosts");

    /// <summary>Knows this server by another key.</summary>
    public string ChangedKnownHosts => Path.Combine(folder.FullName, "changed_known_hosts");

    public string EmptyKnownHosts => Path.Combine(folder.FullName, "empty_known_hosts");

    public static async Task<SshGitServer> StartAsync()
    {
        Assert.SkipWhen(TestGit.Find("sshd") is null || TestGit.Find("ssh-keygen") is null, "openssh-server is not installed (tests/apt-packages.txt)");
        var server = new SshGitServer();
        await server.RunAsync();
        return server;
    }

    public TestRepository CreateRepository(string name) => TestRepository.Create(Path.Combine(folder.FullName, name), Url(name));

    public Uri Url(string name) => new($"ssh://{Environment.UserName}@127.0.0.1:{port}{folder.FullName}/{name}");

    public async ValueTask DisposeAsync()
    {
        if (sshd is not null)
        {
            await ServerProcess.EndAsync(sshd);
        }

        folder.Delete(recursive: true);
    }

    private async Task RunAsync()
    {
        foreach (var key in (string[])["host", "user", "stranger", "other"])
        {
            TestGit.Run("ssh-keygen", folder.FullName, ["-q", "-t", "ed25519", "-N", "", "-f", key]);
        }

        await WriteAsync("known_hosts", $"[127.0.0.1]:{port} {await ReadAsync("host.pub")}");
        await WriteAsync("changed_known_hosts", $"[127.0.0.1]:{port} {await ReadAsync("other.pub")}");
        await WriteAsync("empty_known_hosts", "");
        await WriteAsync("sshd_config", string.Create(CultureInfo.InvariantCulture, $"""
            Port {port}
            ListenAddress 127.0.0.1
            HostKey {folder.FullName}/host
            AuthorizedKeysFile {folder.FullName}/user.pub
            PidFile none
            StrictModes no
            UsePAM no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin yes
            AcceptEnv GIT_PROTOCOL
            """) + "\n");
        if (Environment.UserName == "root")
        {
            // sshd's own folder for shedding privileges; packages make it at boot.
            Directory.CreateDirectory("/run/sshd");
        }

        sshd = ServerProcess.Start(TestGit.Find("sshd")!, folder.FullName, "-D", "-e", "-f", Path.Combine(folder.FullName, "sshd_config"));
        await ServerProcess.WaitForPortAsync(port, sshd);
    }

    private Task<string> ReadAsync(string name) => File.ReadAllTextAsync(Path.Combine(folder.FullName, name));

    private Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text);
}
