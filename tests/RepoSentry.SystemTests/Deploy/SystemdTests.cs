using System.Net.Sockets;
using System.Text;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Deploy;

/// <summary>The unit, judged by systemd's own tools; its install script; and what the executable tells systemd.</summary>
public sealed class SystemdTests
{
    private static readonly string Unit = SourceTree.At("deploy/systemd/reposentry.service");

    [Fact]
    public void Systemd_knows_every_line_of_the_unit()
    {
        using var folder = new TemporaryFolder();
        var unit = Path.Combine(folder.Path, "reposentry.service");
        File.WriteAllText(unit, File.ReadAllText(Unit).Replace("/opt/reposentry/reposentry", Service.Executable, StringComparison.Ordinal));

        Analyze("verify", unit).ShouldBe("");
        File.AppendAllText(unit, "[Service]\nWatchdogSeconds=1\n");
        Analyze("verify", unit).ShouldContain("WatchdogSeconds");
    }

    [Fact]
    public void The_unit_is_hardened_as_far_as_a_runtime_that_compiles_allows()
    {
        Analyze("security", "--offline=true", "--threshold=20", "--no-pager", Unit).ShouldContain("Overall exposure level");

        File.ReadAllText(Unit).ShouldNotContain("\nMemoryDenyWriteExecute=");
    }

    [Fact]
    public void The_script_installs_updates_and_removes_and_leaves_configuration_and_state()
    {
        using var folder = new TemporaryFolder();
        var (root, build) = (Path.Combine(folder.Path, "root"), Path.Combine(folder.Path, "build"));
        Directory.CreateDirectory(build);
        File.Copy("/bin/true", Path.Combine(build, "reposentry"));
        File.WriteAllText(Path.Combine(build, "old.dll"), "1");

        Install(root, "--from", build);
        File.Delete(Path.Combine(build, "old.dll"));
        File.WriteAllText(Path.Combine(root, "etc/reposentry/reposentry.yaml"), "repositories: []\n");
        Install(root, "--from", build);

        File.ReadAllText(Path.Combine(root, "etc/systemd/system/reposentry.service")).ShouldBe(File.ReadAllText(Unit));
        Directory.GetFileSystemEntries(Path.Combine(root, "opt")).ShouldBe([Path.Combine(root, "opt/reposentry")]);
        Directory.GetFiles(Path.Combine(root, "opt/reposentry")).ShouldBe([Path.Combine(root, "opt/reposentry/reposentry")]);
        File.ReadAllText(Path.Combine(root, "etc/reposentry/reposentry.yaml")).ShouldBe("repositories: []\n");

        Directory.CreateDirectory(Path.Combine(root, "var/lib/reposentry"));
        Install(root, "--uninstall");
        Install(root, "--uninstall");

        Directory.Exists(Path.Combine(root, "opt/reposentry")).ShouldBeFalse();
        File.Exists(Path.Combine(root, "etc/systemd/system/reposentry.service")).ShouldBeFalse();
        File.Exists(Path.Combine(root, "etc/reposentry/reposentry.yaml")).ShouldBeTrue();
        Install(root, "--uninstall", "--purge");
        Directory.Exists(Path.Combine(root, "etc/reposentry")).ShouldBeFalse();
        Directory.Exists(Path.Combine(root, "var/lib/reposentry")).ShouldBeFalse();
    }

    [Fact]
    public void The_script_says_what_is_missing()
    {
        using var folder = new TemporaryFolder();

        Should.Throw<InvalidOperationException>(() => Install(folder.Path, "--from", folder.Path)).Message.ShouldContain("holds no reposentry: publish it there");
        Should.Throw<InvalidOperationException>(() => Install(folder.Path, "--purge")).Message.ShouldContain("--purge goes with --uninstall");
    }

    [Fact]
    public async Task The_service_tells_that_it_is_ready_that_it_lives_and_that_it_stops()
    {
        using var folder = new TemporaryFolder();
        var address = Path.Combine(folder.Path, "notify");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(address));
        await using var service = new Service("polling: { strategy: fixed }\n") { Environment = { ["NOTIFY_SOCKET"] = address, ["WATCHDOG_USEC"] = "400000" } };
        service.Start();

        (await NextAsync(socket)).ShouldBe("READY=1");
        for (var ping = 0; ping < 3; ping++)
        {
            (await NextAsync(socket)).ShouldBe("WATCHDOG=1");
        }

        var stopping = service.StopAsync();
        while (await NextAsync(socket) is var told && told != "STOPPING=1")
        {
            told.ShouldBe("WATCHDOG=1"); // read until the end: a socket holds ten, and who tells more waits
        }

        (await stopping).ShouldBe(0);
    }

    private static string Analyze(params string[] arguments)
    {
        Assert.SkipWhen(TestGit.Find("systemd-analyze") is null, "systemd is not installed (tests/apt-packages.txt)");
        return TestGit.Run("sh", "/", ["-c", "systemd-analyze \"$@\" 2>&1", "sh", .. arguments]);
    }

    private static string Install(string root, params string[] arguments) =>
        TestGit.Run("env", "/", ["DESTDIR=" + root, SourceTree.At("deploy/systemd/install.sh"), .. arguments]);

    private static async Task<string> NextAsync(Socket socket)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var buffer = new byte[1024];
        var length = await socket.ReceiveAsync(buffer, limit.Token);
        return Encoding.UTF8.GetString(buffer, 0, length);
    }
}
