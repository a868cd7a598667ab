using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Network;
using RepoSentry.Providers.PlainGit;
using RepoSentry.SystemTests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.SystemTests.Providers.PlainGit;

/// <summary>Commits fetched from real Git servers.</summary>
public sealed class HistoryTests : IDisposable
{
    private const string Canary = "canary-token";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("git-history-");

    private string Cache => Path.Combine(folder.FullName, "cache", "git");

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData("sha1", true)]
    [InlineData("sha1", false)]
    [InlineData("sha256", true)]
    public async Task A_push_is_told_whole_and_commit_by_commit_without_contents_where_the_server_can(string format, bool filters)
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web", format);
        TestGit.Run(repository.Folder, "config", "uploadpack.allowFilter", filters ? "true" : "false");
        var before = repository.Push("main", "first", ("src/a.cs", "1"), ("docs/a.md", "1"));
        var history = History();
        (await history.CommitAsync(repository.Url, null, before, Token))!.Added.ShouldBe(["docs/a.md", "src/a.cs"], ignoreOrder: true);

        var second = repository.Push("main", "second\n\nwith a body", ("src/a.cs", "2"), ("src/b c\u00e9.cs", "1"));
        TestGit.Run("git", repository.Folder, ["fast-import", "--quiet"], $"commit refs/heads/main\ncommitter Bob <bob@example.org> 1764000000 +0100\ndata 5\nthird\nfrom {second}\nD docs/a.md\n\n");
        var after = repository.Push("main", "fourth", ("src/a.cs", "1"));

        var range = (await history.CompareAsync(repository.Url, null, before, after, Token))!;

        (range.Count, range.Forced).ShouldBe((3, false));
        range.Files.ShouldBe(["docs/a.md", "src/b c\u00e9.cs"], ignoreOrder: true); // src/a.cs is as it was
        range.Commits.Select(commit => commit.Message).ShouldBe(["second\n\nwith a body", "third", "fourth"]);
        range.Commits.Select(commit => commit.Parents!.Single()).ShouldBe([before, second, range.Commits[1].Id]);
        range.Commits[0].Modified.ShouldBe(["src/a.cs"]);
        range.Commits[0].Added.ShouldBe(["src/b c\u00e9.cs"]);
        range.Commits[1].Removed.ShouldBe(["docs/a.md"]);
        (range.Commits[1].Committer, range.Commits[1].Timestamp).ShouldBe((new PersonInfo("Bob", "bob@example.org"), DateTimeOffset.FromUnixTimeSeconds(1764000000)));
        range.Commits[2].Id.ShouldBe(after);
        var fetched = Directory.EnumerateDirectories(Cache).ShouldHaveSingleItem();
        TestGit.Run(fetched, "cat-file", "--batch-all-objects", "--batch-check").Contains(" blob ", StringComparison.Ordinal).ShouldBe(!filters);
    }

    [Fact]
    public async Task What_was_overwritten_is_forced_and_its_files_are_those_that_differ()
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var root = repository.Push("main", "root", ("a", "1"));
        var before = repository.Push("main", "lost", ("b", "1"));
        repository.Set("refs/heads/main", root);
        var after = repository.Push("main", "instead", ("c", "1"));

        var range = (await History().CompareAsync(repository.Url, null, before, after, Token))!;
        (range.Forced, range.Count, range.Files).ShouldBe((true, 1, null));
        (await History().DifferenceAsync(repository.Url, null, before, after, Token)).ShouldBe(["b", "c"]);

        (await History().CompareAsync(repository.Url, null, before, root, Token))!.Forced.ShouldBe(true); // moved back
    }

    [Fact]
    public async Task A_merge_tells_what_it_brought_and_what_it_changed_itself()
    {
        var repository = Local("merge");
        var before = repository.Push("main", "root", ("a", "1"));
        repository.Set("refs/heads/side", before);
        var side = repository.Push("side", "side", ("b", "1"));
        var main = repository.Push("main", "main", ("a", "2"));
        TestGit.Run("git", repository.Folder, ["fast-import", "--quiet"], $"commit refs/heads/main\ncommitter Ada <ada@example.org> 1764000000 +0000\ndata 5\nmerge\nfrom {main}\nmerge {side}\nM 100644 inline b\ndata 1\n1\nM 100644 inline evil\ndata 1\n1\n\n");
        var after = repository.Resolve("refs/heads/main")!;

        var range = (await History().CompareAsync(repository.Url, null, before, after, Token))!;

        range.Files.ShouldBe(["a", "b", "evil"]);
        range.Commits[^1].Parents.ShouldBe([main, side]);
        range.Commits[^1].Added.ShouldBe(["b", "evil"]);
        range.Commits.Count.ShouldBe(3);
    }

    [Fact]
    public async Task Beyond_what_is_fetched_of_the_past_nothing_is_claimed()
    {
        var repository = Local("deep");
        var before = repository.Push("main", "root", ("a", "1"));
        var stream = string.Concat(Enumerable.Range(0, 320).Select(number => $"commit refs/heads/main\ncommitter Ada <ada@example.org> {1764000000 + number} +0000\ndata 2\nc\n{(number == 0 ? $"from {before}\n" : "")}M 100644 inline f{number}\ndata 1\n1\n\n"));
        TestGit.Run("git", repository.Folder, ["fast-import", "--quiet"], stream);

        var range = (await History().CompareAsync(repository.Url, null, before, repository.Resolve("refs/heads/main")!, Token))!;

        (range.Forced, range.Count, range.Commits.Count).ShouldBe((null, null, 250));
        range.Commits[^1].Id.ShouldBe(repository.Resolve("refs/heads/main"));
        range.Commits.ShouldAllBe(commit => commit.Added!.Count == 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_server_that_gives_only_what_refs_point_to_gives_the_past_of_those(int version)
    {
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { ProtocolVersion = version });
        var repository = server.CreateRepository("web");
        var before = repository.Push("main", "one", ("a", "1"));
        var after = repository.Push("main", "two", ("b", "1"));

        (await History().CompareAsync(repository.Url, null, before, after, Token))!.Files.ShouldBe(["b"]);
    }

    [Fact]
    public async Task A_commit_that_the_server_does_not_have_any_more_is_not_known_and_the_next_question_is_answered()
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var before = repository.Push("main", "one", ("a", "1"));
        var after = repository.Push("main", "two", ("b", "1"));
        var history = History();

        (await history.CompareAsync(repository.Url, null, new string('a', 40), after, Token)).ShouldBeNull();
        (await history.CommitAsync(repository.Url, null, after, Token))!.Message.ShouldBe("two");
        (await history.CompareAsync(repository.Url, null, before, after, Token))!.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Locks_of_one_that_was_killed_are_in_nobodys_way_for_long()
    {
        var repository = Local("locks");
        var before = repository.Push("main", "one", ("a", "1"));
        var history = History();
        await history.CommitAsync(repository.Url, null, before, Token);
        var after = repository.Push("main", "two", ("b", "1"));
        await File.WriteAllTextAsync(Path.Combine(Directory.EnumerateDirectories(Cache).Single(), "shallow.lock"), "", Token);

        await history.CompareAsync(repository.Url, null, before, after, Token);
        (await history.CompareAsync(repository.Url, null, before, after, Token))!.Files.ShouldBe(["b"]);
    }

    [Fact]
    public async Task The_credential_goes_to_its_server_alone_and_stays_nowhere()
    {
        await using var other = await NginxGitServer.StartAsync();
        await using var server = await NginxGitServer.StartAsync(new NginxGitOptions { Account = ("bot", Canary), Tls = true, Extra = $"location /moved/ {{ return 302 {other.Root}web/$1; }}" });
        var repository = server.CreateRepository("web");
        other.CreateRepository("web").Push("main", "one");
        var commit = repository.Push("main", "one", ("a", "1"));
        var options = new PlainGitOptions { Provider = "forge", Username = "bot", Token = new Secret(Canary), Scope = server.Root };
        var history = History(options, new OutboundOptions { CaFile = server.CaFile });

        (await history.CommitAsync(repository.Url, null, commit, Token))!.Message.ShouldBe("one");
        (await History(options with { Token = new Secret("wrong") }, new OutboundOptions { CaFile = server.CaFile }).CommitAsync(repository.Url, null, repository.Push("main", "two"), Token)).ShouldBeNull();
        (await history.CommitAsync(new Uri(server.Root, "moved/web"), null, commit, Token)).ShouldBeNull();
        other.Requests.ShouldBeEmpty();
        Directory.EnumerateFiles(Cache, "*", SearchOption.AllDirectories).Where(file => File.ReadAllText(file).Contains(Canary, StringComparison.Ordinal)).ShouldBeEmpty();
    }

    [Fact]
    public async Task An_address_that_may_not_be_dialled_is_not_dialled()
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var commit = repository.Push("main", "one");
        var history = History(outbound: new OutboundOptions { BlockLoopback = true });

        (await Should.ThrowAsync<RefSourceException>(() => history.CommitAsync(repository.Url, null, commit, Token))).Message.ShouldContain("loopback");
        server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_name_reaches_the_address_that_was_judged()
    {
        await using var server = await NginxGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var commit = repository.Push("main", "one");

        (await History().CommitAsync(new UriBuilder(repository.Url) { Host = "localhost" }.Uri, null, commit, Token))!.Message.ShouldBe("one");
    }

    [Theory]
    [InlineData("--upload-pack=touch canary")]
    [InlineData("refs/heads/main")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("")]
    public async Task What_is_no_id_reaches_no_git(string id)
    {
        var repository = Local("ids");
        var commit = repository.Push("main", "one");

        (await History().CompareAsync(repository.Url, null, id, commit, Token)).ShouldBeNull();
        (await History().CommitAsync(repository.Url, null, id, Token)).ShouldBeNull();
        Directory.Exists(Cache).ShouldBeFalse();
    }

    [Theory]
    [InlineData("ext::sh -c touch% canary")]
    [InlineData("git://host/web")]
    [InlineData("https://user:pw@host/web")]
    public async Task A_remote_that_is_no_plain_one_is_refused(string url) =>
        await Should.ThrowAsync<RefSourceException>(() => History().CommitAsync(new Uri(url), null, new string('a', 40), Token));

    [Fact]
    public async Task Hooks_and_settings_of_the_remote_run_nothing_here()
    {
        var repository = Local("hostile");
        var commit = repository.Push("main", "one", (".gitattributes", "* diff=x filter=x"), (".gitmodules", "[submodule \"x\"]\n\tpath = x\n\turl = --upload-pack=touch canary\n"));
        var canary = Path.Combine(folder.FullName, "canary");
        TestGit.Run(repository.Folder, "config", "diff.x.textconv", "touch " + canary);
        TestGit.Run(repository.Folder, "config", "core.fsmonitor", "touch " + canary);
        TestGit.Run(repository.Folder, "config", "diff.external", "touch " + canary);

        (await History().CommitAsync(repository.Url, null, commit, Token))!.Added!.Count.ShouldBe(2);
        File.Exists(canary).ShouldBeFalse();
    }

    [Fact]
    public async Task Over_ssh_it_is_the_same()
    {
        await using var server = await SshGitServer.StartAsync();
        var repository = server.CreateRepository("web");
        var before = repository.Push("main", "one", ("a", "1"));
        var after = repository.Push("main", "two", ("b", "1"));
        var options = new PlainGitOptions { Provider = "forge", Ssh = new SshConfig(null, server.KeyFile, server.KnownHosts) };

        (await History(options).CompareAsync(repository.Url, null, before, after, Token))!.Files.ShouldBe(["b"]);
    }

    private TestRepository Local(string name)
    {
        var repository = TestRepository.Create(Path.Combine(folder.FullName, name + ".git"));
        TestGit.Run(repository.Folder, "config", "uploadpack.allowFilter", "true");
        return repository;
    }

    private GitHistory History(PlainGitOptions? options = null, OutboundOptions? outbound = null) =>
        new(options ?? new PlainGitOptions { Provider = "forge", AllowFile = true }, outbound ?? new OutboundOptions(), new GitCache(Cache, TimeProvider.System), TimeProvider.System);
}
