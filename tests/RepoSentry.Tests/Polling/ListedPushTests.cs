using RepoSentry.Polling;
using RepoSentry.Tests.Support;
using Shouldly;
using Xunit;

namespace RepoSentry.Tests.Polling;

/// <summary>What a list of pushes tells of one repository, and when a look has answered it.</summary>
public sealed class ListedPushTests
{
    private static readonly DateTimeOffset Noon = Build.Noon;

    [Fact]
    public void A_push_is_looked_for_once_where_the_look_finds_it()
    {
        var listed = new ListedPush();
        listed.Tell(Noon, sureSince: null).ShouldBeTrue();
        listed.Looked(Noon.AddSeconds(5), found: true);

        listed.IsOpen.ShouldBeFalse();
        listed.Tell(Noon, Noon).ShouldBeFalse();
        listed.Tell(Noon.AddSeconds(1), Noon).ShouldBeTrue();
    }

    [Fact]
    public void A_look_that_finds_nothing_is_followed_by_one_more()
    {
        var listed = new ListedPush();
        listed.Tell(Noon, null);
        listed.Looked(Noon.AddSeconds(5), found: false);
        listed.IsOpen.ShouldBeTrue("the list may be ahead of the refs");
        listed.Looked(Noon.AddSeconds(20), found: false);
        listed.IsOpen.ShouldBeFalse();
    }

    [Fact]
    public void A_look_within_the_second_of_the_push_is_followed_by_another_though_it_found_something()
    {
        var listed = new ListedPush();
        listed.Tell(Noon, null);
        listed.Looked(Noon.AddSeconds(1), found: true);
        listed.IsOpen.ShouldBeTrue("another push in the same second would carry the same time");
        listed.Looked(Noon.AddSeconds(3), found: true);
        listed.IsOpen.ShouldBeFalse();
    }

    [Fact]
    public void What_was_pushed_before_the_last_look_of_an_earlier_process_is_old()
    {
        var listed = new ListedPush();
        listed.Tell(Noon.AddMinutes(-10), sureSince: Noon).ShouldBeFalse();
        listed.IsOpen.ShouldBeFalse();
        listed.Tell(Noon.AddMinutes(1), sureSince: Noon).ShouldBeTrue();
    }
}
