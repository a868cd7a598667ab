using System.Text.Json;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

/// <summary>Fields are those of the pages "Event payloads" of Bitbucket Cloud and of Data Center.</summary>
public sealed class BitbucketPayloadTests
{
    private const string Cloud = "https://bitbucket.org/acme/web";
    private const string Server = "https://bitbucket.corp/git/scm/ACME/web.git";

    [Theory]
    [InlineData("push.changes[0].old.type", "branch")]
    [InlineData("push.changes[0].old.name", "main")]
    [InlineData("push.changes[0].old.target.hash", "1111111111111111111111111111111111111111")]
    [InlineData("push.changes[0].new.name", "main")]
    [InlineData("push.changes[0].new.target.hash", "2222222222222222222222222222222222222222")]
    [InlineData("push.changes[0].new.target.message", "Second\n\nWith a body")]
    [InlineData("push.changes[0].new.target.author.raw", "Ada <ada@example.org>")]
    [InlineData("push.changes[0].new.target.date", "2026-11-24T11:58:00+02:00")]
    [InlineData("push.changes[0].commits[0].hash", "2222222222222222222222222222222222222222")]
    [InlineData("push.changes[0].commits[1].message", "First")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.full_name", "acme/web")]
    [InlineData("repository.links.html.href", "https://bitbucket.org/acme/web")]
    [InlineData("repository.workspace.slug", "acme")]
    [InlineData("actor.display_name", "(unknown)")]
    public void Every_field_that_bindings_use_stands_in_a_push_of_Cloud(string path, string expected) =>
        Pushes.Body("auto", Pushes.Event(url: Cloud, provider: "bitbucket").Known()).Text(path).ShouldBe(expected);

    [Theory]
    [InlineData("eventKey", "repo:refs_changed")]
    [InlineData("date", "2026-11-24T12:00:00+0000")]
    [InlineData("actor.name", "unknown")]
    [InlineData("actor.displayName", "(unknown)")]
    [InlineData("repository.slug", "web")]
    [InlineData("repository.name", "web")]
    [InlineData("repository.project.key", "ACME")]
    [InlineData("repository.links.clone[0].href", "https://bitbucket.corp/git/scm/ACME/web.git")]
    [InlineData("repository.links.clone[0].name", "http")]
    [InlineData("repository.links.clone[1].name", "ssh")]
    [InlineData("repository.links.self[0].href", "https://bitbucket.corp/git/projects/ACME/repos/web/browse")]
    [InlineData("changes[0].ref.id", "refs/heads/main")]
    [InlineData("changes[0].ref.displayId", "main")]
    [InlineData("changes[0].ref.type", "BRANCH")]
    [InlineData("changes[0].refId", "refs/heads/main")]
    [InlineData("changes[0].fromHash", "1111111111111111111111111111111111111111")]
    [InlineData("changes[0].toHash", "2222222222222222222222222222222222222222")]
    [InlineData("changes[0].type", "UPDATE")]
    [InlineData("commits[0].message", "Second\n\nWith a body")]
    [InlineData("toCommit.id", "2222222222222222222222222222222222222222")]
    [InlineData("toCommit.author.name", "Ada")]
    [InlineData("toCommit.displayId", "22222222222")]
    public void Every_field_that_bindings_use_stands_in_a_change_of_Data_Center(string path, string expected) =>
        Pushes.Body("auto", Pushes.Event(url: Server, provider: "bitbucket").Known()).Text(path).ShouldBe(expected);

    [Fact]
    public void Headers_are_those_of_the_product_that_the_host_tells()
    {
        var cloud = PayloadFormats.Render("bitbucket", Pushes.Event(url: Cloud, provider: "git")).Headers;
        var server = PayloadFormats.Render("bitbucket", Pushes.Event(url: Server, provider: "bitbucket")).Headers;

        (cloud["X-Event-Key"], cloud["X-Request-UUID"]).ShouldBe(("repo:push", Pushes.EventId.ToString()));
        (server["X-Event-Key"], server["X-Request-Id"]).ShouldBe(("repo:refs_changed", Pushes.EventId.ToString()));
    }

    [Fact]
    public void What_came_or_went_has_one_side_only()
    {
        var came = Pushes.Body("bitbucket", Pushes.Event("refs/tags/v1", before: null, url: Cloud)).At("push.changes[0]");
        var went = Pushes.Body("bitbucket", Pushes.Event(after: null, url: Cloud)).At("push.changes[0]");

        (came.At("old").ValueKind, came.At("created").GetBoolean(), came.Text("new.type"), came.Text("new.name")).ShouldBe((JsonValueKind.Null, true, "tag", "v1"));
        (went.At("new").ValueKind, went.At("closed").GetBoolean()).ShouldBe((JsonValueKind.Null, true));
        Pushes.Body("bitbucket", Pushes.Event(before: null, url: Server)).Text("changes[0].type").ShouldBe("ADD");
        var gone = Pushes.Body("bitbucket", Pushes.Event(after: null, url: Server));
        (gone.Text("changes[0].type"), gone.Text("changes[0].toHash"), gone.TryGetProperty("toCommit", out _)).ShouldBe(("DELETE", new string('0', 40), false));
    }
}
