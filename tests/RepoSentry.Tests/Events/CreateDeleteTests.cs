using RepoSentry.Abstractions;
using RepoSentry.Configuration;
using RepoSentry.Delivery.Payloads;
using RepoSentry.Events;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Events;

/// <summary>The format that tells of nothing but refs that come and go.</summary>
public sealed class CreateDeleteTests
{
    [Fact]
    public void Only_what_comes_and_goes_is_owed_to_it()
    {
        var beside = Build.Trigger("refs") with { Format = TriggerConfig.CreateDelete };
        TriggerConfig[] triggers = [Build.Trigger("pushes"), beside, beside with { Name = "tags", Events = ["tag_*"] }];

        foreach (var (type, expected) in new Dictionary<EventType, string[]>
        {
            [EventType.BranchCreated] = ["pushes", "refs"],
            [EventType.BranchUpdated] = ["pushes"],
            [EventType.BranchDeleted] = ["pushes", "refs"],
            [EventType.TagCreated] = ["pushes", "refs", "tags"],
            [EventType.TagUpdated] = ["pushes"],
            [EventType.TagDeleted] = ["pushes", "refs", "tags"],
            [EventType.PullRequestOpened] = ["pushes"],
            [EventType.CommitPushed] = [],
        })
        {
            EventRouter.Route(Build.Repository(), type, triggers).ShouldBe(expected, type.ToString());
        }
    }

    [Theory]
    [InlineData("refs/heads/fix/a", null, '2', "create", "branch", "fix/a")]
    [InlineData("refs/heads/fix/a", '1', null, "delete", "branch", "fix/a")]
    [InlineData("refs/tags/v1", null, '2', "create", "tag", "v1")]
    public void It_is_told_as_GitHub_tells_it(string name, char? before, char? after, string expected, string type, string shortName)
    {
        var change = Pushes.Event(name, before, after);

        PayloadFormats.Render(TriggerConfig.CreateDelete, change).Headers["X-GitHub-Event"].ShouldBe(expected);
        var body = Pushes.Body(TriggerConfig.CreateDelete, change);
        (body.Text("ref"), body.Text("ref_type"), body.Text("pusher_type"), body.Text("sender.login")).ShouldBe((shortName, type, "user", "unknown"));
    }
}
