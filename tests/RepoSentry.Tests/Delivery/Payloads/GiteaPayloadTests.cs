using System.Text.Json;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

/// <summary>Names of fields are those of PushPayload, PayloadCommit, Repository and User in Gitea's modules/structs.</summary>
public sealed class GiteaPayloadTests
{
    private const string Url = "https://codeberg.org/acme/web";

    [Theory]
    [InlineData("ref", "refs/heads/main")]
    [InlineData("before", "1111111111111111111111111111111111111111")]
    [InlineData("after", "2222222222222222222222222222222222222222")]
    [InlineData("compare_url", "https://github.com/acme/web/compare/111...222")]
    [InlineData("total_commits", "2")]
    [InlineData("commits[0].id", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("commits[1].message", "Second\n\nWith a body")]
    [InlineData("commits[1].timestamp", "2026-11-24T11:58:00+02:00")]
    [InlineData("commits[1].author.name", "Ada")]
    [InlineData("commits[1].author.username", "ada")]
    [InlineData("commits[1].committer.name", "Bob")]
    [InlineData("commits[1].committer.username", "")]
    [InlineData("commits[1].added[0]", "new.txt")]
    [InlineData("commits[1].modified[0]", "src/a.cs")]
    [InlineData("commits[1].removed[0]", "old.txt")]
    [InlineData("head_commit.id", "2222222222222222222222222222222222222222")]
    [InlineData("repository.id", "186853002")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.full_name", "acme/web")]
    [InlineData("repository.owner.login", "acme")]
    [InlineData("repository.owner.username", "acme")]
    [InlineData("repository.html_url", "https://codeberg.org/acme/web")]
    [InlineData("repository.url", "https://codeberg.org/api/v1/repos/acme/web")]
    [InlineData("repository.clone_url", "https://codeberg.org/acme/web.git")]
    [InlineData("repository.ssh_url", "git@codeberg.org:acme/web.git")]
    [InlineData("repository.default_branch", "main")]
    [InlineData("pusher.login", "unknown")]
    [InlineData("sender.login", "unknown")]
    public void Every_field_that_bindings_use_stands_in_a_push(string path, string expected) =>
        Pushes.Body("auto", Pushes.Event(url: Url, provider: "gitea").Known()).Text(path).ShouldBe(expected);

    [Theory]
    [InlineData("X-Gitea")]
    [InlineData("X-Gogs")]
    [InlineData("X-GitHub")]
    public void Headers_are_those_of_the_whole_family(string family)
    {
        var headers = PayloadFormats.Render("auto", Pushes.Event(url: Url, provider: "gitea")).Headers;

        headers[family + "-Event"].ShouldBe("push");
        headers[family + "-Delivery"].ShouldBe(Pushes.EventId.ToString());
        headers["ce-id"].ShouldBe(Pushes.EventId.ToString());
    }

    [Fact]
    public void A_new_tag_brings_no_commits_and_a_deletion_is_no_push()
    {
        var tag = Pushes.Body("gitea", Pushes.Event("refs/tags/v1", before: null));
        var deletion = PayloadFormats.Render("gitea", Pushes.Event("refs/heads/fix/a", after: null));

        tag.At("commits").GetArrayLength().ShouldBe(0);
        tag.Text("head_commit.message").ShouldBe("(unknown)");
        (deletion.Headers["X-Gitea-Event"], deletion.Headers["X-GitHub-Event"]).ShouldBe(("delete", "delete"));
        var body = JsonDocument.Parse(deletion.Body).RootElement;
        (body.Text("ref"), body.Text("ref_type"), body.Text("repository.full_name")).ShouldBe(("fix/a", "branch", "acme/web"));
    }
}
