using RepoSentry.Abstractions;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Delivery.Payloads;

/// <summary>The fields of pull requests that existing TriggerBindings and interceptors read, forge by forge.</summary>
public sealed class PullRequestPayloadTests
{
    private static readonly PullRequestInfo Told = new()
    {
        Number = 7,
        ForgeId = "77",
        HeadSha = Build.Commit('2'),
        HeadBranch = "fix/a",
        HeadRepository = "acme/web",
        BaseBranch = "main",
        BaseSha = Build.Commit('5'),
        Title = "A title",
        Body = "A text",
        Draft = false,
        Author = new PersonInfo("Grace", null, "grace"),
        Labels = ["ci"],
        CreatedAt = Build.Noon,
        ClosedAt = Build.Noon.AddHours(1),
        MergeSha = Build.Commit('6'),
    };

    [Theory]
    [InlineData("https://github.com/acme/web", "github", "x-github-event=pull_request", "action=opened number=7 pull_request.number=7 pull_request.state=open pull_request.title=A_title pull_request.body=A_text pull_request.html_url=https://github.com/acme/web/pull/7 pull_request.issue_url=https://api.github.com/repos/acme/web/issues/7 pull_request.draft=False pull_request.merged=False pull_request.labels[0].name=ci pull_request.user.login=grace pull_request.user.type=User pull_request.head.sha=2 pull_request.head.ref=fix/a pull_request.head.repo.clone_url=https://github.com/acme/web.git pull_request.base.sha=5 pull_request.base.ref=main pull_request.base.repo.full_name=acme/web repository.full_name=acme/web repository.url=https://api.github.com/repos/acme/web sender.login=grace organization.login=acme")]
    [InlineData("https://gitlab.corp/group/sub/web", "gitlab", "x-gitlab-event=Merge_Request_Hook", "object_kind=merge_request event_type=merge_request user.username=grace project.path_with_namespace=group/sub/web object_attributes.iid=7 object_attributes.title=A_title object_attributes.action=open object_attributes.state=opened object_attributes.url=https://gitlab.corp/group/sub/web/-/merge_requests/7 object_attributes.source_branch=fix/a object_attributes.target_branch=main object_attributes.last_commit.id=2 object_attributes.source.git_http_url=https://gitlab.corp/group/sub/web.git object_attributes.target.default_branch=main labels[0].title=ci repository.name=web")]
    [InlineData("https://gitea.corp/acme/web", "gitea", "x-gitea-event=pull_request", "action=opened number=7 pull_request.head.sha=2 pull_request.head.ref=fix/a pull_request.base.ref=main pull_request.user.login=grace pull_request.html_url=https://gitea.corp/acme/web/pulls/7 pull_request.labels[0].name=ci repository.full_name=acme/web sender.login=grace")]
    [InlineData("https://bitbucket.org/acme/web", "bitbucket", "x-event-key=pullrequest:created", "pullrequest.id=7 pullrequest.title=A_title pullrequest.state=OPEN pullrequest.source.branch.name=fix/a pullrequest.source.commit.hash=2 pullrequest.destination.branch.name=main pullrequest.links.html.href=https://bitbucket.org/acme/web/pull-requests/7 repository.full_name=acme/web actor.display_name=Grace")]
    [InlineData("https://bitbucket.corp/scm/acme/web.git", "bitbucket", "x-event-key=pr:opened", "eventKey=pr:opened actor.name=grace pullRequest.id=7 pullRequest.fromRef.displayId=fix/a pullRequest.fromRef.latestCommit=2 pullRequest.toRef.displayId=main pullRequest.toRef.repository.project.key=acme pullRequest.state=OPEN pullRequest.author.user.displayName=Grace")]
    [InlineData("https://dev.azure.com/acme/shop/_git/web", "azure", "x-github-event=pull_request", "action=opened pull_request.head.ref=fix/a pull_request.html_url=https://dev.azure.com/acme/shop/_git/web/pullrequest/7")]
    public void One_that_was_opened_is_told_in_the_words_of_its_forge(string url, string provider, string header, string fields)
    {
        var change = Pushes.PullRequest(null, '2', Told, url, provider);

        PayloadFormats.Render("auto", change).Headers[header.Split('=')[0]].Replace(' ', '_').ShouldBe(header.Split('=')[1]);
        var body = Pushes.Body("auto", change);
        foreach (var (path, expected) in fields.Split(' ').Select(field => (field.Split('=')[0], field.Split('=')[1])))
        {
            body.Text(path).Replace(' ', '_').ShouldBe(expected.Length == 1 && path.EndsWith(ShaEnds(path), StringComparison.Ordinal) ? Build.Commit(expected[0]) : expected, path);
        }
    }

    [Theory]
    [InlineData('1', '2', "synchronize", "update", "synchronized", "pullrequest:updated", "pr:from_ref_updated")]
    [InlineData('1', null, "closed", "merge", "closed", "pullrequest:fulfilled", "pr:merged")]
    public void What_happened_is_told_in_the_words_of_each_forge(char? before, char? after, string github, string gitlab, string gitea, string cloud, string server)
    {
        var told = Told with { State = after is null ? PullRequestState.Merged : PullRequestState.Open };
        ChangeEvent At(string url, string provider) => Pushes.PullRequest(before, after, told, url, provider);

        Pushes.Body("github", At("https://github.com/acme/web", "github")).Text("action").ShouldBe(github);
        Pushes.Body("gitlab", At("https://gitlab.com/acme/web", "gitlab")).Text("object_attributes.action").ShouldBe(gitlab);
        Pushes.Body("gitea", At("https://gitea.com/acme/web", "gitea")).Text("action").ShouldBe(gitea);
        PayloadFormats.Render("auto", At("https://bitbucket.org/acme/web", "bitbucket")).Headers["X-Event-Key"].ShouldBe(cloud);
        PayloadFormats.Render("auto", At("https://bitbucket.corp/scm/acme/web.git", "bitbucket")).Headers["X-Event-Key"].ShouldBe(server);
        Pushes.Body("native", At("https://github.com/acme/web", "github")).Text("data.pull_request.state").ShouldBe(after is null ? "merged" : "open");
    }

    [Fact]
    public void Before_and_after_stand_where_the_forge_tells_them()
    {
        var moved = Pushes.PullRequest('1', '2', Told);

        Pushes.Body("github", moved).Text("before").ShouldBe(Build.Commit('1'));
        Pushes.Body("github", moved).Text("after").ShouldBe(Build.Commit('2'));
        Pushes.Body("gitlab", moved).Text("object_attributes.oldrev").ShouldBe(Build.Commit('1'));
        Pushes.Body("cloudevents", moved).Text("branch.name").ShouldBe("fix/a");
        Pushes.Body("cloudevents", moved).Text("event.type").ShouldBe("pull_request_updated");
    }

    [Fact]
    public void A_stranger_is_marked_and_what_is_not_known_is_named()
    {
        var message = PayloadFormats.Render("github", Pushes.PullRequest('1', '2', new PullRequestInfo { Number = 7, HeadSha = Build.Commit('2'), Fork = true }));

        message.Headers["X-RepoSentry-Fork"].ShouldBe("true");
        message.Headers["X-RepoSentry-Unknown"].Split(',').ShouldBe(["sender", "head_repository", "base_sha"], ignoreOrder: true);
        PayloadFormats.Render("github", Pushes.PullRequest(null, '2', Told)).Headers.ShouldNotContainKey("X-RepoSentry-Fork");
    }

    private static string ShaEnds(string path) => path.EndsWith("sha", StringComparison.Ordinal) ? "sha" : path.EndsWith("hash", StringComparison.Ordinal) ? "hash" : path.EndsWith("latestCommit", StringComparison.Ordinal) ? "latestCommit" : "commit.id";
}
