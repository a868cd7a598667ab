using System.Text.Json;
using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

public sealed class GitHubPayloadTests
{
    private static readonly string Zeros = new('0', 40);

    [Theory]
    [InlineData("ref", "refs/heads/main")]
    [InlineData("before", "1111111111111111111111111111111111111111")]
    [InlineData("after", "2222222222222222222222222222222222222222")]
    [InlineData("created", "False")]
    [InlineData("deleted", "False")]
    [InlineData("forced", "True")]
    [InlineData("base_ref", "")]
    [InlineData("compare", "https://github.com/acme/web/compare/111...222")]
    [InlineData("head_commit.id", "2222222222222222222222222222222222222222")]
    [InlineData("head_commit.message", "Second\n\nWith a body")]
    [InlineData("head_commit.timestamp", "2026-11-24T11:58:00+02:00")]
    [InlineData("head_commit.url", "https://github.com/acme/web/commit/2222222222222222222222222222222222222222")]
    [InlineData("head_commit.author.name", "Ada")]
    [InlineData("head_commit.author.email", "ada@example.org")]
    [InlineData("head_commit.author.username", "ada")]
    [InlineData("head_commit.committer.name", "Bob")]
    [InlineData("head_commit.added[0]", "new.txt")]
    [InlineData("head_commit.removed[0]", "old.txt")]
    [InlineData("head_commit.modified[1]", "src/b.cs")]
    [InlineData("commits[0].message", "First")]
    [InlineData("commits[0].added[0]", "new.txt")]
    [InlineData("commits[1].id", "2222222222222222222222222222222222222222")]
    [InlineData("repository.id", "186853002")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.full_name", "acme/web")]
    [InlineData("repository.url", "https://github.com/acme/web")]
    [InlineData("repository.html_url", "https://github.com/acme/web")]
    [InlineData("repository.clone_url", "https://github.com/acme/web.git")]
    [InlineData("repository.ssh_url", "git@github.com:acme/web.git")]
    [InlineData("repository.git_url", "git://github.com/acme/web.git")]
    [InlineData("repository.default_branch", "main")]
    [InlineData("repository.master_branch", "main")]
    [InlineData("repository.private", "False")]
    [InlineData("repository.owner.login", "acme")]
    [InlineData("repository.owner.name", "acme")]
    [InlineData("repository.statuses_url", "https://api.github.com/repos/acme/web/statuses/{sha}")]
    [InlineData("pusher.name", "(unknown)")]
    [InlineData("pusher.email", "")]
    [InlineData("sender.login", "unknown")]
    [InlineData("organization.login", "acme")]
    public void Every_field_that_bindings_use_stands_in_a_push(string path, string expected) =>
        Pushes.Body("github", Pushes.Event().Known()).Text(path).ShouldBe(expected);

    [Fact]
    public void Headers_are_GitHubs_and_a_CloudEvents_beside_them()
    {
        var headers = PayloadFormats.Render("github", Pushes.Event()).Headers;
        headers["Content-Type"].ShouldBe("application/json");
        headers["X-GitHub-Event"].ShouldBe("push");
        headers["X-GitHub-Delivery"].ShouldBe(Pushes.EventId.ToString());
        headers["ce-id"].ShouldBe(Pushes.EventId.ToString());
        headers["ce-type"].ShouldBe("dev.reposentry.repository.branch_updated");
        headers.ShouldNotContainKey("X-GitHub-Enterprise-Host");
    }

    [Fact]
    public void An_enterprise_server_is_named()
    {
        var change = Pushes.Event(url: "https://ghe.corp:8443/acme/web.git");
        PayloadFormats.Render("auto", change).Headers["X-GitHub-Enterprise-Host"].ShouldBe("ghe.corp:8443");
        Pushes.Body("auto", change).Text("repository.commits_url").ShouldBe("https://ghe.corp:8443/api/v3/repos/acme/web/commits{/sha}");
        Pushes.Body("auto", change).Text("repository.clone_url").ShouldBe("https://ghe.corp:8443/acme/web.git");
    }

    [Fact]
    public void A_created_branch_comes_from_zeros_and_has_its_head()
    {
        var body = Pushes.Body("github", Pushes.Event(before: null));
        body.Text("before").ShouldBe(Zeros);
        body.At("created").GetBoolean().ShouldBeTrue();
        body.Text("compare").ShouldBe("https://github.com/acme/web/commit/" + Build.Commit('2'));
        body.Text("commits[0].id").ShouldBe(Build.Commit('2'));
    }

    [Fact]
    public void A_deleted_branch_goes_to_zeros_and_has_no_head()
    {
        var body = Pushes.Body("github", Pushes.Event(after: null));
        body.Text("after").ShouldBe(Zeros);
        body.At("deleted").GetBoolean().ShouldBeTrue();
        body.At("head_commit").ValueKind.ShouldBe(JsonValueKind.Null);
        body.At("commits").GetArrayLength().ShouldBe(0);
        body.Text("compare").ShouldBe("https://github.com/acme/web/compare/111111111111...000000000000");
    }

    [Fact]
    public void A_new_tag_is_a_push_of_its_ref_without_commits()
    {
        var body = Pushes.Body("github", Pushes.Event("refs/tags/v1.0", before: null));
        body.Text("ref").ShouldBe("refs/tags/v1.0");
        body.At("commits").GetArrayLength().ShouldBe(0);
        body.Text("head_commit.id").ShouldBe(Build.Commit('2'));
    }

    [Fact]
    public void A_moved_tag_has_the_commit_it_moved_to() =>
        Pushes.Body("github", Pushes.Event("refs/tags/v1")).Text("commits[0].id").ShouldBe(Build.Commit('2'));

    [Fact]
    public void What_is_unknown_is_said_to_be_and_marked()
    {
        var change = Pushes.Event() with { Repository = new RepositoryInfo("web", new Uri("https://git.example/acme/web.git"), "git"), Unknown = ["message", "author"] };
        var body = Pushes.Body("auto", change);
        body.Text("head_commit.message").ShouldBe("(unknown)");
        body.Text("head_commit.author.name").ShouldBe("(unknown)");
        body.Text("head_commit.timestamp").ShouldBe("2026-11-24T12:00:00Z");
        body.At("forced").GetBoolean().ShouldBeFalse();
        body.Text("repository.default_branch").ShouldBe("");
        body.At("repository.private").GetBoolean().ShouldBeTrue();
        body.At("repository.id").GetInt64().ShouldBeInRange(1, (1L << 53) - 1);
        body.TryGetProperty("reposentry", out _).ShouldBeFalse(); // the schema allows nothing of our own
    }

    [Fact]
    public void What_is_ours_to_say_stands_in_headers()
    {
        var known = PayloadFormats.Render("github", Pushes.Event().Known()).Headers;
        known["X-RepoSentry-Repository"].ShouldBe("web");
        known["X-RepoSentry-Unknown"].ShouldBe("pusher");
        known.ShouldNotContainKey("X-RepoSentry-Truncated");
        PayloadFormats.Render("github", Pushes.Event()).Headers["X-RepoSentry-Unknown"].Split(',').ShouldContain("message");
    }

    [Fact]
    public void A_sha256_repository_has_64_zeros()
    {
        var change = Pushes.Event() with { Change = new RefChange(RefKind.Branch, "refs/heads/main", null, new string('a', 64)) };
        Pushes.Body("github", change).Text("before").ShouldBe(new string('0', 64));
    }

    [Fact]
    public void Only_the_newest_20_commits_are_told_and_the_cut_is_marked()
    {
        var commits = Enumerable.Range(0, 30).Select(n => Pushes.Commit(n == 29 ? Build.Commit('2') : n.ToString("x40"), $"Commit {n}"));
        var change = Pushes.Event() with { Commits = [.. commits], CommitCount = 30 };
        var body = Pushes.Body("github", change);
        body.At("commits").GetArrayLength().ShouldBe(20);
        body.Text("commits[19].message").ShouldBe("Commit 29");
        PayloadFormats.Render("github", change).Headers["X-RepoSentry-Truncated"].ShouldBe("true");
    }

    [Theory]
    [InlineData("https://git.example/web.git", "git.example/web", "https://git.example/web.git", "git@git.example:web.git")]
    [InlineData("https://git.example/group/sub/web", "group/sub/web", "https://git.example/group/sub/web", "git@git.example:group/sub/web.git")]
    [InlineData("ssh://git.corp:2222/acme/web.git", "acme/web", "ssh://git@git.corp:2222/acme/web.git", "ssh://git@git.corp:2222/acme/web.git")]
    [InlineData("http://127.0.0.1:8080/acme/web.git", "acme/web", "http://127.0.0.1:8080/acme/web.git", "git@127.0.0.1:acme/web.git")]
    [InlineData("file:///srv/git/web.git", "srv/git/web", "file:///srv/git/web.git", "file:///srv/git/web")]
    public void A_plain_Git_remote_keeps_the_URL_that_works(string url, string fullName, string cloneUrl, string sshUrl)
    {
        var repository = Pushes.Body("auto", Pushes.Event(url: url, provider: "git")).At("repository");
        repository.Text("full_name").ShouldBe(fullName);
        repository.Text("clone_url").ShouldBe(cloneUrl);
        repository.Text("ssh_url").ShouldBe(sshUrl);
    }

    [Fact]
    public void The_same_event_gives_the_same_bytes() =>
        PayloadFormats.Render("github", Pushes.Event().Known()).Body.ShouldBe(PayloadFormats.Render("github", Pushes.Event().Known()).Body);
}
