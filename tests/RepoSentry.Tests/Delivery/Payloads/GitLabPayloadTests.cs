using System.Text.Json;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

public sealed class GitLabPayloadTests
{
    private const string Url = "https://gitlab.corp/group/sub/web.git";

    [Theory]
    [InlineData("object_kind", "push")]
    [InlineData("event_name", "push")]
    [InlineData("before", "1111111111111111111111111111111111111111")]
    [InlineData("after", "2222222222222222222222222222222222222222")]
    [InlineData("ref", "refs/heads/main")]
    [InlineData("checkout_sha", "2222222222222222222222222222222222222222")]
    [InlineData("user_id", "0")]
    [InlineData("user_name", "(unknown)")]
    [InlineData("user_username", "unknown")]
    [InlineData("user_email", "")]
    [InlineData("project_id", "186853002")]
    [InlineData("project.id", "186853002")]
    [InlineData("project.name", "web")]
    [InlineData("project.web_url", "https://gitlab.corp/group/sub/web")]
    [InlineData("project.git_http_url", "https://gitlab.corp/group/sub/web.git")]
    [InlineData("project.git_ssh_url", "git@gitlab.corp:group/sub/web.git")]
    [InlineData("project.path_with_namespace", "group/sub/web")]
    [InlineData("project.default_branch", "main")]
    [InlineData("project.namespace", "group/sub")]
    [InlineData("project.visibility_level", "20")]
    [InlineData("project.homepage", "https://gitlab.corp/group/sub/web")]
    [InlineData("project.url", "git@gitlab.corp:group/sub/web.git")]
    [InlineData("project.ssh_url", "git@gitlab.corp:group/sub/web.git")]
    [InlineData("project.http_url", "https://gitlab.corp/group/sub/web.git")]
    [InlineData("commits[0].id", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("commits[1].message", "Second\n\nWith a body")]
    [InlineData("commits[1].title", "Second")]
    [InlineData("commits[1].timestamp", "2026-11-24T11:58:00+02:00")]
    [InlineData("commits[1].url", "https://github.com/acme/web/commit/2222222222222222222222222222222222222222")]
    [InlineData("commits[1].author.name", "Ada")]
    [InlineData("commits[1].author.email", "ada@example.org")]
    [InlineData("commits[1].added[0]", "new.txt")]
    [InlineData("commits[1].modified[0]", "src/a.cs")]
    [InlineData("commits[1].removed[0]", "old.txt")]
    [InlineData("total_commits_count", "2")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.url", "git@gitlab.corp:group/sub/web.git")]
    [InlineData("repository.homepage", "https://gitlab.corp/group/sub/web")]
    [InlineData("repository.git_http_url", "https://gitlab.corp/group/sub/web.git")]
    [InlineData("repository.git_ssh_url", "git@gitlab.corp:group/sub/web.git")]
    [InlineData("repository.visibility_level", "20")]
    public void Every_field_that_bindings_use_stands_in_a_push_hook(string path, string expected) =>
        Pushes.Body("auto", Pushes.Event(url: Url, provider: "gitlab").Known()).Text(path).ShouldBe(expected);

    [Fact]
    public void Headers_are_GitLabs_and_a_CloudEvents_beside_them()
    {
        var headers = PayloadFormats.Render("auto", Pushes.Event(url: Url, provider: "gitlab")).Headers;
        headers["Content-Type"].ShouldBe("application/json");
        headers["X-Gitlab-Event"].ShouldBe("Push Hook");
        headers["X-Gitlab-Event-UUID"].ShouldBe(Pushes.EventId.ToString());
        headers["X-Gitlab-Instance"].ShouldBe("https://gitlab.corp");
        headers["ce-id"].ShouldBe(Pushes.EventId.ToString());
        headers.ShouldNotContainKey("X-GitHub-Event");
    }

    [Fact]
    public void A_tag_is_a_tag_push_hook_with_its_commit()
    {
        var change = Pushes.Event("refs/tags/v1", before: null, url: Url, provider: "gitlab");
        PayloadFormats.Render("gitlab", change).Headers["X-Gitlab-Event"].ShouldBe("Tag Push Hook");
        var body = Pushes.Body("gitlab", change);
        body.Text("object_kind").ShouldBe("tag_push");
        body.Text("event_name").ShouldBe("tag_push");
        body.Text("before").ShouldBe(new string('0', 40));
        body.Text("commits[0].url").ShouldBe("https://gitlab.corp/group/sub/web/-/commit/" + Build.Commit('2'));
        body.At("total_commits_count").GetInt32().ShouldBe(1);
    }

    [Fact]
    public void A_deletion_has_nothing_to_check_out()
    {
        var body = Pushes.Body("gitlab", Pushes.Event(after: null));
        body.At("checkout_sha").ValueKind.ShouldBe(JsonValueKind.Null);
        body.Text("after").ShouldBe(new string('0', 40));
        body.At("commits").GetArrayLength().ShouldBe(0);
        body.At("total_commits_count").GetInt32().ShouldBe(0);
    }

    [Fact]
    public void An_update_has_a_commit_although_none_is_known()
    {
        var body = Pushes.Body("gitlab", Pushes.Event());
        body.Text("commits[0].message").ShouldBe("(unknown)");
        body.Text("commits[0].title").ShouldBe("(unknown)");
        PayloadFormats.Render("gitlab", Pushes.Event()).Headers["X-RepoSentry-Unknown"].Split(',').ShouldContain("message");
    }
}
