using System.Diagnostics;
using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

[Collection(nameof(HostileEnvironment))]
public sealed class RealChildTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-child-");

    private string Canary => Path.Combine(folder.FullName, "canary");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public async Task A_key_that_is_no_file_works_and_leaves_nothing_behind()
    {
        await using var server = await SshGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        repository.Push("main", "one");
        var key = await File.ReadAllTextAsync(server.KeyFile, Token);

        var look = await Over(new SshConfig(new Secret(key.TrimEnd()), null, server.KnownHosts)).LookAsync(Looks.At(repository.Url), Token);

        look.Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
        Directory.EnumerateDirectories(Path.GetTempPath(), "reposentry-git-*").SelectMany(Directory.EnumerateFiles).Where(file => File.ReadAllText(file).Contains(key.Trim(), StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task A_program_named_git_in_the_working_folder_is_not_run()
    {
        var repository = TestRepository.Create(Path.Combine(folder.FullName, "repository.git"));
        repository.Push("main", "one");
        var program = Path.Combine(folder.FullName, "git");
        await File.WriteAllTextAsync(program, $"#!/bin/sh\ntouch {Canary}\n", Token);
        File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        var here = Environment.CurrentDirectory;
        Environment.CurrentDirectory = folder.FullName;
        try
        {
            (await Over(new SshConfig(null, null, "/dev/null")).LookAsync(Looks.At(repository.Url), Token)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
        }
        finally
        {
            Environment.CurrentDirectory = here;
        }

        File.Exists(Canary).ShouldBeFalse();
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_is_said_to_be_so()
    {
        var key = new Secret(() => throw new FileNotFoundException("gone"));

        var failure = await Over(new SshConfig(key, null, "/dev/null")).FailureOf(new Uri("ssh://git@127.0.0.1/web"));

        failure.Error.ShouldBe(RefSourceError.Unauthorized);
        failure.Message.ShouldContain("ssh.key");
    }

    [Fact]
    public async Task Ssh_failures_say_what_is_wrong()
    {
        await using var server = await SshGitServer.StartAsync();
        var url = server.CreateRepository("web").Url;

        var stranger = await Over(new SshConfig(null, server.StrangerKeyFile, server.KnownHosts)).FailureOf(url);
        var keyless = await Over(new SshConfig(null, null, server.KnownHosts)).FailureOf(url);
        var changed = await Over(new SshConfig(null, server.KeyFile, server.ChangedKnownHosts)).FailureOf(url);
        var unknown = await Over(new SshConfig(null, server.KeyFile, server.EmptyKnownHosts)).FailureOf(url);
        var missing = await Over(new SshConfig(null, server.KeyFile, server.KnownHosts)).FailureOf(server.Url("none"));

        stranger.Error.ShouldBe(RefSourceError.Unauthorized);
        stranger.Message.ShouldContain("does not accept the key");
        keyless.Error.ShouldBe(RefSourceError.Unauthorized);
        changed.Error.ShouldBe(RefSourceError.Unauthorized);
        changed.Message.ShouldContain("has changed");
        unknown.Error.ShouldBe(RefSourceError.Unauthorized);
        unknown.Message.ShouldContain("not known");
        missing.Error.ShouldBe(RefSourceError.NotFound);
    }

    [Fact]
    public async Task A_server_that_hangs_takes_no_child_with_it_past_the_limit()
    {
        await using var server = new RawServer((_, _, token) => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, token));
        var hosts = Path.Combine(folder.FullName, "hosts");
        await File.WriteAllTextAsync(hosts, "", Token);
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));

        await Should.ThrowAsync<OperationCanceledException>(() =>
            Over(new SshConfig(null, null, hosts)).LookAsync(Looks.At(new Uri($"ssh://git@127.0.0.1:{server.Root.Port}/hang")), limit.Token));

        await Until(() => !Processes().Any(line => line.Contains($"127.0.0.1:{server.Root.Port}/hang", StringComparison.Ordinal) || line.Contains($"-p\0{server.Root.Port}\0", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("--upload-pack=touch CANARY")]
    [InlineData("-oProxyCommand=touch CANARY")]
    [InlineData("ext::sh -c touch% CANARY")]
    [InlineData("ext:sh -c touch CANARY")]
    [InlineData("ssh://-oProxyCommand/web")]
    [InlineData("ssh://-oProxyCommand=touch@127.0.0.1/web")]
    [InlineData("ssh://a;id@127.0.0.1/web")]
    [InlineData("ssh://127.0.0.1/-oProxyCommand=touch")]
    [InlineData("ssh://127.0.0.1/a%0atouch%20CANARY")]
    [InlineData("file:///nowhere\n--upload-pack=touch CANARY")]
    [InlineData("file:///nowhere';touch CANARY;'")]
    [InlineData("file:///$(touch CANARY)")]
    [InlineData("file:///`touch CANARY`")]
    [InlineData("file:///--upload-pack=touch CANARY")]
    public async Task A_URL_that_carries_an_order_runs_nothing(string vector)
    {
        var url = new Uri(vector.Replace("CANARY", Canary, StringComparison.Ordinal), UriKind.RelativeOrAbsolute);

        (await Over(new SshConfig(null, null, "/dev/null")).FailureOf(url)).Error.ShouldBe(RefSourceError.NotFound);

        File.Exists(Canary).ShouldBeFalse();
    }

    [Fact]
    public async Task A_hostile_environment_and_configuration_change_nothing()
    {
        var config = Path.Combine(folder.FullName, "gitconfig");
        await File.WriteAllTextAsync(config, $"[core]\n\tsshCommand = touch {Canary}\n[url \"ext::touch {Canary} \"]\n\tinsteadOf = file://\n[protocol]\n\tallow = always\n", Token);
        (string Name, string Value)[] hostile =
        [
            ("GIT_CONFIG_GLOBAL", config), ("GIT_CONFIG_SYSTEM", config), ("GIT_SSH_COMMAND", $"touch {Canary}"), ("GIT_SSH", "/bin/false"),
            ("GIT_ALLOW_PROTOCOL", "ext"), ("GIT_EXEC_PATH", folder.FullName), ("GIT_TRACE", Canary), ("GIT_PROXY_COMMAND", $"touch {Canary}"),
        ];
        var repository = TestRepository.Create(Path.Combine(folder.FullName, "web"));
        repository.Push("main", "one");

        Array.ForEach(hostile, pair => Environment.SetEnvironmentVariable(pair.Name, pair.Value));
        try
        {
            (await Looks.Source().LookAsync(Looks.At(repository.Url), Token)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
        }
        finally
        {
            Array.ForEach(hostile, pair => Environment.SetEnvironmentVariable(pair.Name, null));
        }

        File.Exists(Canary).ShouldBeFalse();
    }

    [Fact]
    public async Task A_repository_of_another_owner_is_read()
    {
        Assert.SkipUnless(Environment.UserName == "root", "only root can give a repository away");
        var repository = TestRepository.Create(Path.Combine(folder.FullName, "foreign"));
        repository.Push("main", "one");
        TestGit.Run("chown", folder.FullName, ["-R", "65534", repository.Folder]);

        (await Looks.Source().LookAsync(Looks.At(repository.Url), Token)).Of(RefKind.Branch)!.Refs.Count.ShouldBe(1);
    }

    private static PlainGitRefSource Over(SshConfig ssh) => Looks.Source(new PlainGitOptions { Provider = "forge", AllowFile = true, Ssh = ssh });

    private static IEnumerable<string> Processes()
    {
        foreach (var process in Directory.EnumerateDirectories("/proc").Where(path => int.TryParse(Path.GetFileName(path), out _)))
        {
            string line;
            try
            {
                line = File.ReadAllText(Path.Combine(process, "cmdline"));
            }
            catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
            {
                continue;
            }

            yield return line;
        }
    }

    private static async Task Until(Func<bool> condition)
    {
        var started = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromMinutes(1));
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, Token);
        }
    }
}

[CollectionDefinition(nameof(HostileEnvironment), DisableParallelization = true)]
public sealed class HostileEnvironment;
